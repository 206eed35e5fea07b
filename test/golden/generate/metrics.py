"""Golden file for test/unit/metrics: python3 test/golden/generate/metrics.py

scikit-learn's metrics of made outputs. Inputs come from names (tensors.py), so that only results are stored; expected calibration
errors, which scikit-learn lacks, are its definition (Guo et al. 2017, equation 3) written out with NumPy.
"""
import json
import math
import pathlib
import warnings

import numpy as np
from sklearn import metrics as sk

from tensors import indices, uniform

warnings.simplefilter("ignore")
AVERAGES = {"macro": "macro", "micro": "micro", "weighted": "weighted", "none": None}


def plain(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    value = float(value)
    return None if math.isnan(value) else value


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def binned(confidence, right, weights, bins):
    where = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = []
    for i in range(bins):
        inside = where == i
        amount = weights[inside].sum()
        rows.append([
            amount,
            (weights * confidence)[inside].sum() / amount if amount else 0,
            (weights * right)[inside].sum() / amount if amount else 0,
        ])
    rows = np.array(rows)
    return rows, float((rows[:, 0] * np.abs(rows[:, 1] - rows[:, 2])).sum() / rows[:, 0].sum())


def ranked(measure, truth, scores, weights):
    """Of each class against all others, as scikit-learn's macro averages take it; null where a class is not there."""
    values, amounts = [], []
    for i in range(truth.shape[1]):
        amounts.append(weights[truth[:, i] == 1].sum())
        both = 0 < truth[:, i].sum() < len(truth)
        values.append(measure(truth[:, i], scores[:, i], sample_weight=weights) if both else math.nan)
    values, amounts = np.array(values), np.array(amounts)
    there = ~np.isnan(values)
    flat = np.repeat(weights, truth.shape[1])
    return {
        "none": values,
        "macro": values[there].mean(),
        "weighted": np.average(values[there], weights=amounts[there]) if amounts[there].sum() else math.nan,
        "micro": measure(truth.reshape(-1), scores.reshape(-1), sample_weight=flat),
    }


def counted(truth, predicted, weights, labels):
    result = {}
    for name, of in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)):
        for average, given in AVERAGES.items():
            chosen = labels if average == "none" else None
            result[f"{name} {average}"] = of(
                truth, predicted, average=given, labels=chosen, sample_weight=weights, zero_division=0
            )
    return result


def classes_case(name, n, classes, quantised=False, missing=None):
    logits = uniform(f"{name}/outputs", (n, classes), 3).astype("f8")
    if quantised:
        logits = np.floor(logits * 2 + 0.5) / 2
    truth = indices(f"{name}/targets", (n,), classes)
    if missing is not None:
        truth = np.where(truth == missing, 0, truth)
    weights = uniform(f"{name}/weights", (n,), 0.4, 0.6).astype("f8")
    predicted, probabilities = logits.argmax(axis=1), softmax(logits)
    confidence, right = probabilities.max(axis=1), (predicted == truth).astype("f8")
    hot = np.eye(classes)[truth]
    cases = {}
    for weighting in ("plain", "weighted"):
        w = weights if weighting == "weighted" else np.ones(n)
        result = {
            "accuracy": sk.accuracy_score(truth, predicted, sample_weight=w),
            "confusionMatrix": sk.confusion_matrix(truth, predicted, labels=range(classes), sample_weight=w),
            **counted(truth, predicted, w, list(range(classes))),
        }
        if classes > 2 and not quantised:
            order = np.argsort(-logits, axis=1, kind="stable")
            for k in (1, 2, 3):
                if missing is None:
                    result[f"top{k}"] = sk.top_k_accuracy_score(truth, logits, k=k, sample_weight=w)
                assert missing is not None or math.isclose(
                    result[f"top{k}"], np.average((order[:, :k] == truth[:, None]).any(axis=1), weights=w)
                )
        if classes == 2:
            scores = logits[:, 1] - logits[:, 0]
            result["rocAuc macro"] = sk.roc_auc_score(truth, scores, sample_weight=w)
            result["averagePrecision macro"] = sk.average_precision_score(truth, scores, sample_weight=w)
        elif not quantised:
            for key, of in (("rocAuc", sk.roc_auc_score), ("averagePrecision", sk.average_precision_score)):
                for average, value in ranked(of, hot, probabilities, w).items():
                    result[f"{key} {average}"] = value
            if missing is None:
                ovr = sk.roc_auc_score(truth, probabilities, multi_class="ovr", average="macro", sample_weight=w)
                assert math.isclose(result["rocAuc macro"], ovr)
        for bins in (10, 15):
            rows, error = binned(confidence, right, w, bins)
            result[f"ece {bins}"] = error
            if bins == 10:
                result["reliability 10"] = rows
        cases[weighting] = {key: plain(value) for key, value in result.items()}
    return {"task": "classes", "name": name, "samples": n, "width": classes, "quantised": quantised, "missing": missing, **cases}


def labels_case(name, n, labels):
    logits = uniform(f"{name}/outputs", (n, labels), 3).astype("f8")
    truth = indices(f"{name}/targets", (n, labels), 2)
    weights = uniform(f"{name}/weights", (n,), 0.4, 0.6).astype("f8")
    predicted = (logits > 0).astype(int)
    cases = {}
    for weighting in ("plain", "weighted"):
        w = weights if weighting == "weighted" else np.ones(n)
        result = {"accuracy": sk.accuracy_score(truth, predicted, sample_weight=w)}
        if labels > 1:
            result.update(counted(truth, predicted, w, None))
            for key, of in (("rocAuc", sk.roc_auc_score), ("averagePrecision", sk.average_precision_score)):
                for average, value in ranked(of, truth, logits, w).items():
                    result[f"{key} {average}"] = value
                for average in ("macro", "micro", "weighted"):
                    expected = of(truth, logits, average=average, sample_weight=w)
                    assert math.isclose(result[f"{key} {average}"], expected), (key, average)
        else:
            for key, of in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)):
                result[f"{key} binary"] = of(truth[:, 0], predicted[:, 0], sample_weight=w)
            result["rocAuc macro"] = sk.roc_auc_score(truth[:, 0], logits[:, 0], sample_weight=w)
            result["averagePrecision macro"] = sk.average_precision_score(truth[:, 0], logits[:, 0], sample_weight=w)
        _, result["ece 15"] = binned(sigmoid(logits).reshape(-1), truth.reshape(-1), np.repeat(w, labels), 15)
        cases[weighting] = {key: plain(value) for key, value in result.items()}
    return {"task": "labels", "name": name, "samples": n, "width": labels, **cases}


def numbers_case(name, n, outputs, offset=0.0):
    predicted = uniform(f"{name}/outputs", (n, outputs), 1.0, offset).astype("f8")
    truth = uniform(f"{name}/targets", (n, outputs), 1.5, offset).astype("f8")
    weights = uniform(f"{name}/weights", (n,), 0.4, 0.6).astype("f8")
    cases = {}
    for weighting in ("plain", "weighted"):
        w = weights if weighting == "weighted" else np.ones(n)
        cases[weighting] = {
            "rmse": sk.mean_squared_error(truth, predicted, squared=False, sample_weight=w),
            "mae": sk.mean_absolute_error(truth, predicted, sample_weight=w),
            "r2": sk.r2_score(truth, predicted, sample_weight=w),
        }
    return {"task": "numbers", "name": name, "samples": n, "width": outputs, "offset": offset, **cases}


cases = [
    classes_case("metrics/four", 60, 4),
    classes_case("metrics/missing", 40, 5, missing=3),
    classes_case("metrics/two", 50, 2),
    classes_case("metrics/ties", 80, 2, quantised=True),
    classes_case("metrics/ties4", 80, 4, quantised=True),
    labels_case("metrics/labels", 50, 3),
    labels_case("metrics/label", 50, 1),
    numbers_case("metrics/number", 40, 1),
    numbers_case("metrics/numbers", 30, 3),
    numbers_case("metrics/far", 30, 2, offset=1000.0),
]
path = pathlib.Path(__file__).parents[1] / "data" / "metrics.json"
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
