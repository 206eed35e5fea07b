"""What the golden files hold: float64 results in base64, each with the error of PyTorch's own float32 run."""

import base64
import json
import pathlib

import numpy as np
import torch

from tensors import uniform

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"


def significant(value: float) -> float:
    """Three digits are enough for an error; never rounded down to zero."""
    return float(f"{value:.3g}")


def tensor(exact: torch.Tensor, single: torch.Tensor, compact: bool = False) -> dict:
    """`compact` rounds the float64 results to float32 (6e-8 relative, far below every bar) to halve large files."""
    exact, single = exact.detach().double(), single.detach().double()
    data = np.ascontiguousarray(exact.numpy(), dtype="<f4" if compact else "<f8")
    return {
        "shape": list(exact.shape),
        "data32" if compact else "data": base64.b64encode(data.tobytes()).decode(),
        "float32Error": significant((exact - single).abs().max().item()) if exact.numel() else 0,
    }


def numbers(values) -> dict:
    data = np.asarray(values, dtype="<f8")
    return {"shape": list(data.shape), "data": base64.b64encode(data.tobytes()).decode()}


def relative_norm(exact: torch.Tensor, single: torch.Tensor) -> float:
    exact, single = exact.detach().double(), single.detach().double()
    return ((exact - single).norm() / exact.norm().clamp(min=1e-300)).item()


def fingerprint(name: str, exact: torch.Tensor, single: torch.Tensor, slice_size: int = 8) -> dict:
    """A large tensor in a few numbers: sum, L2 norm, projections on three generated vectors, a slice.

    Values are [sum, norm, p0, p1, p2, slice...]; `scale` is the norm times that of the generated vectors' elements, the
    size that a projection may take. The slice is spread evenly: elements floor(i * n / slice_size).
    """

    def values(t: torch.Tensor) -> np.ndarray:
        flat = t.detach().double().reshape(-1).numpy()
        n = len(flat)
        projections = [float(flat @ uniform(f"{name}#{k}", (n,)).astype(np.float64)) for k in range(3)]
        some = [flat[(i * n) // slice_size] for i in range(min(slice_size, n))]
        return np.array([flat.sum(), np.linalg.norm(flat), *projections, *some])

    a, b = values(exact), values(single)
    difference = np.abs(a - b)
    return {
        "name": name,
        "shape": list(exact.shape),
        "values": numbers(a)["data"],
        "float32Error": [significant(x) for x in (difference[0], difference[1], max(difference[2:5]), max(difference[5:]))],
        "float32RelativeNorm": significant(relative_norm(exact, single)),
    }


def write(file: str, content) -> None:
    DATA.mkdir(exist_ok=True)
    path = DATA / file
    # One case a line keeps differences readable.
    if isinstance(content, list):
        text = "[\n" + ",\n".join(json.dumps(item, separators=(",", ":")) for item in content) + "\n]\n"
    else:
        text = json.dumps(content, indent=1) + "\n"
    path.write_text(text)
    print(f"{file}: {len(text) / 1024:.0f} KB")


def write_rows(file: str, content: dict) -> None:
    """One element of each list a line."""
    DATA.joinpath(file).parent.mkdir(exist_ok=True)
    dump = lambda value: json.dumps(value, separators=(",", ":"))
    rows = lambda value: "[\n" + ",\n".join(map(dump, value)) + "\n]" if isinstance(value, list) else dump(value)
    text = "{\n" + ",\n".join(f"{dump(key)}: {rows(value)}" for key, value in content.items()) + "\n}\n"
    DATA.joinpath(file).write_text(text)
    print(f"{file}: {len(text) / 1024:.0f} KB")
