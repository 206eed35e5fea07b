"""The recipe of examples/cifar-resnet.js in PyTorch, to compare test accuracies: ResNet-20 with option A shortcuts, He
initialisation, SGD with momentum 0.9 and weight decay 1e-4, learning rate 0.1 by cosine to 0, crops padded by 4 pixels and
flips, batches of 128.

  python3 bench/accuracy/cifar_resnet.py <folder with data_batch_*.bin and test_batch.bin> [epochs] [samples] [seed ...]
"""

import math
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

BATCH, LR, MOMENTUM, WEIGHT_DECAY, PADDING = 128, 0.1, 0.9, 1e-4, 4
MEAN, STD = (torch.tensor(t).reshape(3, 1, 1) for t in ([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]))


class Block(nn.Module):
    def __init__(self, inputs: int, planes: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride, self.pad = stride, (planes - inputs) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        skip = x[:, :, :: self.stride, :: self.stride]
        return F.relu(y + F.pad(skip, (0, 0, 0, 0, self.pad, self.pad)))


def resnet(depth: int) -> nn.Module:
    count, inputs = (depth - 2) // 6, 16
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    for planes in (16, 32, 64):
        for i in range(count):
            layers.append(Block(inputs, planes, 2 if i == 0 and planes > 16 else 1))
            inputs = planes
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return net


def load(folder: str, names: list) -> tuple:
    """Images as bytes [n, 3, 32, 32] and labels."""
    paths = [os.path.join(folder, name) for name in names]
    records = np.concatenate([np.fromfile(path, np.uint8).reshape(-1, 3073) for path in paths if os.path.exists(path)])
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(records[:, 0].astype(np.int64))


def normalise(x: torch.Tensor) -> torch.Tensor:
    return (x.float() / 255 - MEAN) / STD


def augment(x: torch.Tensor) -> torch.Tensor:
    """Each image padded by black pixels, cropped at random, flipped or not."""
    padded = F.pad(x, (PADDING,) * 4)
    out = torch.empty_like(x)
    for i, (top, left, flip) in enumerate(zip(*(torch.randint(n, (len(x),)).tolist() for n in (2 * PADDING + 1, 2 * PADDING + 1, 2)))):
        crop = padded[i, :, top : top + 32, left : left + 32]
        out[i] = crop.flip(2) if flip else crop
    return out


def run(folder: str, epochs: int, samples: int, seed: int) -> float:
    torch.manual_seed(seed)
    x, labels = (t[:samples] for t in load(folder, [f"data_batch_{i}.bin" for i in range(1, 6)]))
    net = resnet(20)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * math.ceil(len(x) / BATCH))
    for epoch in range(epochs):
        start, total = time.perf_counter(), 0.0
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(net(normalise(augment(x[batch]))), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"seed {seed}, epoch {epoch + 1}: loss {total / len(x):.4f}, {time.perf_counter() - start:.0f} s", flush=True)
    x, labels = load(folder, ["test_batch.bin"])
    net.eval()
    with torch.no_grad():
        right = sum((net(normalise(a)).argmax(1) == b).sum().item() for a, b in zip(x.split(500), labels.split(500)))
    return right / len(x)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder, epochs, samples, *seeds = sys.argv[1:] + ["5", "1000000"][len(sys.argv) - 2 :]
    for seed in seeds or ["0", "1", "2"]:
        print(f"seed {seed}: test accuracy {100 * run(folder, int(epochs), int(samples), int(seed)):.2f} %", flush=True)
