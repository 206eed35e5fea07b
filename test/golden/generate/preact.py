"""Pre-activation ResNets with BatchNorm, or with GroupNorm and standardised filters (BiT), by timm's names."""

import torch
import torch.nn.functional as F
from torch import nn


class StdConv2d(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        w = self.weight.flatten(1)
        w = (w - w.mean(1, keepdim=True)) / torch.sqrt(w.var(1, unbiased=False, keepdim=True) + 1e-8)
        return F.conv2d(x, w.view_as(self.weight), self.bias, self.stride, self.padding)


def conv(bit: bool, from_: int, to: int, kernel: int, stride: int = 1) -> nn.Module:
    return (StdConv2d if bit else nn.Conv2d)(from_, to, kernel, stride, kernel // 2, bias=False)


class Norm(nn.Module):
    """A norm and ReLU; the norm's tensors are the module's own, as in timm."""

    def __new__(cls, bit: bool, channels: int) -> nn.Module:
        kind = nn.GroupNorm if bit else nn.BatchNorm2d
        active = type(kind.__name__ + "ReLU", (kind,), {"forward": lambda self, x: self.relu(kind.forward(self, x))})
        module = active(32, channels) if bit else active(channels)
        module.relu = nn.ReLU()
        return module


class Block(nn.Module):
    def __init__(self, bit: bool, from_: int, to: int, stride: int, first: bool):
        super().__init__()
        inside = to // 4
        self.downsample = nn.Sequential() if first else None
        if first:
            self.downsample.add_module("conv", conv(bit, from_, to, 1, stride))
        self.norm1, self.conv1 = Norm(bit, from_), conv(bit, from_, inside, 1)
        self.norm2, self.conv2 = Norm(bit, inside), conv(bit, inside, inside, 3, stride)
        self.norm3, self.conv3 = Norm(bit, inside), conv(bit, inside, to, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.norm1(x)
        skip = x if self.downsample is None else self.downsample(z)
        return skip + self.conv3(self.norm3(self.conv2(self.norm2(self.conv1(z)))))


class ResNetV2(nn.Module):
    def __init__(self, bit: bool, blocks=(3, 4, 6, 3), channels=(256, 512, 1024, 2048), classes: int = 1000):
        super().__init__()
        self.stem = nn.Sequential()
        self.stem.add_module("conv", conv(bit, 3, 64, 7, 2))
        if bit:
            self.stem.add_module("pad", nn.ConstantPad2d(1, 0.0))
        self.stem.add_module("pool", nn.MaxPool2d(3, 2, 0 if bit else 1))
        self.stages = nn.Sequential()
        from_ = 64
        for i, (depth, to) in enumerate(zip(blocks, channels)):
            stage = nn.Module()
            stage.blocks = nn.Sequential()
            for j in range(depth):
                stage.blocks.add_module(str(j), Block(bit, from_, to, 2 if i > 0 and j == 0 else 1, j == 0))
                from_ = to
            stage.forward = stage.blocks.forward
            self.stages.add_module(str(i), stage)
        self.norm = Norm(bit, from_)
        self.head = nn.Module()
        self.head.fc = nn.Conv2d(from_, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.stages(self.stem(x)))
        return self.head.fc(x.mean((2, 3), keepdim=True)).flatten(1)
