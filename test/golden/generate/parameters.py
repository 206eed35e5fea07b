"""Generated weights for whole networks, scaled so that activations stay of order 1 through any depth."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tensors import to_torch, uniform

BIAS = 0.25  # largest bias of a BatchNorm
LAYERS = ("layer1", "layer2", "layer3", "layer4")


def single(value: float) -> float:
    return float(np.float32(value))


def specs(net: nn.Module) -> list:
    """{name, shape, scale, offset} of every tensor of the state dict but num_batches_tracked; with `seed` the tensor is
    uniform(`<seed>/<name>`, shape, scale, offset)."""
    rows = []
    for path, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.weight[0].numel()
            rows.append((f"{path}.weight", module.weight, math.sqrt(6 / fan_in), 0.0))  # He et al. 2015
        elif isinstance(module, nn.BatchNorm2d):
            leaf = path.split(".")[-1]
            basic = f"{path[:-1]}3" not in dict(net.named_modules())
            last = path.count(".") == 2 and (leaf == "bn3" or (leaf == "bn2" and basic))
            # A branch adds 0.25^2 of variance to the trunk, so 50 of them multiply it by about 20, not by 2^50.
            gain = 0.25 if last else 0.7 if "downsample" in path else 1.0
            rows.append((f"{path}.weight", module.weight, gain * 0.2, gain))
            rows.append((f"{path}.bias", module.bias, BIAS, 0.0))
            rows.append((f"{path}.running_mean", module.running_mean, 0.2, 0.0))
            rows.append((f"{path}.running_var", module.running_var, 0.5, 1.0))
        elif isinstance(module, nn.Linear):
            scale = 1 / math.sqrt(module.in_features)
            rows.append((f"{path}.weight", module.weight, scale, 0.0))
            rows.append((f"{path}.bias", module.bias, scale, 0.0))
    names = [name for name, *_ in rows]
    expected = [name for name in net.state_dict() if not name.endswith("num_batches_tracked")]
    assert sorted(names) == sorted(expected), set(names) ^ set(expected)
    by_name = {name: {"name": name, "shape": list(t.shape), "scale": single(scale), "offset": single(offset)} for name, t, scale, offset in rows}
    return [by_name[name] for name in expected]


def fill(net: nn.Module, seed: str, dtype: torch.dtype) -> None:
    state = net.state_dict()
    for spec in specs(net):
        state[spec["name"]] = to_torch(uniform(f"{seed}/{spec['name']}", spec["shape"], spec["scale"], spec["offset"]), dtype)
    net.load_state_dict(state, strict=True)


def settle(net: nn.Module, seed: str, x: torch.Tensor) -> dict:
    """Chooses BatchNorm biases that keep every input of a ReLU away from zero when `net` trains on x.

    A float32 run that rounds one such input to the other side of zero loses or gains a whole element of a gradient, some
    0.3 % of it: PyTorch's own float32 gradients are off by that much. So every channel takes, of ten generated biases, the
    one with the widest gap around zero; with that, gradients can be compared to 1e-6. Returns the choices by name, one
    digit a channel. `net` is a ResNet in float64, filled; its biases are set.
    """
    choices, margins = {}, []

    def batch_norm(name: str, bn: nn.Module, y: torch.Tensor, skip=0.0) -> torch.Tensor:
        y = F.batch_norm(y, None, None, bn.weight, None, True, 0.0, bn.eps) + skip
        candidates = torch.stack([to_torch(candidate(seed, name, bn, j), y.dtype) for j in range(10)])
        gaps = torch.stack([(y + b[:, None, None]).abs().amin((0, 2, 3)) for b in candidates])
        best = gaps.argmax(0)
        choices[f"{name}.bias"] = "".join(str(int(j)) for j in best)
        margins.append(gaps.amax(0).min().item())
        bn.bias.copy_(candidates.gather(0, best[None])[0])
        return F.relu(y + bn.bias[:, None, None])

    with torch.no_grad():
        x = batch_norm("bn1", net.bn1, net.conv1(x))
        if hasattr(net, "maxpool"):
            x = net.maxpool(x)
        for name, block in [(f"{layer}.{i}", b) for layer in LAYERS if hasattr(net, layer) for i, b in enumerate(getattr(net, layer))]:
            skip = block.shortcut(x) if hasattr(block, "shortcut") else x if block.downsample is None else block.downsample.train()(x)
            count = 3 if hasattr(block, "conv3") else 2
            for i in range(1, count + 1):
                bn = getattr(block, f"bn{i}")
                x = batch_norm(f"{name}.bn{i}", bn, getattr(block, f"conv{i}")(x), skip if i == count else 0.0)
    print("smallest distance of a ReLU's input from zero", min(margins))
    return choices


def candidate(seed: str, name: str, bn: nn.Module, j: int) -> np.ndarray:
    return uniform(f"{seed}/{name}.bias#{j}", bn.bias.shape, BIAS)


def choose(net: nn.Module, seed: str, choices: dict) -> None:
    """Sets the biases that `settle` has chosen."""
    modules = dict(net.named_modules())
    for key, digits in choices.items():
        name = key[: -len(".bias")]
        candidates = [candidate(seed, name, modules[name], j) for j in range(10)]
        values = np.array([candidates[int(j)][c] for c, j in enumerate(digits)], np.float32)
        with torch.no_grad():
            modules[name].bias.copy_(torch.from_numpy(values))


def with_choices(rows: list, choices: dict) -> list:
    return [{**row, "choice": choices[row["name"]]} if row["name"] in choices else row for row in rows]
