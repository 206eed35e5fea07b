"""torchvision's families with weights by a formula of name and shape: names, logits, and a training step of small ones.

Weights are not stored, nor are scales: `rule` gives them from a tensor's name and shape, `../families.ts` has the twin.
"""

import gzip
import hashlib
import io
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision.models import convnext, densenet, efficientnet, mobilenetv2, mobilenetv3, regnet, shufflenetv2

import encode
from preact import ResNetV2
from tensors import images, indices, to_torch, uniform


def rule(name: str, shape: tuple) -> tuple:
    """(scale, offset) of a tensor."""
    leaf = name.split(".")[-1]
    if leaf == "running_var":
        return 0.5, 1.0
    if leaf == "running_mean":
        return 0.2, 0.0
    if leaf in ("layer_scale", "gamma"):
        return 0.25, 0.5
    if leaf == "bias":
        return 0.25, 0.0
    if len(shape) == 1:  # the weight of a norm
        return 0.2, 1.0
    return math.sqrt(6 / math.prod(shape[1:])), 0.0  # He et al. 2015, by what an output sums over


def tensors(net: nn.Module) -> dict:
    return {name: tuple(t.shape) for name, t in net.state_dict().items() if not name.endswith("num_batches_tracked")}


def fill(net: nn.Module, seed: str, dtype: torch.dtype) -> nn.Module:
    state = net.state_dict()
    for name, shape in tensors(net).items():
        scale, offset = rule(name, shape)
        state[name] = to_torch(uniform(f"{seed}/{name}", shape, scale, offset), dtype)
    net.to(dtype).load_state_dict(state, strict=True)
    return net


def inputs(seed: str, shape: tuple, dtype: torch.dtype) -> torch.Tensor:
    batch, height, width = shape
    return to_torch(images(f"{seed}/x{batch}x{height}x{width}", (batch, 3, height, width)), dtype)


def of(name: str, **options):
    return lambda: getattr(torchvision.models, name)(weights=None, **options)


# Even and odd sizes, or one of them where a net is large; (batch, height, width).
SHAPES = [(1, 224, 224), (2, 97, 131)]
LARGE = ("resnext50_32x4d", "wide_resnet50_2", "resnet50-dilated", "resnetv2_50", "resnetv2_50x1_bit")
NETS = {
    "resnext50_32x4d": of("resnext50_32x4d"),
    "wide_resnet50_2": of("wide_resnet50_2"),
    "resnet50-dilated": of("resnet50", replace_stride_with_dilation=[False, True, True]),
    "mobilenet_v2": of("mobilenet_v2"),
    "mobilenet_v3_small": of("mobilenet_v3_small"),
    "mobilenet_v3_large": of("mobilenet_v3_large"),
    "efficientnet_b0": of("efficientnet_b0"),
    "convnext_tiny": of("convnext_tiny"),
    "regnet_x_400mf": of("regnet_x_400mf"),
    "regnet_y_400mf": of("regnet_y_400mf"),
    "densenet121": of("densenet121"),
    "shufflenet_v2_x1_0": of("shufflenet_v2_x1_0"),
    "resnetv2_50": lambda: ResNetV2(bit=False),
    "resnetv2_50x1_bit": lambda: ResNetV2(bit=True),
}
# Files of torch.save: the nets that people have most often.
SAVED = ["resnext50_32x4d", "wide_resnet50_2", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny",
         "regnet_y_400mf", "densenet121"]  # fmt: skip


def small_mobilenet_v2() -> nn.Module:
    settings = [[1, 8, 1, 1], [6, 16, 2, 2], [6, 24, 2, 2], [6, 32, 1, 1]]
    return mobilenetv2.MobileNetV2(10, 0.5, settings, dropout=0.0)


def small_mobilenet_v3() -> nn.Module:
    row = lambda *values: mobilenetv3.InvertedResidualConfig(*values, 1, 1.0)
    settings = [row(8, 3, 8, 8, True, "RE", 2), row(8, 5, 24, 16, False, "RE", 2), row(16, 5, 48, 16, True, "HS", 1)]
    return mobilenetv3.MobileNetV3(settings, 32, 10, dropout=0.0)


def small_efficientnet() -> nn.Module:
    mb, fused = efficientnet.MBConvConfig, efficientnet.FusedMBConvConfig
    settings = [fused(1, 3, 1, 8, 8, 1), fused(4, 3, 2, 8, 16, 2), mb(4, 3, 1, 16, 16, 1), mb(6, 5, 2, 16, 24, 2)]
    return efficientnet.EfficientNet(settings, 0.0, 0.0, 10, last_channel=64)


def small_convnext() -> nn.Module:
    row = convnext.CNBlockConfig
    return convnext.ConvNeXt([row(8, 16, 1), row(16, 24, 2), row(24, None, 1)], 0.0, 0.5, 10)


def small_regnet() -> nn.Module:
    return regnet.RegNet(regnet.BlockParams([1, 2], [16, 32], [8, 16], [1.0, 1.0], [2, 2], 0.25), 10, 16)


def small_densenet() -> nn.Module:
    return densenet.DenseNet(8, (2, 3), 16, 2, 0.0, 10)


def small_shufflenet() -> nn.Module:
    return shufflenetv2.ShuffleNetV2([2, 2, 1], [8, 16, 24, 32, 48], 10)


# A net for each block: how it is made, the batch, classes.
TRAINING = {
    "resnext50-dilated": (of("resnext50_32x4d", replace_stride_with_dilation=[False, True, False]), (4, 32, 32), 1000),
    "mobilenet_v2-small": (small_mobilenet_v2, (4, 48, 40), 10),
    "mobilenet_v3-small": (small_mobilenet_v3, (4, 48, 40), 10),
    "efficientnet-small": (small_efficientnet, (4, 32, 40), 10),
    "convnext-small": (small_convnext, (3, 48, 40), 10),
    "regnet-small": (small_regnet, (4, 48, 40), 10),
    "densenet-small": (small_densenet, (4, 48, 40), 10),
    "shufflenet-small": (small_shufflenet, (4, 64, 48), 10),
    "resnetv2-small": (lambda: ResNetV2(False, (1, 2), (32, 64), 10), (4, 32, 40), 10),
    "resnetv2_bit-small": (lambda: ResNetV2(True, (2, 1), (128, 256), 10), (2, 32, 24), 10),
}

# Where the derivative of an activation jumps.
KINKS = {nn.ReLU: (0.0,), nn.ReLU6: (0.0, 6.0), nn.Hardswish: (-3.0, 3.0), nn.Hardsigmoid: (-3.0, 3.0)}


def margin(net: nn.Module, run) -> float:
    """The distance from any input of a kinked activation to the kink."""
    found, handles = [], []
    for module in net.modules():
        for kink in KINKS.get(type(module), ()):
            look = lambda _, args, kink=kink: found.append((args[0] - kink).abs().min().item())
            handles.append(module.register_forward_pre_hook(look))
    run()
    for handle in handles:
        handle.remove()
    return min(found, default=math.inf)


def listing(net: nn.Module) -> list:
    return [f"{name} {','.join(map(str, shape))}" for name, shape in tensors(net).items()]


def logits(name: str) -> None:
    nets = [fill(NETS[name](), name, dtype).eval() for dtype in (torch.float64, torch.float32)]
    cases = []
    for shape in SHAPES[1:] if name in LARGE else SHAPES:
        with torch.no_grad():
            exact, single = (net(inputs(name, shape, dtype)) for net, dtype in zip(nets, (torch.float64, torch.float32)))
        print(name, shape, "largest", exact.abs().max().item(), "float32 error", (exact - single).abs().max().item())
        cases.append({"shape": shape, "logits": encode.tensor(exact, single, compact=True)})
    encode.write_rows(f"families/{name}.json", {"seed": name, "cases": cases, "state": listing(nets[0])})


def training(name: str) -> None:
    """A pass in training mode. Of some seeds, the one whose activations keep the largest distance from their kinks: float32 that
    rounds an input to the other side loses or gains a whole element of a gradient."""
    make, shape, classes = TRAINING[name]
    seeds = {}
    for i in range(12):
        seed = f"{name}{i}"
        net = fill(make(), seed, torch.float64).train()
        with torch.no_grad():
            seeds[seed] = margin(net, lambda: net(inputs(seed, shape, torch.float64)))
    seed = max(seeds, key=seeds.get)
    results = []
    for dtype in (torch.float64, torch.float32):
        net = fill(make(), seed, dtype).train()
        labels = torch.from_numpy(indices(f"{seed}/labels", (shape[0],), classes))
        x = inputs(seed, shape, dtype).requires_grad_(True)
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        found = {key: p.grad for key, p in net.named_parameters()}
        found["input"] = x.grad  # NCHW
        results.append((loss.item(), found, {key: t for key, t in net.named_buffers() if "num_batches" not in key}))
    (loss, exact, state), (loss32, single, state32) = results
    rows = [encode.fingerprint(key, exact[key], single[key]) for key in exact]
    worst = max(rows, key=lambda row: row["float32RelativeNorm"])
    print(name, seed, "margin", seeds[seed], "loss", loss, "error", abs(loss - loss32), "worst gradient", worst["name"], worst["float32RelativeNorm"])
    encode.write_rows(f"families/{name}-training.json", {
        "seed": seed, "shape": shape, "classes": classes, "loss": loss,
        "state": listing(net), "gradients": rows,
        "runningStatistics": [encode.fingerprint(key, state[key], state32[key]) for key in state],
    })  # fmt: skip


def saved(name: str) -> None:
    """A file of torch.save with the net's names, shapes and types, of numbers that repeat: 10 to 280 MB, which gzip packs to
    a thousandth, and once more to some 20 KB."""
    net = NETS[name]()
    state = net.state_dict()
    for t in state.values():
        t.copy_(torch.tensor(3) if t.dtype == torch.int64 else (torch.arange(t.numel()) % 64 / 64).view(t.shape))
    file = io.BytesIO()
    torch.save(state, file)
    path = encode.DATA.parent / "pytorch" / "families" / f"{name}.pth.gz.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(gzip.compress(file.getvalue(), 9, mtime=0), 9, mtime=0))
    print(path.name, len(file.getvalue()), path.stat().st_size)


def variants() -> None:
    """Of every variant the number of parameters, and a digest of the names and shapes of its state dict."""
    names = ["resnext101_32x8d", "resnext101_64x4d", "wide_resnet101_2"]
    names += [f"efficientnet_{v}" for v in ("b1", "b2", "b3", "b4", "v2_s")]
    names += [f"convnext_{v}" for v in ("small", "base", "large")]
    names += [f"densenet{v}" for v in (161, 169, 201)] + [f"shufflenet_v2_{v}" for v in ("x0_5", "x1_5", "x2_0")]
    names += [f"regnet_x_{v}" for v in ("800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")]
    names += [f"regnet_y_{v}" for v in ("800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")]
    rows = []
    for name in names:
        net = of(name)()
        digest = hashlib.sha256("\n".join(sorted(listing(net))).encode()).hexdigest()
        rows.append({"name": name, "parameters": sum(p.numel() for p in net.parameters()), "sha256": digest})
    encode.write("families/variants.json", rows)


def main() -> None:
    variants()
    for name in NETS:
        logits(name)
    for name in TRAINING:
        training(name)
    for name in SAVED:
        saved(name)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:]:
        for kind, make in ((NETS, logits), (TRAINING, training), (SAVED, saved)):
            if name in kind:
                make(name)
