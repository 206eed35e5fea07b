"""Twenty SGD steps of the fully connected residual net: 784-128, eight blocks of two 128x128 layers, 10 classes."""

import numpy as np
import torch
import torch.nn.functional as F

import encode
from tensors import indices, to_torch, uniform

IN, WIDTH, BLOCKS, OUT = 784, 128, 8, 10
BATCH, STEPS, BATCHES = 32, 20, 5  # batch of step s: number s % BATCHES
LR, MOMENTUM = 0.05, 0.9

# As `Sequential` with its children numbered names them: 0 Linear, 1 ReLU, 2..9 Residual, 10 Linear.
LAYERS = [("0", IN, WIDTH)]
LAYERS += [(f"{2 + b}.main.{i}", WIDTH, WIDTH) for b in range(BLOCKS) for i in (0, 2)]
LAYERS += [(str(2 + BLOCKS), WIDTH, OUT)]


def parameters() -> list:
    """PyTorch's default initialisation: uniform within 1/sqrt(fan_in), weights and biases."""
    specs = []
    for name, k, n in LAYERS:
        scale = float(np.float32(1 / np.sqrt(k)))
        specs.append({"name": f"{name}.weight", "shape": [n, k], "scale": scale})
        specs.append({"name": f"{name}.bias", "shape": [n], "scale": scale})
    return specs


def forward(p: dict, x: torch.Tensor) -> torch.Tensor:
    h = F.relu(F.linear(x, p["0.weight"], p["0.bias"]))
    for b in range(2, 2 + BLOCKS):
        inner = F.relu(F.linear(h, p[f"{b}.main.0.weight"], p[f"{b}.main.0.bias"]))
        h = F.relu(F.linear(inner, p[f"{b}.main.2.weight"], p[f"{b}.main.2.bias"]) + h)
    return F.linear(h, p[f"{2 + BLOCKS}.weight"], p[f"{2 + BLOCKS}.bias"])


def train(dtype: torch.dtype) -> dict:
    p = {s["name"]: to_torch(uniform(f"mlp/{s['name']}", s["shape"], s["scale"]), dtype).requires_grad_(True) for s in parameters()}
    optimizer = torch.optim.SGD(p.values(), lr=LR, momentum=MOMENTUM)
    losses, first, logits = [], None, None
    for step in range(STEPS):
        x = to_torch(uniform(f"mlp/x{step % BATCHES}", (BATCH, IN)), dtype)
        labels = torch.from_numpy(indices(f"mlp/labels{step % BATCHES}", (BATCH,), OUT))
        y = forward(p, x)
        loss = F.cross_entropy(y, labels)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            first = {name: w.grad.clone() for name, w in p.items()}
            logits = y.detach().clone()
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "gradients": first, "logits": logits, "weights": p}


def main() -> None:
    exact, single = train(torch.float64), train(torch.float32)
    difference = np.abs(np.array(exact["losses"]) - np.array(single["losses"]))
    print("losses", [round(x, 4) for x in exact["losses"]], "float32 error", difference.max())
    encode.write("residual-mlp.json", {
        "in": IN, "width": WIDTH, "blocks": BLOCKS, "out": OUT,
        "batch": BATCH, "steps": STEPS, "batches": BATCHES, "lr": LR, "momentum": MOMENTUM,
        "parameters": parameters(),
        "losses": exact["losses"],
        "float32LossErrors": [encode.significant(x) for x in difference],
        "logits": encode.tensor(exact["logits"], single["logits"]),
        "gradients": [encode.fingerprint(k, exact["gradients"][k], single["gradients"][k]) for k in exact["gradients"]],
        "weights": [encode.fingerprint(k, exact["weights"][k], single["weights"][k]) for k in exact["weights"]],
    })  # fmt: skip
