"""Three epochs of a small net: here, in PyTorch, and here again. First RESNET_WASM_WRITE=1 npx vitest run test/golden/scale."""

import json
import math
import pathlib
import sys

import torch
from torch import nn

from tensors import indices, to_torch, uniform

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "examples/pytorch"))
from resnet_wasm_checkpoint import Checkpoint  # noqa: E402

OUT = ROOT / "test/golden/scale"
EPOCH, BATCH, FEATURES, CLASSES, WIDTH = 8, 16, 6, 3, 16


class Residual(nn.Module):
    def __init__(self, main):
        super().__init__()
        self.main = main

    def forward(self, x):
        return torch.relu(self.main(x) + x)


def network():
    def block():
        first = [nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU()]
        return Residual(nn.Sequential(*first, nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH)))

    stem = [nn.Linear(FEATURES, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU()]
    return nn.Sequential(*stem, block(), block(), nn.Linear(WIDTH, CLASSES))


OPTIMIZERS = {
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.02),
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
}


def start(name, epoch):
    """The checkpoint after `epoch` epochs, with model, optimizer and schedule."""
    checkpoint = Checkpoint(OUT / f"{name}-{epoch}.checkpoint")
    model = network()
    optimizer = OPTIMIZERS[name](model.parameters())
    checkpoint.load(model, optimizer)
    cosine = lambda step: 0.5 * (1 + math.cos(math.pi * step / (3 * EPOCH)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: cosine(checkpoint.steps + step))
    return checkpoint, model, optimizer, schedule


def epoch_of(model, optimizer, schedule):
    losses = []
    for i in range(EPOCH):
        x = to_torch(uniform(f"scale/x{i}", (BATCH, FEATURES)), torch.float32)
        y = torch.as_tensor(indices(f"scale/y{i}", BATCH, CLASSES), dtype=torch.int64)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


found = {}
for name in OPTIMIZERS:
    _, *alone = start(name, 0)
    losses = [epoch_of(*alone) for _ in range(3)]
    checkpoint, *parts = start(name, 1)
    second = epoch_of(*parts)
    checkpoint.save(OUT / f"{name}-2.checkpoint", parts[0], parts[1], steps=EPOCH, epochs=1)
    found[name] = {"alone": losses, "second": second}
(OUT / "losses.json").write_text(json.dumps(found, indent=1) + "\n")
