"""Golden file for test/unit/data/table.test.ts: python3 test/golden/generate/quantile.py

scikit-learn's QuantileTransformer(output_distribution="normal") written out with NumPy and the standard library's
inverse of the normal distribution, on columns with ties, few rows and many rows.
"""
import json
import pathlib
import statistics

import numpy as np

inverse = statistics.NormalDist().inv_cdf


def fit(values):
    points = min(1000, len(values))
    if points == len(values):  # percentiles that are the values themselves: rounding in nanpercentile would part ties
        return np.sort(values), np.linspace(0, 1, points)
    return np.nanpercentile(values, np.linspace(0, 1, points) * 100), np.linspace(0, 1, points)


def transform(values, quantiles, references):
    forward = np.interp(values, quantiles, references)
    backward = np.interp(-values, -quantiles[::-1], -references[::-1])
    ranks = 0.5 * (forward - backward)
    ranks[values <= quantiles[0]] = 0
    ranks[values >= quantiles[-1]] = 1
    return [inverse(min(max(rank, 1e-7), 1 - 1e-7)) for rank in ranks]


rng = np.random.default_rng(7)
columns = {
    "skewed": np.exp(rng.standard_normal(40)).round(3),
    "ties": rng.integers(0, 6, 30).astype(float),
    "many": rng.standard_normal(1500).round(2),
    "two": np.array([3.0, -1.0]),
}
cases = {}
for name, train in columns.items():
    quantiles, references = fit(train)
    test = np.concatenate([train[:20], rng.uniform(train.min() - 1, train.max() + 1, 20).round(3)])
    cases[name] = {"train": train.tolist(), "test": test.tolist(), "normal": transform(test, quantiles, references)}
tails = [10.0**-k for k in range(1, 16)] + [0.5, 0.075, 0.0750001, 0.925, 0.3, 0.99, 1 - 1e-9]
out = pathlib.Path(__file__).parents[1] / "tables"
out.mkdir(exist_ok=True)
(out / "quantile.json").write_text(
    json.dumps({"cases": cases, "inverse": [[p, inverse(p)] for p in tails]}) + "\n"
)
