"""Learning-rate factors of torch.optim.lr_scheduler: python3 test/golden/generate/schedules.py"""

import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as S

STEPS = 40
LR = 0.5


def table(make) -> list:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = make(optimizer)
    factors = []
    for _ in range(STEPS):
        factors.append(optimizer.param_groups[0]["lr"] / LR)
        optimizer.step()
        scheduler.step()
    return factors


CASES = {
    "constant": ("constant", {}, lambda o: S.ConstantLR(o, 1.0, 1)),
    "stepLR": ("stepLR", {"stepSize": 7, "gamma": 0.3}, lambda o: S.StepLR(o, 7, 0.3)),
    "stepLR default": ("stepLR", {"stepSize": 10}, lambda o: S.StepLR(o, 10)),
    "multiStepLR": ("multiStepLR", {"milestones": [3, 10, 10, 25], "gamma": 0.5}, lambda o: S.MultiStepLR(o, [3, 10, 10, 25], 0.5)),
    "multiStepLR from 0": ("multiStepLR", {"milestones": [0, 8]}, lambda o: S.MultiStepLR(o, [0, 8])),
    "cosineAnnealing": ("cosineAnnealing", {"tMax": 40}, lambda o: S.CosineAnnealingLR(o, 40)),
    "cosineAnnealing to a floor": ("cosineAnnealing", {"tMax": 39, "etaMinFactor": 0.1}, lambda o: S.CosineAnnealingLR(o, 39, 0.1 * LR)),
    "oneCycle": ("oneCycle", {"totalSteps": 41}, lambda o: S.OneCycleLR(o, LR, 41, cycle_momentum=False)),
    "oneCycle in other proportions": (
        "oneCycle", {"totalSteps": 45, "pctStart": 0.6, "divFactor": 10, "finalDivFactor": 100},
        lambda o: S.OneCycleLR(o, LR, 45, pct_start=0.6, div_factor=10, final_div_factor=100, cycle_momentum=False),
    ),
    "warmup": ("warmup", {"steps": 12, "startFactor": 0.25}, lambda o: S.LinearLR(o, 0.25, 1.0, 12)),
    "warmup by default": ("warmup", {"steps": 8}, lambda o: S.LinearLR(o, 1 / 8, 1.0, 8)),
}  # fmt: skip

warnings.simplefilter("ignore")
out = pathlib.Path(__file__).parents[1] / "data" / "schedules.json"
rows = [{"name": name, "schedule": kind, "options": options, "factors": table(make)} for name, (kind, options, make) in CASES.items()]
out.write_text("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")
