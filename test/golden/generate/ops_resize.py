"""Goldens of what makes images larger or smaller: interpolation, transposed convolutions, adaptive maxima, borders."""

import torch
import torch.nn.functional as F

import encode
from case import run
from tensors import u


def label(value) -> str:
    return "x".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def case(name: str, op: str, attributes: dict, shape, function, weights: dict | None = None) -> dict:
    weights = weights or {}
    zeros = {key: torch.zeros(spec["shape"]) for key, spec in weights.items()}
    out = list(function({"x": torch.zeros(shape), **zeros}).shape)
    inputs = {"x": u(*shape), **weights, "dy": u(*out)}
    return run(name, op, attributes, inputs, function, ["x", *weights], compact=True)


def upsample() -> list:
    cases = []
    for shape, options in (
        ((2, 3, 4, 5), {"scaleFactor": 2, "mode": "nearest"}), ((1, 2, 5, 4), {"size": [8, 3], "mode": "nearest"}), ((1, 2, 7, 5), {"scaleFactor": [0.6, 1.7], "mode": "nearest"}),
        ((1, 2, 5, 4), {"size": [7, 9], "mode": "nearest-exact"}), ((2, 3, 4, 5), {"scaleFactor": 2, "mode": "bilinear"}), ((1, 2, 5, 4), {"size": [9, 7], "mode": "bilinear", "alignCorners": True}),
        ((1, 2, 7, 6), {"size": [3, 4], "mode": "bilinear"}), ((1, 3, 6, 5), {"scaleFactor": [1.7, 0.6], "mode": "bilinear"}), ((1, 2, 5, 6), {"scaleFactor": 2, "mode": "bicubic"}),
        ((1, 2, 5, 4), {"size": [1, 7], "mode": "bicubic", "alignCorners": True}), ((2, 3, 7), {"scaleFactor": 3, "mode": "linear"}), ((1, 4, 9), {"size": 5, "mode": "nearest"}),
    ):  # fmt: skip
        size, factor = options.get("size"), options.get("scaleFactor")
        align = options.get("alignCorners", None if options["mode"].startswith("nearest") else False)
        function = (lambda s, f, m, a: lambda t: F.interpolate(t["x"], size=s, scale_factor=tuple(f) if isinstance(f, list) else f, mode=m, align_corners=a))(size, factor, options["mode"], align)
        words = " ".join(f"{key} {label(value)}" for key, value in options.items())
        cases.append(case(f"upsample {label(shape)} {words}", "upsample", options, shape, function))
    return cases


def transposed() -> list:
    cases = []
    for n, c, size, o, k, s, p, op, d, g, bias in (
        (2, 4, (5, 6), 3, 3, 1, 0, 0, 1, 1, True), (1, 8, (4, 4), 4, 4, 2, 1, 0, 1, 1, False), (2, 3, (4, 5), 6, 3, 2, 1, 1, 1, 1, True), (1, 6, (5, 4), 4, 3, 2, 1, 1, 2, 2, True),
        (1, 5, (6, 5), 5, 3, 2, 1, 1, 1, 5, True), (1, 8, (6, 7), 8, 3, 1, 1, 0, 1, 1, True), (1, 4, (3, 3), 2, (2, 3), (2, 3), 0, 0, 1, 1, False), (1, 3, (4, 4), 5, 1, 1, 0, 0, 1, 1, True),
        (2, 3, (7,), 4, 4, 2, 1, 1, 1, 1, True), (1, 4, (5,), 4, 3, 3, 0, 2, 1, 4, False),
    ):  # fmt: skip
        kernel = list(k) if isinstance(k, tuple) else [k] * len(size)
        weights = {"weight": u(c, o // g, *kernel, scale=0.5)}
        if bias:
            weights["bias"] = u(o)
        rank = len(size)
        f = F.conv_transpose2d if rank == 2 else F.conv_transpose1d
        function = (lambda *a: lambda t: f(t["x"], t["weight"], t.get("bias"), *a))(s, p, op, g, d)
        name = f"convTranspose{rank}d {n}x{c}x{label(size)} to {o}, k {label(k)} s {label(s)} p {p} + {op} d {d} g {g}{' bias' if bias else ''}"
        attributes = {"kernelSize": k, "stride": s, "padding": p, "outputPadding": op, "dilation": d, "groups": g, "bias": bias}
        cases.append(case(name, f"convTranspose{rank}d", attributes, (n, c, *size), function, weights))
    return cases


def others() -> list:
    cases = []
    for shape, size in (((2, 3, 6, 8), (3, 2)), ((1, 2, 7, 5), (3, 2)), ((1, 5, 4, 4), (1, 1)), ((1, 2, 3, 4), (5, 4))):
        function = (lambda s: lambda t: F.adaptive_max_pool2d(t["x"], s))(size)
        cases.append(case(f"adaptiveMaxPool2d {label(shape)} to {label(size)}", "adaptiveMaxPool2d", {"size": list(size)}, shape, function))
    for op, mode in (("reflectionPad2d", "reflect"), ("replicationPad2d", "replicate")):
        for shape, padding in (((2, 3, 5, 4), (1, 2, 0, 3)), ((1, 4, 3, 3), (2, 0, 1, 2))):
            function = (lambda p, m: lambda t: F.pad(t["x"], p, mode=m))(padding, mode)
            cases.append(case(f"{op} {label(shape)} by {label(padding)}", op, {"padding": list(padding)}, shape, function))
    return cases


def main() -> None:
    encode.write("resize.json", upsample() + transposed() + others())
