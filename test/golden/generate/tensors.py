"""Numbers made from names, the same to the bit in Python and in TypeScript (`../generator.ts`).

Element i of the tensor `name` is a hash of (name, i), so that neither order nor chunking matters. Only exact float32
steps lead from the hash to the value: 24 bits make a multiple of 2^-23 in [-1, 1).
"""

import numpy as np
import torch


def mix(x: np.ndarray) -> np.ndarray:
    """lowbias32 by Chris Wellons: a bijection of 32 bits with low avalanche bias."""
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def fnv1a(text: str) -> int:
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def bits(name: str, n: int) -> np.ndarray:
    """n words: mix(mix(i + key) ^ key)."""
    key = mix(np.array([fnv1a(name)], np.uint32))[0]
    out = np.empty(n, np.uint32)
    chunk = 1 << 18  # 1 MB of words at a time stays in the second-level cache
    for at in range(0, n, chunk):
        i = np.arange(at, min(at + chunk, n), dtype=np.uint32)
        out[at : at + len(i)] = mix(mix(i + key) ^ key)
    return out


def uniform(name: str, shape, scale: float = 1.0, offset: float = 0.0) -> np.ndarray:
    """float32(float32(u * scale) + offset) with u in [-1, 1)."""
    n = int(np.prod(shape))
    u = (bits(name, n) >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    value = u * np.float32(scale) + np.float32(offset)
    return value.reshape(shape)


def indices(name: str, shape, below: int) -> np.ndarray:
    """Integers in [0, below): the high word of hash * below."""
    n = int(np.prod(shape))
    return ((bits(name, n).astype(np.uint64) * np.uint64(below)) >> np.uint64(32)).astype(np.int64).reshape(shape)


def distribution(name: str, shape) -> np.ndarray:
    """Rows of probabilities. The row sums are exact in float64: all terms are multiples of 2^-23."""
    positive = uniform(name, shape, 1.0, 1.125).astype(np.float64)
    return (positive / positive.sum(axis=-1, keepdims=True)).astype(np.float32)


def images(name: str, shape) -> np.ndarray:
    """[n, c, h, w], coarse squares of 8x8 pixels plus fine noise: float32(coarse * 1.5 + fine)."""
    n, c, h, w = shape
    rows, cols = -(-h // 8), -(-w // 8)
    coarse = uniform(f"{name}/coarse", (n, c, rows, cols), 1.5)
    return coarse.repeat(8, 2).repeat(8, 3)[:, :, :h, :w] + uniform(name, shape)


def make(name: str, spec: dict) -> np.ndarray:
    """The tensor that a spec describes; `../load.ts` has the twin."""
    kind, shape = spec["kind"], spec["shape"]
    if kind == "uniform":
        return uniform(name, shape, spec["scale"], spec["offset"])
    if kind == "index":
        return indices(name, shape, spec["below"])
    if kind == "distribution":
        return distribution(name, shape)
    if kind == "bernoulli":
        return indices(name, shape, 2).astype(np.float32)
    if kind == "values":
        return np.array(spec["values"], np.float32).reshape(shape)
    raise ValueError(kind)


def to_torch(array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def u(*shape: int, scale: float = 1.0, offset: float = 0.0) -> dict:
    return {"kind": "uniform", "shape": list(shape), "scale": scale, "offset": offset}
