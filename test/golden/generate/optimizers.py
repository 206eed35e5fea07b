"""Ten steps of every optimiser under given gradients, and clipping by the global norm."""

import torch

import encode
from tensors import to_torch, uniform

N = 7
STEPS = 10

OPTIMIZERS = [
    ("sgd", "SGD", dict(lr=0.1)),
    ("sgd weight decay", "SGD", dict(lr=0.1, weight_decay=0.01)),
    ("sgd momentum", "SGD", dict(lr=0.05, momentum=0.9)),
    ("sgd momentum dampening", "SGD", dict(lr=0.05, momentum=0.9, dampening=0.3)),
    ("sgd momentum dampening weight decay", "SGD", dict(lr=0.05, momentum=0.8, dampening=0.5, weight_decay=0.1)),
    ("sgd nesterov", "SGD", dict(lr=0.05, momentum=0.9, nesterov=True)),
    ("sgd nesterov weight decay", "SGD", dict(lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)),
    ("adam", "Adam", dict(lr=1e-3)),
    ("adam betas eps", "Adam", dict(lr=0.01, betas=(0.8, 0.95), eps=1e-6)),
    ("adam weight decay", "Adam", dict(lr=0.01, weight_decay=0.05)),
    ("adam amsgrad", "Adam", dict(lr=0.01, betas=(0.8, 0.9), amsgrad=True)),
    ("adamw", "AdamW", dict(lr=1e-3)),
    ("adamw amsgrad", "AdamW", dict(lr=0.01, weight_decay=0.1, amsgrad=True)),
    ("rmsprop", "RMSprop", dict(lr=0.01)),
    ("rmsprop weight decay", "RMSprop", dict(lr=0.01, alpha=0.9, eps=1e-4, weight_decay=0.1)),
    ("rmsprop momentum", "RMSprop", dict(lr=1e-3, momentum=0.9)),
    ("rmsprop centered", "RMSprop", dict(lr=0.01, alpha=0.9, centered=True)),
    ("rmsprop centered momentum", "RMSprop", dict(lr=1e-3, momentum=0.8, weight_decay=0.05, centered=True)),
    ("adagrad", "Adagrad", dict(lr=0.05)),
    ("adagrad decay", "Adagrad", dict(lr=0.1, lr_decay=0.1, weight_decay=0.05, initial_accumulator_value=0.2, eps=1e-6)),
    ("adamw weight decay", "AdamW", dict(lr=0.01, weight_decay=0.1)),
]
CAMEL = {
    "weight_decay": "weightDecay",
    "lr_decay": "lrDecay",
    "initial_accumulator_value": "initialAccumulatorValue",
}


def trajectory(kind: str, options: dict, dtype: torch.dtype, halve: bool) -> torch.Tensor:
    w = to_torch(uniform("optimizer/w", (N,)), dtype).requires_grad_(True)
    optimizer = getattr(torch.optim, kind)([w], **options)
    rows = []
    for step in range(STEPS):
        if halve and step == 5:
            optimizer.param_groups[0]["lr"] *= 0.5
        w.grad = to_torch(uniform(f"optimizer/g{step}", (N,)), dtype)
        optimizer.step()
        rows.append(w.detach().clone())
    return torch.stack(rows)


def clipping() -> list:
    cases = []
    for max_norm, scale in ((1.0, 1.0), (100.0, 1.0), (0.5, 1e-3), (1e-3, 1e3), (1.0, 0.0)):
        results = []
        for dtype in (torch.float64, torch.float32):
            parameters = []
            for key, shape in (("a", (3, 5)), ("b", (11,))):
                p = torch.zeros(shape, dtype=dtype, requires_grad=True)
                p.grad = to_torch(uniform(f"clip/{key}", shape, scale), dtype)
                parameters.append(p)
            norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
            results.append([norm, *(p.grad for p in parameters)])
        cases.append({
            "maxNorm": max_norm, "scale": scale,
            **{key: encode.tensor(a, b) for key, a, b in zip(("norm", "a", "b"), *results)},
        })  # fmt: skip
    return cases


def main() -> None:
    cases = []
    for halve in (False, True):
        for name, kind, options in OPTIMIZERS:
            exact, single = (trajectory(kind, options, dtype, halve) for dtype in (torch.float64, torch.float32))
            cases.append({
                "name": name + (" halved" if halve else ""),
                "optimizer": kind,
                "options": {CAMEL.get(key, key): value for key, value in options.items()},
                "halveLrAtStep": 5 if halve else None,
                "n": N, "steps": STEPS,
                "weights": encode.tensor(exact, single),
            })  # fmt: skip
    encode.write("optimizers.json", cases)
    encode.write("clipping.json", clipping())


