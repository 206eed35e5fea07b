"""The training step in PyTorch, one thread. Reads float32 data, then commands, from standard input:
a line of JSON {in, width, blocks, out, batch, lr, momentum}; all parameters, x, labels (as float32) in raw bytes;
then lines "n": do n steps, answer with JSON {losses, times in ms}."""

import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(1)
source = sys.stdin.buffer
spec = json.loads(source.readline())


def read(*shape):
    n = int(np.prod(shape))
    return torch.from_numpy(np.frombuffer(source.read(4 * n), "<f4").reshape(shape).copy())


sizes = [(spec["in"], spec["width"])] + [(spec["width"], spec["width"])] * (2 * spec["blocks"]) + [(spec["width"], spec["out"])]
layers = []
for k, n in sizes:
    layers.append((read(n, k).requires_grad_(True), read(n).requires_grad_(True)))
x = read(spec["batch"], spec["in"])
labels = read(spec["batch"]).long()
optimizer = torch.optim.SGD([p for layer in layers for p in layer], lr=spec["lr"], momentum=spec["momentum"])


def step():
    h = F.relu(F.linear(x, *layers[0]))
    for b in range(spec["blocks"]):
        h = F.relu(F.linear(F.relu(F.linear(h, *layers[1 + 2 * b])), *layers[2 + 2 * b]) + h)
    loss = F.cross_entropy(F.linear(h, *layers[-1]), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


blas = [line.strip() for line in open("/proc/self/maps") if "blas" in line]
openblas = any("openblas" in line for line in blas)
print(json.dumps({"version": f"PyTorch {torch.__version__}, {'OpenBLAS' if openblas else 'reference BLAS'}"}), flush=True)
for line in source:
    losses, times = [], []
    for _ in range(int(line)):
        start = time.perf_counter()
        losses.append(step())
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"losses": losses, "times": times}), flush=True)
