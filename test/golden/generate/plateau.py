"""Golden file for test/unit/train/plateau.test.ts: python3 test/golden/generate/plateau.py

Learning rates after each epoch of torch.optim.lr_scheduler.ReduceLROnPlateau, on made values.
"""
import itertools
import json
import pathlib

import torch

FALLING = [5.0, 4.0, 4.1, 4.0, 3.9999, 3.9996, 3.9, 3.95, 3.95, 3.95, 3.95, 3.95, 2.0, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1]
SIGNED = [0.5, 0.1, -0.2, -0.2, -0.20001, -0.3, -0.3, -0.29, -0.5, -0.5, -0.6, -0.6, -0.6, 0.0, 0.7, 0.7, 0.7, 0.7, 0.7, 0.71]
NAN = [float("nan"), 3.0, float("nan"), 3.0, 2.0, 2.0, float("nan"), 2.0, 2.0, 1.0]

cases = []
for values, mode, threshold_mode, (patience, cooldown, min_lr), threshold in itertools.product(
    (FALLING, SIGNED, NAN), ("min", "max"), ("rel", "abs"), ((0, 0, 0.0), (1, 0, 0.02), (2, 3, 0.0)), (1e-4, 0.05)
):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode=mode,
        factor=0.5,
        patience=patience,
        threshold=threshold,
        threshold_mode=threshold_mode,
        cooldown=cooldown,
        min_lr=min_lr,
    )
    rates = []
    for value in values:
        scheduler.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    options = {
        "mode": mode,
        "factor": 0.5,
        "patience": patience,
        "threshold": threshold,
        "thresholdMode": threshold_mode,
        "cooldown": cooldown,
        "minLr": min_lr,
    }
    cases.append({"options": options, "values": [None if v != v else v for v in values], "rates": rates})

path = pathlib.Path(__file__).parents[1] / "data" / "plateau.json"
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
