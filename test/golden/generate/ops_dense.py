"""Goldens of every op on features: linear, activations, softmax, norms, losses."""

import torch
import torch.nn.functional as F

import encode
from case import run
from tensors import u

# kind: (function of x and the parameter, the parameters tried)
ACTIVATIONS = {
    "relu": (lambda x, _: F.relu(x), [0.0]),
    "leakyRelu": (F.leaky_relu, [0.01, 0.2]),
    "gelu": (lambda x, _: F.gelu(x), [0.0]),
    "geluTanh": (lambda x, _: F.gelu(x, approximate="tanh"), [0.0]),
    "silu": (lambda x, _: F.silu(x), [0.0]),
    "sigmoid": (lambda x, _: torch.sigmoid(x), [0.0]),
    "tanh": (lambda x, _: torch.tanh(x), [0.0]),
    "elu": (F.elu, [1.0, 0.5]),
    "hardswish": (lambda x, _: F.hardswish(x), [0.0]),
}

# Those of mobile networks and later ones, in a file of their own.
FURTHER_ACTIVATIONS = {
    "relu6": (lambda x, _: F.relu6(x), [0.0]),
    "hardsigmoid": (lambda x, _: F.hardsigmoid(x), [0.0]),
    "mish": (lambda x, _: F.mish(x), [0.0]),
    "softplus": (F.softplus, [1.0, 2.5]),
}

# Where activations saturate, overflow when written naively, or change branch (hardswish's kinks at +-3 are left out:
# PyTorch versions differ there).
EDGES = [0.0, 1e-30, -1e-30, 1e-7, -1e-7, 1e-3, -1e-3, 0.5, -0.5, 2.999, -2.999, 3.001, -3.001, 5.5, -5.5, 8.7, -8.7,
         12.0, -12.0, 20.0, -20.0, 50.0, -50.0, 87.0, -87.0, 88.8, -88.8, 104.0, -104.0, 1e4, -1e4]  # fmt: skip


def linear() -> list:
    cases = []
    shapes = [([1], 1, 1), ([1], 5, 3), ([4], 7, 9), ([8], 16, 8), ([3], 64, 17), ([17], 33, 12), ([2, 3], 5, 4), ([5], 200, 10)]
    for rows, k, n in shapes:
        for bias in (True, False):
            if not bias and k > 64:
                continue
            inputs = {"x": u(*rows, k), "weight": u(n, k), "dy": u(*rows, n)}
            grad = ["x", "weight"]
            if bias:
                inputs["bias"] = u(n)
                grad.append("bias")
            name = f"linear {'x'.join(map(str, rows))} {k}-{n}{'' if bias else ' no bias'}"
            cases.append(run(name, "linear", {"bias": bias}, inputs, lambda t: F.linear(t["x"], t["weight"], t.get("bias")), grad))
    return cases


def elementwise(kinds: dict) -> list:
    cases = []
    for kind, (function, params) in kinds.items():
        for param in params:
            apply = (lambda f, p: lambda t: f(t["x"], p))(function, param)
            attributes = {"kind": kind, "param": param}
            label = f"{kind}{f' {param}' if param else ''}"
            edges = {"kind": "values", "shape": [len(EDGES)], "values": EDGES}
            for what, x in (("", u(7, 9, scale=5)), (" edges", edges)):
                inputs = {"x": x, "dy": u(*x["shape"])}
                cases.append(run(f"activation {label}{what}", "activation", attributes, inputs, apply, ["x"]))
    return cases


def activations() -> list:
    cases = elementwise(ACTIVATIONS)
    for log in (False, True):
        function = F.log_softmax if log else F.softmax
        for rows, cols, scale in (([3], 1, 1.0), ([5], 10, 3.0), ([4], 33, 1.0), ([2, 3], 7, 30.0), ([2], 4, 1000.0)):
            inputs = {"x": u(*rows, cols, scale=scale), "dy": u(*rows, cols)}
            name = f"{'logSoftmax' if log else 'softmax'} {'x'.join(map(str, rows))} {cols} scale {scale:g}"
            cases.append(run(name, "softmax", {"log": log}, inputs, lambda t: function(t["x"], dim=-1), ["x"]))
    return cases


def norms() -> list:
    cases = []
    for rows, cols, offset, eps, affine in (
        ([5], 7, 0.0, 1e-5, True), ([4], 64, 3.0, 1e-5, True), ([2, 3], 9, 0.0, 1e-3, True),
        ([3], 33, -1.0, 1e-5, False), ([1], 128, 0.0, 1e-5, True), ([3], 1, 0.5, 1e-5, True),
    ):  # fmt: skip
        inputs = {"x": u(*rows, cols, scale=2, offset=offset), "dy": u(*rows, cols)}
        grad = ["x"]
        if affine:
            inputs.update(weight=u(cols, scale=0.5, offset=1), bias=u(cols))
            grad += ["weight", "bias"]
        name = f"layerNorm {'x'.join(map(str, rows))} {cols} offset {offset:g} eps {eps:g}{'' if affine else ' plain'}"
        function = (lambda c, e: lambda t: F.layer_norm(t["x"], [c], t.get("weight"), t.get("bias"), e))(cols, eps)
        cases.append(run(name, "layerNorm", {"eps": eps, "affine": affine}, inputs, function, grad))
    for rows, channels in ((3, 3), (5, 1), (16, 7), (33, 16), (64, 9)):
        for mode in ("training", "eval"):
            for affine in (True, False):
                if not affine and rows not in (5, 16):
                    continue
                momentum, eps = (0.3, 1e-3) if rows == 16 else (0.1, 1e-5)
                cases.append(batch_norm([rows, channels], mode, affine, momentum, eps, "batchNorm1d", 0.5))
    cases.append(batch_norm([32, 6], "training", True, 0.1, 1e-5, "batchNorm1d", 30.0))  # mean far above the deviation
    return cases


def batch_norm(shape: list, mode: str, affine: bool, momentum: float, eps: float, op: str, offset: float, compact: bool = False) -> dict:
    """Training: statistics of the batch, running ones updated. Evaluation and frozen: running ones, unchanged."""
    channels = shape[1]
    inputs = {
        "x": u(*shape, scale=2, offset=offset),
        "runningMean": u(channels),
        "runningVar": u(channels, scale=0.5, offset=1),
        "dy": u(*shape),
    }
    grad = ["x"]
    if affine:
        inputs.update(weight=u(channels, scale=0.5, offset=1), bias=u(channels))
        grad += ["weight", "bias"]
    training = mode == "training"

    def function(t):
        mean, variance = t["runningMean"].clone(), t["runningVar"].clone()
        y = F.batch_norm(t["x"], mean, variance, t.get("weight"), t.get("bias"), training, momentum, eps)
        return {"y": y, "newRunningMean": mean, "newRunningVar": variance}

    name = f"{op} {'x'.join(map(str, shape))} {mode}{'' if affine else ' plain'} offset {offset:g}"
    attributes = {"mode": mode, "affine": affine, "momentum": momentum, "eps": eps}
    return run(name, op, attributes, inputs, function, grad, compact)


def group_norm(shape: list, groups: int, affine: bool, eps: float, offset: float, compact: bool = False) -> dict:
    channels = shape[1]
    inputs = {"x": u(*shape, scale=2, offset=offset), "dy": u(*shape)}
    grad = ["x"]
    if affine:
        inputs.update(weight=u(channels, scale=0.5, offset=1), bias=u(channels))
        grad += ["weight", "bias"]
    function = lambda t: F.group_norm(t["x"], groups, t.get("weight"), t.get("bias"), eps)  # noqa: E731
    name = f"groupNorm {'x'.join(map(str, shape))} in {groups} offset {offset:g} eps {eps:g}{'' if affine else ' plain'}"
    return run(name, "groupNorm", {"groups": groups, "eps": eps, "affine": affine}, inputs, function, grad, compact)


def instance_norm(shape: list, affine: bool, eps: float, offset: float) -> dict:
    case = group_norm(shape, shape[1], affine, eps, offset, True)
    inputs, grad = case["inputs"], ["x", *(["weight", "bias"] if affine else [])]
    function = lambda t: F.instance_norm(t["x"], weight=t.get("weight"), bias=t.get("bias"), eps=eps)  # noqa: E731
    name = case["name"].replace("groupNorm", "instanceNorm2d")
    return run(name, "instanceNorm2d", {"eps": eps, "affine": affine}, inputs, function, grad, True)


def group_norms() -> list:
    return [
        # features
        group_norm([5, 8], 2, True, 1e-5, 0.0), group_norm([3, 33], 11, True, 1e-5, 0.5), group_norm([4, 12], 4, False, 1e-3, -1.0),
        # images: groups of 1 (instance norm), 2, 3, 5, 8 and all channels, sides that are no multiples of anything
        group_norm([2, 6, 5, 4], 3, True, 1e-5, 0.5, True), group_norm([1, 64, 7, 5], 32, True, 1e-5, 0.0, True),
        group_norm([2, 9, 4, 4], 3, True, 1e-5, 0.5, True), group_norm([2, 15, 3, 5], 3, True, 1e-3, 0.5, True),
        group_norm([3, 16, 6, 6], 2, False, 1e-5, 0.0, True), group_norm([2, 7, 5, 5], 7, True, 1e-5, 1.0, True),
        group_norm([2, 10, 6, 3], 1, True, 1e-5, -1.0, True), group_norm([1, 256, 3, 3], 32, True, 1e-5, 0.5, True),
        group_norm([2, 24, 9, 8], 4, True, 1e-5, 30.0, True),  # mean far above the deviation
        instance_norm([2, 5, 6, 7], True, 1e-5, 0.5), instance_norm([1, 16, 4, 4], False, 1e-3, -1.0),
    ]  # fmt: skip


def losses() -> list:
    cases = []
    for rows, classes, scale in ((1, 2, 1.0), (5, 10, 3.0), (7, 33, 1.0), (3, 4, 40.0), (32, 10, 5.0)):
        for smoothing in (0.0, 0.1):
            for probabilities in (False, True):
                target = {"kind": "distribution", "shape": [rows, classes]} if probabilities else {"kind": "index", "shape": [rows], "below": classes}
                inputs = {"x": u(rows, classes, scale=scale), "target": target}
                name = f"crossEntropy {rows}x{classes} scale {scale:g} {'probabilities' if probabilities else 'indices'} smoothing {smoothing:g}"
                function = (lambda s: lambda t: F.cross_entropy(t["x"], t["target"], label_smoothing=s))(smoothing)
                attributes = {"probabilities": probabilities, "smoothing": smoothing}
                cases.append(run(name, "crossEntropy", attributes, inputs, function, ["x"]))
    for shape, scale in (((1, 1), 1.0), ((5, 7), 2.0), ((16, 3), 20.0)):
        label = f"{shape[0]}x{shape[1]} scale {scale:g}"
        pair = {"x": u(*shape, scale=scale), "target": u(*shape, scale=scale)}
        cases.append(run(f"mse {label}", "mse", {}, pair, lambda t: F.mse_loss(t["x"], t["target"]), ["x"]))
        for delta in (1.0, 0.25):
            function = (lambda d: lambda t: F.huber_loss(t["x"], t["target"], delta=d))(delta)
            cases.append(run(f"huber {label} delta {delta:g}", "huber", {"delta": delta}, pair, function, ["x"]))
        for soft in (False, True):
            target = u(*shape, scale=0.5, offset=0.5) if soft else {"kind": "bernoulli", "shape": list(shape)}
            inputs = {"x": u(*shape, scale=scale * 4), "target": target}
            function = lambda t: F.binary_cross_entropy_with_logits(t["x"], t["target"])  # noqa: E731
            cases.append(run(f"bceWithLogits {label}{' soft' if soft else ''}", "bceWithLogits", {}, inputs, function, ["x"]))
    return cases


def weighted_cross_entropy(shape: list, classes: int, smoothing: float, probabilities: bool, by: str) -> dict:
    """`by`: which weights there are, of "classes", "samples" and "ignore" (every third label). The mean is PyTorch's; with
    weights of samples, which PyTorch does not know, it is divided by the sum of what each row counts."""
    attributes = {"probabilities": probabilities, "smoothing": smoothing, "by": by}
    n, *places = shape
    target = {"kind": "distribution", "shape": [*shape, classes]} if probabilities else {"kind": "index", "shape": shape, "below": classes}
    inputs = {"x": u(*shape, classes, scale=3.0), "target": target}
    if "classes" in by:
        inputs["classWeights"] = u(classes, scale=0.9, offset=1.0)
    if "samples" in by:
        inputs["weights"] = u(n, scale=0.9, offset=1.0)
    if "ignore" in by:
        attributes["ignoreIndex"] = 255

    def function(t):
        x, target, weight = t["x"].movedim(-1, 1), t["target"], t.get("classWeights")
        if probabilities:
            target = target.movedim(-1, 1)
        if "ignore" in by:
            target = target.clone()
            target.view(-1)[1::3] = 255
        options = {"weight": weight, "label_smoothing": smoothing, **({} if probabilities else {"ignore_index": 255})}
        if "samples" not in by:
            return F.cross_entropy(x, target, **options)
        samples = t["weights"].reshape([n] + [1] * len(places)).expand(shape)
        counts = samples
        if not probabilities:
            kept = target != 255
            counts = samples * kept * (1 if weight is None else weight[target.clamp(max=classes - 1)])
        return (F.cross_entropy(x, target, reduction="none", **options) * samples).sum() / counts.sum()

    name = f"crossEntropy {'x'.join(map(str, shape))} {classes} {'probabilities' if probabilities else 'indices'} smoothing {smoothing:g} by {by}"
    return run(name, "crossEntropy", attributes, inputs, function, ["x"])


def weighted_bce(shape: list, scale: float, soft: bool, positives: str, samples: bool) -> dict:
    target = u(*shape, scale=0.5, offset=0.5) if soft else {"kind": "bernoulli", "shape": shape}
    inputs = {"x": u(*shape, scale=scale), "target": target}
    if positives != "none":
        inputs["posWeight"] = u(1 if positives == "one" else shape[-1], scale=4.0, offset=5.0)
    if samples:
        inputs["weights"] = u(shape[0], scale=0.9, offset=1.0)

    def function(t):
        pos_weight = t.get("posWeight")
        if not samples:
            return F.binary_cross_entropy_with_logits(t["x"], t["target"], pos_weight=pos_weight)
        each = F.binary_cross_entropy_with_logits(t["x"], t["target"], pos_weight=pos_weight, reduction="none")
        weights = t["weights"].reshape([shape[0]] + [1] * (len(shape) - 1)).expand(shape)
        return (each * weights).sum() / weights.sum()

    name = f"bceWithLogits {'x'.join(map(str, shape))} scale {scale:g}{' soft' if soft else ''} pos {positives}{' samples' if samples else ''}"
    return run(name, "bceWithLogits", {}, inputs, function, ["x"])


def weighted_losses() -> list:
    cases = []
    for shape, classes in (([1], 2), ([5], 10), ([32], 3), ([2, 3, 4], 5)):
        for smoothing in (0.0, 0.1):
            for by in ("classes", "ignore", "samples", "classes ignore", "classes ignore samples"):
                cases.append(weighted_cross_entropy(shape, classes, smoothing, False, by))
            for by in ("classes", "classes samples"):
                cases.append(weighted_cross_entropy(shape, classes, smoothing, True, by))
    for shape, scale in (([4, 1], 2.0), ([6, 5], 8.0)):
        for soft in (False, True):
            for positives, samples in (("one", False), ("each", False), ("each", True), ("none", True)):
                cases.append(weighted_bce(shape, scale, soft, positives, samples))
    for op, function in (("mse", F.mse_loss), ("huber", F.huber_loss)):
        inputs = {"x": u(6, 3, scale=2.0), "target": u(6, 3, scale=2.0), "weights": u(6, scale=0.9, offset=1.0)}
        mean = (lambda f: lambda t: (f(t["x"], t["target"], reduction="none").mean(1) * t["weights"]).sum() / t["weights"].sum())(function)
        cases.append(run(f"{op} 6x3 samples", op, {"delta": 1.0} if op == "huber" else {}, inputs, mean, ["x"]))
    return cases


def main() -> None:
    encode.write("linear.json", linear())
    encode.write("activations.json", activations())
    encode.write("activations-further.json", elementwise(FURTHER_ACTIVATIONS))
    encode.write("norms.json", norms())
    encode.write("norms-group.json", group_norms())
    encode.write("losses.json", losses())
    encode.write("losses-weighted.json", weighted_losses())
