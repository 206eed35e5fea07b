"""Goldens of the ops on images: convolution, pooling, BatchNorm2d. Layout NCHW, weights OIHW, results rounded to float32."""

import torch.nn.functional as F

import encode
from case import run
from ops_dense import batch_norm
from tensors import u


def pair(value) -> list:
    return list(value) if isinstance(value, tuple) else [value, value]


def label(value) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def conv(n, c, h, w, o, k, s=1, p=0, d=1, g=1, bias=False) -> dict:
    kernel, stride, padding, dilation = map(pair, (k, s, p, d))
    out = [(size + 2 * p_ - d_ * (k_ - 1) - 1) // s_ + 1 for size, k_, s_, p_, d_ in zip((h, w), kernel, stride, padding, dilation)]
    # Scaled to outputs of order 1.
    scale = (3 / (c // g * kernel[0] * kernel[1])) ** 0.5
    inputs = {"x": u(n, c, h, w), "weight": u(o, c // g, *kernel, scale=scale), "dy": u(n, o, *out)}
    grad = ["x", "weight"]
    if bias:
        inputs["bias"] = u(o)
        grad.append("bias")
    attributes = {"kernelSize": kernel, "stride": stride, "padding": padding, "dilation": dilation, "groups": g, "bias": bias}
    name = f"conv2d {n}x{c}x{h}x{w} to {o}, k {label(k)} s {label(s)} p {label(p)} d {label(d)} g {g}{' bias' if bias else ''}"
    function = lambda t: F.conv2d(t["x"], t["weight"], t.get("bias"), stride, padding, dilation, g)  # noqa: E731
    return run(name, "conv2d", attributes, inputs, function, grad, compact=True)


def convolutions() -> list:
    return [
        # 1x1
        conv(1, 1, 1, 1, 1, 1), conv(2, 3, 5, 4, 4, 1, bias=True), conv(1, 64, 5, 6, 16, 1), conv(1, 16, 6, 5, 64, 1),
        conv(3, 5, 7, 9, 6, 1, s=2), conv(1, 32, 8, 8, 24, 1, s=2, bias=True), conv(2, 4, 5, 5, 3, 1, p=1), conv(1, 3, 9, 7, 5, 1, s=3),
        # 3x3
        conv(1, 1, 3, 3, 1, 3), conv(2, 3, 5, 7, 4, 3, p=1, bias=True), conv(5, 2, 6, 6, 3, 3, s=2, p=1), conv(1, 8, 9, 11, 8, 3, s=2, p=1),
        conv(3, 4, 7, 5, 5, 3, p=2), conv(1, 3, 11, 9, 2, 3, s=2, p=0), conv(2, 4, 9, 9, 4, 3, p=2, d=2), conv(1, 5, 11, 8, 3, 3, s=2, p=2, d=2),
        conv(1, 2, 8, 8, 3, 3, p=3), conv(1, 16, 8, 8, 12, 3, s=2, p=1), conv(2, 3, 1, 1, 4, 3, p=1), conv(1, 3, 2, 9, 4, 3, s=2, p=1, bias=True),
        # 5x5, 7x7
        conv(1, 2, 9, 8, 3, 5, p=2), conv(2, 3, 11, 11, 4, 5, s=2, p=2, bias=True), conv(1, 3, 12, 10, 2, 5, p=3, d=2), conv(1, 1, 5, 5, 2, 5),
        conv(1, 3, 23, 19, 8, 7, s=2, p=3), conv(2, 2, 9, 9, 3, 7, p=3), conv(1, 4, 14, 13, 2, 7, p=3, d=2), conv(1, 3, 15, 15, 4, 7, s=2, p=1),
        # unequal sides
        conv(2, 3, 7, 9, 4, (1, 3), p=(0, 1)), conv(1, 4, 9, 6, 3, (3, 1), s=(2, 1), p=(1, 0)), conv(1, 2, 10, 9, 5, (5, 3), s=(1, 2), p=(2, 1), d=(2, 1)),
    ]  # fmt: skip


def grouped() -> list:
    return [
        conv(2, 4, 6, 7, 6, 3, p=1, g=2), conv(1, 8, 5, 5, 8, 1, g=4, bias=True), conv(1, 32, 7, 6, 32, 3, p=1, g=8),
        conv(2, 12, 9, 8, 6, 3, s=2, p=1, g=3), conv(1, 6, 8, 8, 4, 5, p=2, g=2), conv(1, 8, 9, 9, 4, 3, p=2, d=2, g=4),
        # depthwise, with 1 and 2 outputs a channel
        conv(2, 5, 7, 7, 5, 3, p=1, g=5), conv(1, 16, 9, 8, 16, 3, s=2, p=1, g=16, bias=True), conv(1, 3, 8, 9, 6, 3, p=1, g=3),
        conv(1, 7, 11, 9, 7, 5, p=2, g=7), conv(2, 4, 9, 9, 4, 3, p=2, d=2, g=4), conv(1, 33, 6, 6, 33, 3, p=1, g=33), conv(1, 4, 13, 11, 4, 7, s=2, p=3, g=4),
    ]  # fmt: skip


def winograd() -> list:
    """3x3, stride 1: the shapes that a fast algorithm takes, with sides that are no multiples of its tile."""
    return [
        conv(2, 16, 8, 8, 12, 3, p=1), conv(1, 32, 9, 11, 8, 3, p=1, bias=True), conv(1, 64, 7, 7, 4, 3, p=1), conv(1, 16, 7, 7, 12, 3, p=1),
        conv(2, 4, 13, 10, 8, 3, p=1), conv(1, 20, 6, 5, 8, 3, p=0), conv(5, 8, 4, 4, 16, 3, p=1), conv(1, 16, 3, 3, 8, 3, p=1),
        conv(1, 17, 10, 13, 7, 3, p=1), conv(1, 16, 6, 7, 8, 3, p=2),
    ]  # fmt: skip


def pool(op: str, x: dict, function, k, s, p, d, ceil: bool, extra: dict) -> dict:
    """`function(x)`; the output's shape is found by running it, because dy must have it."""
    import torch

    shape = list(function(torch.zeros(x["shape"])).shape)
    attributes = {"kernelSize": pair(k), "stride": pair(s), "padding": pair(p), "dilation": pair(d), "ceilMode": ceil, **extra}
    ties = " ties" if x["kind"] == "bernoulli" else ""
    more = "".join(f" {key} {value}" for key, value in extra.items())
    name = f"{op} {label(tuple(x['shape']))} k {label(k)} s {label(s)} p {label(p)} d {label(d)}{' ceil' if ceil else ''}{more}{ties}"
    return run(name, op, attributes, {"x": x, "dy": u(*shape)}, lambda t: function(t["x"]), ["x"], compact=True)


def pools() -> list:
    cases = []
    for shape, k, s, p, d, ceil in (
        ((2, 3, 8, 8), 2, 2, 0, 1, False), ((1, 4, 9, 7), 3, 2, 1, 1, False), ((1, 4, 9, 7), 3, 2, 1, 1, True), ((2, 2, 7, 6), 2, 2, 0, 1, True),
        ((1, 3, 10, 11), 3, 1, 1, 1, False), ((1, 2, 11, 9), 3, 2, 1, 2, False), ((1, 2, 12, 9), 2, 3, 1, 2, True), ((1, 5, 5, 5), 5, 5, 2, 1, True),
        ((3, 1, 6, 9), (3, 2), (1, 2), (1, 0), 1, False), ((1, 16, 7, 7), 7, 7, 0, 1, False), ((1, 17, 6, 6), 3, 2, 1, 1, True),
    ):  # fmt: skip
        function = (lambda *a: lambda x: F.max_pool2d(x, a[0], a[1], a[2], a[3], a[4]))(k, s, p, d, ceil)
        cases.append(pool("maxPool2d", u(*shape), function, k, s, p, d, ceil, {}))
    # Of equal values the first in the window takes the gradient.
    ties = {"kind": "bernoulli", "shape": [2, 3, 9, 8]}
    cases.append(pool("maxPool2d", ties, lambda x: F.max_pool2d(x, 3, 2, 1), 3, 2, 1, 1, False, {}))
    for shape, k, s, p, ceil in (
        ((2, 3, 8, 8), 2, 2, 0, False), ((1, 4, 9, 7), 3, 2, 1, False), ((1, 4, 9, 7), 3, 2, 1, True), ((2, 2, 7, 6), 2, 2, 0, True),
        ((1, 3, 10, 11), 3, 1, 1, False), ((1, 2, 12, 10), 3, 3, 1, True), ((1, 16, 7, 5), (7, 5), 1, 0, False), ((3, 1, 6, 9), (3, 2), (1, 2), (1, 0), True),
        ((1, 5, 5, 6), 4, 3, 2, True),
    ):  # fmt: skip
        for include in (True, False):
            if p == 0 and not include and not ceil:
                continue
            function = (lambda *a: lambda x: F.avg_pool2d(x, a[0], a[1], a[2], a[3], a[4]))(k, s, p, ceil, include)
            cases.append(pool("avgPool2d", u(*shape), function, k, s, p, 1, ceil, {"countIncludePad": include}))
    for shape, size in (((2, 3, 7, 7), 1), ((1, 16, 8, 6), (1, 1)), ((1, 4, 9, 7), (3, 2)), ((1, 2, 5, 11), 7), ((2, 3, 8, 8), 4), ((1, 3, 5, 4), (2, 4))):
        function = (lambda n: lambda x: F.adaptive_avg_pool2d(x, n))(size)
        inputs = {"x": u(*shape), "dy": u(*shape[:2], *pair(size))}
        name = f"adaptiveAvgPool2d {label(shape)} to {label(size)}"
        cases.append(run(name, "adaptiveAvgPool2d", {"size": pair(size)}, inputs, lambda t: function(t["x"]), ["x"], compact=True))
    return cases


def movement() -> list:
    cases = []
    for shape, groups in (((2, 6, 3, 5), 2), ((1, 12, 4, 4), 3), ((2, 8, 1, 2), 8)):
        # F.channel_shuffle has no derivative in this version.
        function = (lambda g: lambda t: t["x"].unflatten(1, (g, -1)).transpose(1, 2).flatten(1, 2))(groups)
        inputs = {"x": u(*shape), "dy": u(*shape)}
        cases.append(run(f"channelShuffle {label(shape)} in {groups}", "channelShuffle", {"groups": groups}, inputs, function, ["x"], compact=True))
    for shape, padding, value in (((2, 3, 5, 4), (1, 2, 0, 3), 0.0), ((1, 4, 3, 3), (0, 1, 0, 1), -1.5), ((2, 1, 2, 7), (2, 2, 2, 2), 7.0)):
        function = (lambda p, v: lambda t: F.pad(t["x"], p, value=v))(padding, value)
        left, right, top, bottom = padding
        inputs = {"x": u(*shape), "dy": u(*shape[:2], shape[2] + top + bottom, shape[3] + left + right)}
        attributes = {"padding": list(padding), "value": value}
        cases.append(run(f"constantPad2d {label(shape)} by {label(padding)} of {value:g}", "constantPad2d", attributes, inputs, function, ["x"], compact=True))
    return cases


def norms() -> list:
    cases = []
    for shape in ([2, 3, 5, 4], [4, 16, 3, 3], [1, 8, 7, 5], [5, 1, 6, 6], [2, 33, 4, 4]):
        for mode in ("training", "eval"):
            cases.append(batch_norm(shape, mode, True, 0.1, 1e-5, "batchNorm2d", 0.5, compact=True))
    cases.append(batch_norm([3, 5, 4, 4], "training", False, 0.3, 1e-3, "batchNorm2d", 0.0, compact=True))
    cases.append(batch_norm([2, 4, 8, 8], "training", True, 0.1, 1e-5, "batchNorm2d", 30.0, compact=True))
    return cases


def main() -> None:
    encode.write("conv2d.json", convolutions())
    encode.write("conv2d-grouped.json", grouped())
    encode.write("conv2d-3x3.json", winograd())
    encode.write("pools.json", pools())
    encode.write("movement.json", movement())
    encode.write("norms-2d.json", norms())
