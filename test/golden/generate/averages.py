"""Averages of weights along ten steps, and BatchNorm's statistics gathered anew: torch.optim.swa_utils."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn

import encode
from tensors import to_torch, uniform

N = 7
STEPS = 10

AVERAGES = [
    ("swa", dict(start=1, every=1)),
    ("swa", dict(start=3, every=2)),
    ("swa", dict(start=4, every=3)),
    ("ema", dict(decay=0.9)),
    ("ema", dict(decay=0.4, warmup=True)),
    ("ema", dict(decay=0.999, warmup=True)),
]


def average(kind: str, options: dict, dtype: torch.dtype) -> torch.Tensor:
    """The average after ten steps of SGD with momentum under given gradients."""
    model = nn.Linear(N, 1, bias=False).to(dtype)
    model.weight.data = to_torch(uniform("average/w", (1, N)), dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    averaged = AveragedModel(model)
    ema = model.weight.detach().clone()
    for step in range(STEPS):
        model.weight.grad = to_torch(uniform(f"average/g{step}", (1, N)), dtype)
        optimizer.step()
        if kind == "swa":
            since = step + 1 - options["start"]
            if since >= 0 and since % options["every"] == 0:
                averaged.update_parameters(model)
        else:
            decay = options["decay"]
            if options.get("warmup"):
                decay = min(decay, (1 + step) / (10 + step))
            ema = decay * ema + (1 - decay) * model.weight.detach()
    return averaged.module.weight if kind == "swa" else ema


NETS = {
    # [n, features] and [n, channels, h, w]
    "dense": ((6,), lambda: nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.BatchNorm1d(5, momentum=0.01))),
    "images": ((2, 4, 4), lambda: nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3), nn.ReLU())),
}
BATCHES = [16, 16, 8]


def statistics(name: str, dtype: torch.dtype) -> dict:
    """`update_bn` over three batches, the last not full, from running statistics of something else."""
    shape, make = NETS[name]
    model = make().to(dtype)
    for key, value in model.state_dict().items():
        if "num_batches" not in key:
            value.copy_(to_torch(uniform(f"recalibrate/{name}/{key}", tuple(value.shape)), dtype).abs() + 0.1)
    x = to_torch(uniform(f"recalibrate/{name}/x", (sum(BATCHES), *shape)), dtype)
    update_bn(x.split(BATCHES), model)
    return {key: value for key, value in model.state_dict().items() if "running" in key}


def main() -> None:
    averages = []
    for kind, options in AVERAGES:
        exact, single = (average(kind, options, dtype) for dtype in (torch.float64, torch.float32))
        averages.append({"type": kind, "options": options, "n": N, "steps": STEPS, "average": encode.tensor(exact, single)})
    nets = {}
    for name in NETS:
        exact, single = (statistics(name, dtype) for dtype in (torch.float64, torch.float32))
        nets[name] = {key: encode.tensor(exact[key], single[key]) for key in exact}
    encode.write("averages.json", {"averages": averages, "recalibrated": nets})
