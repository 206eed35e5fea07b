"""Twenty SGD steps of the CIFAR ResNet-20, shortcuts A (subsampled, channels padded with planes/4 zeros on both sides) and
B (1x1 convolution with BatchNorm), parameters named as torchvision names them."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import encode
from parameters import choose, fill, settle, specs, with_choices
from tensors import images, indices, to_torch

BATCH, STEPS, BATCHES, CLASSES = 32, 20, 4, 10  # batch of step s: number s % BATCHES
LR, MOMENTUM, WEIGHT_DECAY = 0.001, 0.9, 1e-4


class Block(nn.Module):
    def __init__(self, inputs: int, planes: int, stride: int, shortcut: str):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.pad = planes // 4 if inputs != planes and shortcut == "pad" else 0
        if inputs != planes and shortcut == "projection":
            self.downsample = nn.Sequential(nn.Conv2d(inputs, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
        else:
            self.downsample = None

    def shortcut(self, x: torch.Tensor) -> torch.Tensor:
        if self.pad:
            return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return x if self.downsample is None else self.downsample(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class ResNet20(nn.Module):
    def __init__(self, shortcut: str):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inputs = 16
        for i, planes in enumerate((16, 32, 64)):
            blocks = []
            for b in range(3):
                blocks.append(Block(inputs, planes, 2 if i > 0 and b == 0 else 1, shortcut))
                inputs = planes
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def batch_images(step: int, dtype: torch.dtype) -> torch.Tensor:
    return to_torch(images(f"cifar/x{step % BATCHES}", (BATCH, 3, 32, 32)), dtype)


def build(seed: str, shortcut: str, dtype: torch.dtype) -> nn.Module:
    net = ResNet20(shortcut).to(dtype)
    fill(net, seed, dtype)
    return net.train()


def train(shortcut: str, dtype: torch.dtype, seed: str, choices: dict) -> dict:
    net = build(seed, shortcut, dtype)
    choose(net, seed, choices)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    losses, first = [], None
    for step in range(STEPS):
        labels = torch.from_numpy(indices(f"cifar/labels{step % BATCHES}", (BATCH,), CLASSES))
        loss = F.cross_entropy(net(batch_images(step, dtype)), labels)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            first = {name: p.grad.clone() for name, p in net.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
    state = {name: t for name, t in net.state_dict().items() if "num_batches" not in name}
    return {"losses": losses, "gradients": first, "state": state, "net": net}


def main() -> None:
    for shortcut in ("pad", "projection"):
        seed = f"cifar-{shortcut}"
        choices = settle(build(seed, shortcut, torch.float64), seed, batch_images(0, torch.float64))
        exact, single = (train(shortcut, dtype, seed, choices) for dtype in (torch.float64, torch.float32))
        difference = np.abs(np.array(exact["losses"]) - np.array(single["losses"]))
        worst = max(encode.relative_norm(exact["gradients"][k], single["gradients"][k]) for k in exact["gradients"])
        print("worst gradient", worst)
        print("losses", [round(x, 3) for x in exact["losses"]], "float32 error", difference.max())
        encode.write(f"cifar-resnet20-{shortcut}.json", {
            "seed": seed, "shortcut": shortcut,
            "batch": BATCH, "steps": STEPS, "batches": BATCHES, "classes": CLASSES,
            "lr": LR, "momentum": MOMENTUM, "weightDecay": WEIGHT_DECAY,
            "parameters": with_choices(specs(exact["net"]), choices),
            "losses": exact["losses"],
            "float32LossErrors": [encode.significant(x) for x in difference],
            "gradients": [encode.fingerprint(k, exact["gradients"][k], single["gradients"][k]) for k in exact["gradients"]],
            "state": [encode.fingerprint(k, exact["state"][k], single["state"][k]) for k in exact["state"]],
        })  # fmt: skip
