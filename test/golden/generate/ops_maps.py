"""Goldens of elementwise functions with broadcasting, reductions, LayerScale and PReLU. Shapes are as they are here."""

import torch

import encode
from case import run
from tensors import u

# Functions, and the interval of x: scale and offset.
UNARY = {
    "affine": (lambda x: 2.5 * x - 0.75, 1, 0, (2.5, -0.75)),
    "power": (lambda x: 1.5 * x**1.75, 0.9, 1, (1.5, 1.75)),
    "abs": (torch.abs, 1, 0, ()),
    "exp": (torch.exp, 2, 0, ()),
    "log": (torch.log, 0.9, 1, ()),
    "root": (torch.sqrt, 0.9, 1, ()),
    "erf": (torch.erf, 2, 0, ()),
    "clamp": (lambda x: torch.clamp(x, -0.5, 0.25), 1, 0, (-0.5, 0.25)),
    "sin": (torch.sin, 4, 0, ()),
    "cos": (torch.cos, 4, 0, ()),
    "tan": (torch.tan, 1.2, 0, ()),
    "asin": (torch.asin, 0.9, 0, ()),
    "acos": (torch.acos, 0.9, 0, ()),
    "atan": (torch.atan, 3, 0, ()),
    "sinh": (torch.sinh, 2, 0, ()),
    "cosh": (torch.cosh, 2, 0, ()),
    "asinh": (torch.asinh, 3, 0, ()),
    "acosh": (torch.acosh, 0.9, 2, ()),
    "atanh": (torch.atanh, 0.9, 0, ()),
}

BINARY = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "max": torch.maximum,
    "min": torch.minimum,
    "pow": torch.pow,
    "fmod": torch.fmod,
}

REDUCTIONS = {
    "sum": torch.sum,
    "mean": torch.mean,
    "max": torch.amax,
    "min": torch.amin,
    "l1": lambda x, dim, keepdim: torch.linalg.vector_norm(x, 1, dim, keepdim),
    "l2": lambda x, dim, keepdim: torch.linalg.vector_norm(x, 2, dim, keepdim),
    "sumSquares": lambda x, dim, keepdim: (x * x).sum(dim, keepdim),
    "logSum": lambda x, dim, keepdim: torch.log(x.sum(dim, keepdim)),
    "logSumExp": torch.logsumexp,
    "product": lambda x, dim, keepdim: torch.prod(x, dim[0], keepdim),
}


def label(shape) -> str:
    return "x".join(map(str, shape))


def unary() -> list:
    cases = []
    for kind, (function, scale, offset, numbers) in UNARY.items():
        inputs = {"x": u(3, 7, scale=scale, offset=offset), "dy": u(3, 7)}
        name = f"{kind} {' '.join(map(str, numbers))}".strip()
        cases.append(run(name, "unary", {"kind": kind, "numbers": list(numbers)}, inputs, lambda t: function(t["x"]), ["x"], compact=True))
    return cases


def binary() -> list:
    cases = []
    for kind, function in BINARY.items():
        for x, weight in (((2, 3, 5), (5,)), ((2, 3, 5), (3, 1)), ((3, 4), (1,)), ((2, 1, 4), (3, 1)), ((2, 2, 3, 2, 3), (2, 1, 2, 3))):
            positive = {"scale": 0.9, "offset": 1} if kind in ("pow", "div", "fmod") else {}
            out = torch.broadcast_shapes(x, weight)
            inputs = {"x": u(*x, **positive), "weight": u(*weight, **positive), "dy": u(*out)}
            name = f"{kind} {label(x)} by {label(weight)}"
            cases.append(run(name, "binary", {"kind": kind}, inputs, lambda t: function(t["x"], t["weight"]), ["x", "weight"], compact=True))
    return cases


def reductions() -> list:
    cases = []
    for kind, function in REDUCTIONS.items():
        for shape, axes, keep in (((2, 3, 5), [2], False), ((2, 4, 6), [1], True), ((2, 3, 2, 4, 3), [1, 3], False), ((1, 2, 3, 2, 9), [1, 2, 3, 4], True)):
            if kind == "product" and len(axes) > 1:
                continue
            values = {"scale": 0.9, "offset": 1} if kind == "logSum" else {}
            y = function(torch.ones(shape), axes, keep)
            inputs = {"x": u(*shape, **values), "dy": u(*y.shape)}
            name = f"{kind} {label(shape)} of {axes}{' kept' if keep else ''}"
            cases.append(run(name, "reduce", {"kind": kind, "axes": axes, "keepDims": keep}, inputs, lambda t: function(t["x"], axes, keep), ["x"], compact=True))
    # Of equal numbers each has a part of the gradient; a product of numbers with a 0, and with two.
    ties = {"x": {"kind": "bernoulli", "shape": [3, 8]}, "dy": u(3, 1)}
    cases.append(run("max of equal numbers", "reduce", {"kind": "max", "axes": [1], "keepDims": True}, ties, lambda t: torch.amax(t["x"], 1, True), ["x"], compact=True))
    zeros = {"x": {"kind": "bernoulli", "shape": [6, 2]}, "dy": u(6, 1)}
    cases.append(run("product with zeros", "reduce", {"kind": "product", "axes": [1], "keepDims": True}, zeros, lambda t: torch.prod(t["x"], 1, True), ["x"], compact=True))
    zero = {"x": u(2, 3, scale=0), "dy": u(2, 1)}
    cases.append(run("l2 of zeros", "reduce", {"kind": "l2", "axes": [1], "keepDims": True}, zero, lambda t: torch.linalg.vector_norm(t["x"], 2, 1, True), ["x"], compact=True))
    return cases


def layers() -> list:
    cases = []
    for shape in ((4, 7), (2, 3, 5)):
        inputs = {"x": u(*shape), "gamma": u(shape[-1]), "dy": u(*shape)}
        cases.append(run(f"layerScale {label(shape)}", "layerScale", {}, inputs, lambda t: t["x"] * t["gamma"], ["x", "gamma"], compact=True))
    for shape, slopes in (((4, 7), 7), ((4, 7), 1), ((3, 5), 5)):
        inputs = {"x": u(*shape), "weight": u(slopes), "dy": u(*shape)}
        cases.append(run(f"prelu {label(shape)} with {slopes}", "prelu", {}, inputs, lambda t: torch.nn.functional.prelu(t["x"], t["weight"]), ["x", "weight"], compact=True))
    return cases


def main() -> None:
    encode.write("maps.json", unary() + binary() + reductions() + layers())
