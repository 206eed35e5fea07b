"""torchvision's ResNets with generated weights and BatchNorm statistics: logits, and gradients of a training-mode pass."""

import torch
import torch.nn.functional as F
import torchvision

import encode
from parameters import choose, fill, settle, specs, with_choices
from tensors import images, indices, to_torch

# (batch, height, width)
SHAPES = [(1, 224, 224), (4, 224, 224), (1, 192, 160)]
NETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
GRADIENTS = {"resnet18": (4, 64, 64), "resnet50": (4, 64, 64)}


def build(name: str, seed: str, dtype: torch.dtype) -> torch.nn.Module:
    net = getattr(torchvision.models, name)(weights=None).to(dtype)
    fill(net, seed, dtype)
    return net


def inputs(seed: str, shape: tuple, dtype: torch.dtype) -> torch.Tensor:
    batch, height, width = shape
    return to_torch(images(f"{seed}/x{batch}x{height}x{width}", (batch, 3, height, width)), dtype)


def logits(name: str) -> dict:
    cases = []
    nets = [build(name, name, dtype).eval() for dtype in (torch.float64, torch.float32)]
    for shape in SHAPES:
        with torch.no_grad():
            exact, single = (net(inputs(name, shape, dtype)) for net, dtype in zip(nets, (torch.float64, torch.float32)))
        print(name, shape, "largest", exact.abs().max().item(), "float32 error", (exact - single).abs().max().item())
        cases.append({"batch": shape[0], "height": shape[1], "width": shape[2], "logits": encode.tensor(exact, single, compact=True)})
    return {"seed": name, "cases": cases, "parameters": specs(nets[0])}


def gradients(name: str) -> dict:
    shape = GRADIENTS[name]
    seed = f"{name}-training"
    settled = build(name, seed, torch.float64).train()
    choices = settle(settled, seed, inputs(seed, shape, torch.float64))
    results = []
    for dtype in (torch.float64, torch.float32):
        net = build(name, seed, dtype).train()
        choose(net, seed, choices)
        labels = torch.from_numpy(indices(f"{seed}/labels", (shape[0],), 1000))
        x = inputs(seed, shape, dtype).requires_grad_(True)
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        found = {key: p.grad for key, p in net.named_parameters()}
        found["input"] = x.grad  # NCHW
        results.append((loss.item(), found, {key: t for key, t in net.named_buffers() if "num_batches" not in key}))
    (loss, exact, state), (loss32, single, state32) = results
    rows = [encode.fingerprint(key, exact[key], single[key]) for key in exact]
    worst = max(rows, key=lambda row: row["float32RelativeNorm"])
    print(name, "loss", loss, "float32 error", abs(loss - loss32), "worst gradient", worst["name"], worst["float32RelativeNorm"])
    return {
        "seed": seed, "batch": shape[0], "height": shape[1], "width": shape[2], "classes": 1000,
        "loss": loss, "float32LossError": encode.significant(abs(loss - loss32)),
        "parameters": with_choices(specs(settled), choices),
        "gradients": rows,
        "runningStatistics": [encode.fingerprint(key, state[key], state32[key]) for key in state],
    }  # fmt: skip


def main() -> None:
    for name in NETS:
        encode.write(f"{name}-logits.json", logits(name))
    for name in GRADIENTS:
        encode.write(f"{name}-gradients.json", gradients(name))
