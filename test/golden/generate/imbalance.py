"""A hundred SGD steps of a small net on 800 samples of which 24, 3 %, are positive: with and without weights of classes."""

import numpy as np
import torch
import torch.nn.functional as F

import encode
from tensors import to_torch, uniform

SAMPLES, FEATURES, WIDTH, POSITIVES = 800, 4, 8, 24
STEPS, LR, MOMENTUM = 100, 0.1, 0.9
WEIGHT = (SAMPLES - POSITIVES) / POSITIVES
KINDS = {
    "crossEntropy": ("crossEntropy", {}),
    "crossEntropy by classes": ("crossEntropy", {"classWeights": [1, WEIGHT]}),
    "bceWithLogits": ("bceWithLogits", {}),
    "bceWithLogits by positives": ("bceWithLogits", {"posWeight": WEIGHT}),
}


def data() -> tuple:
    """Positive is where a linear score with noise is largest, so that no rule finds all of them and nothing else."""
    x = uniform("imbalance/x", (SAMPLES, FEATURES))
    score = x[:, 0] + np.float32(0.5) * x[:, 1] + uniform("imbalance/noise", (SAMPLES,), 0.5)
    return x, np.sort(np.argsort(-score, kind="stable")[:POSITIVES])


def train(kind: str, options: dict, dtype: torch.dtype) -> dict:
    outputs = 2 if kind == "crossEntropy" else 1
    shapes = {"0.weight": (WIDTH, FEATURES), "0.bias": (WIDTH,), "2.weight": (outputs, WIDTH), "2.bias": (outputs,)}
    p = {name: to_torch(uniform(f"imbalance/{name}", shape, 0.35), dtype).requires_grad_(True) for name, shape in shapes.items()}
    features, positives = data()
    x, labels = to_torch(features, dtype), torch.zeros(SAMPLES, dtype=torch.int64)
    labels[positives.tolist()] = 1
    optimizer = torch.optim.SGD(p.values(), lr=LR, momentum=MOMENTUM)
    forward = lambda: F.linear(F.relu(F.linear(x, p["0.weight"], p["0.bias"])), p["2.weight"], p["2.bias"])  # noqa: E731
    losses = []
    for _ in range(STEPS):
        y = forward()
        if kind == "crossEntropy":
            weight = torch.tensor(options["classWeights"], dtype=dtype) if options else None
            loss = F.cross_entropy(y, labels, weight=weight)
        else:
            pos_weight = torch.tensor([options["posWeight"]], dtype=dtype) if options else None
            loss = F.binary_cross_entropy_with_logits(y[:, 0], labels.to(dtype), pos_weight=pos_weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    y = forward().detach()
    margin = y[:, 1] - y[:, 0] if outputs == 2 else y[:, 0]
    found = (margin > 0)[labels == 1]
    return {"losses": losses, "recall": found.double().mean().item(), "margin": margin.abs().min().item()}


def main() -> None:
    runs = []
    for name, (kind, options) in KINDS.items():
        exact, single = (train(kind, options, dtype) for dtype in (torch.float64, torch.float32))
        error = np.abs(np.array(exact["losses"]) - np.array(single["losses"])).max()
        print(name, "recall", exact["recall"], "last loss", exact["losses"][-1], "float32 error", error, "margin", exact["margin"])
        assert exact["recall"] == single["recall"]
        runs.append({"name": name, "loss": kind, "options": options, "losses": exact["losses"], "recall": exact["recall"], "float32Error": encode.significant(error)})
    encode.write("imbalance.json", {
        "samples": SAMPLES, "features": FEATURES, "width": WIDTH, "lr": LR, "momentum": MOMENTUM,
        "positives": data()[1].tolist(), "runs": runs,
    })  # fmt: skip
