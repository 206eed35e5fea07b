"""Goldens of the ops on signals: Conv1d and 1-D pools. Layout [n, c, length], weights [out, in / groups, k]."""

import torch
import torch.nn.functional as F

import encode
from case import run
from tensors import u


def conv(n, c, length, o, k, s=1, p=0, d=1, g=1, bias=False) -> dict:
    out = (length + 2 * p - d * (k - 1) - 1) // s + 1
    scale = (3 / (c // g * k)) ** 0.5
    inputs = {"x": u(n, c, length), "weight": u(o, c // g, k, scale=scale), "dy": u(n, o, out)}
    grad = ["x", "weight"]
    if bias:
        inputs["bias"] = u(o)
        grad.append("bias")
    attributes = {"kernelSize": k, "stride": s, "padding": p, "dilation": d, "groups": g, "bias": bias}
    name = f"conv1d {n}x{c}x{length} to {o}, k {k} s {s} p {p} d {d} g {g}{' bias' if bias else ''}"
    function = lambda t: F.conv1d(t["x"], t["weight"], t.get("bias"), s, p, d, g)  # noqa: E731
    return run(name, "conv1d", attributes, inputs, function, grad, compact=True)


def pool(op: str, shape, function, attributes: dict) -> dict:
    out = list(function(torch.zeros(shape)).shape)
    words = " ".join(f"{key} {value}" for key, value in attributes.items())
    name = f"{op} {'x'.join(map(str, shape))} {words}"
    return run(name, op, attributes, {"x": u(*shape), "dy": u(*out)}, lambda t: function(t["x"]), ["x"], compact=True)


def cases() -> list:
    found = [
        conv(2, 3, 17, 8, 7, s=2, p=3, bias=True), conv(1, 8, 9, 12, 3, p=1), conv(3, 4, 8, 5, 1, bias=True), conv(1, 5, 6, 4, 1, s=2),
        conv(2, 8, 11, 8, 3, p=2, d=2, g=4), conv(1, 6, 12, 6, 5, s=2, p=2, g=6, bias=True), conv(2, 1, 1, 3, 3, p=1), conv(1, 16, 33, 20, 9),
    ]  # fmt: skip
    for shape, k, s, p, d, ceil in (((2, 3, 10), 2, 2, 0, 1, False), ((1, 5, 11), 3, 2, 1, 1, True), ((2, 4, 13), 3, 1, 1, 2, False)):
        attributes = {"kernelSize": k, "stride": s, "padding": p, "dilation": d, "ceilMode": ceil}
        found.append(pool("maxPool1d", shape, (lambda *a: lambda x: F.max_pool1d(x, *a))(k, s, p, d, ceil), attributes))
    for shape, k, s, p, ceil, include in (((2, 3, 10), 2, 2, 0, False, True), ((1, 5, 11), 3, 2, 1, True, False), ((2, 4, 13), 4, 3, 2, False, True)):
        attributes = {"kernelSize": k, "stride": s, "padding": p, "ceilMode": ceil, "countIncludePad": include}
        found.append(pool("avgPool1d", shape, (lambda *a: lambda x: F.avg_pool1d(x, *a))(k, s, p, ceil, include), attributes))
    for shape, size in (((2, 3, 10), 1), ((1, 5, 11), 4), ((2, 4, 3), 5)):
        found.append(pool("adaptiveAvgPool1d", shape, (lambda n: lambda x: F.adaptive_avg_pool1d(x, n))(size), {"size": size}))
    return found


def main() -> None:
    encode.write("signals.json", cases())
