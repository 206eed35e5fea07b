"""Golden file for test/e2e/model/calibrate.test.ts: python3 test/golden/generate/calibration.py

Temperatures of the least negative log-likelihood by SciPy's bounded search, and expected calibration errors, of made logits whose
largest is right in some of the cases.
"""
import json
import pathlib

import numpy as np
from scipy.optimize import minimize_scalar

from tensors import indices, uniform


def nll(logits, labels, temperature):
    z = logits / temperature
    top = z.max(axis=1)
    return float((top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - z[np.arange(len(labels)), labels]).mean())


def ece(logits, labels, temperature, bins=15):
    z = (logits / temperature).astype("f4").astype("f8")
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    where = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    inside = [where == i for i in range(bins)]
    return float(sum(i.mean() * abs(right[i].mean() - confidence[i].mean()) for i in inside if i.any()))


cases = []
for name, n, classes, scale, right in (("sure", 300, 5, 8, 0.6), ("shy", 200, 10, 0.4, 0.9), ("two", 150, 2, 3, 0.8)):
    logits = uniform(f"calibration/{name}/x", (n, classes), scale).astype("f8")
    drawn = uniform(f"calibration/{name}/right", (n,), 0.5, 0.5)
    labels = np.where(drawn < right, logits.argmax(axis=1), indices(f"calibration/{name}/labels", (n,), classes))
    found = minimize_scalar(
        lambda b: nll(logits, labels, 1 / b), bounds=(0.01, 100), method="bounded", options={"xatol": 1e-12, "maxiter": 500}
    )
    temperature = 1 / found.x
    cases.append({
        "name": name,
        "samples": n,
        "classes": classes,
        "scale": scale,
        "right": right,
        "temperature": temperature,
        "before": {"nll": nll(logits, labels, 1), "ece": ece(logits, labels, 1)},
        "after": {"nll": nll(logits, labels, temperature), "ece": ece(logits, labels, temperature)},
    })
path = pathlib.Path(__file__).parents[1] / "data" / "calibration.json"
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
