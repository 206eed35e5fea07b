"""Runs one op in float64 and in float32 from the same float32 inputs, forward and backward."""

import torch

import encode
from tensors import make, to_torch


def run(name: str, op: str, attributes: dict, inputs: dict, function, grad: list, compact: bool = False) -> dict:
    """`function` takes a dictionary of tensors and returns y or a dictionary with y first; `grad` names the inputs
    whose gradient is recorded as d<name>. The cotangent is the input `dy` where there is one, else 1."""
    arrays = {key: make(f"{name}/{key}", spec) for key, spec in inputs.items()}
    results = []
    for dtype in (torch.float64, torch.float32):
        tensors = {key: to_torch(array, dtype) for key, array in arrays.items()}
        for key in grad:
            tensors[key].requires_grad_(True)
        outputs = function(tensors)
        if not isinstance(outputs, dict):
            outputs = {"y": outputs}
        y = next(iter(outputs.values()))
        if grad:
            y.backward(tensors.get("dy"))
        results.append({**outputs, **{f"d{key}": tensors[key].grad for key in grad}})
    exact, single = results
    return {
        "name": name,
        "op": op,
        "attributes": attributes,
        "inputs": inputs,
        "outputs": {key: encode.tensor(exact[key], single[key], compact) for key in exact},
    }
