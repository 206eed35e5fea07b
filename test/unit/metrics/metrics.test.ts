// Metrics against scikit-learn's (test/golden/generate/metrics.py), and what it does not say: ties, one class alone, NaN, maps.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, DataError, NumericError } from "../../../src/core/errors.js";
import {
  accuracy,
  averagePrecision,
  confusionMatrix,
  ece,
  f1,
  type Metric,
  type MetricFacts,
  mae,
  precision,
  r2,
  recall,
  reliability,
  rmse,
  rocAuc,
  topK,
} from "../../../src/faces/metrics.js";
import { expectMetrics } from "../../../src/metrics/runs.js";
import { indices, uniform } from "../../golden/generator.js";

type Values = Record<string, unknown>;
interface Case {
  task: MetricFacts["task"];
  name: string;
  samples: number;
  width: number;
  quantised?: boolean;
  missing?: number | null;
  offset?: number;
  plain: Values;
  weighted: Values;
}

const cases: Case[] = JSON.parse(readFileSync(new URL("../../golden/data/metrics.json", import.meta.url), "utf8"));

interface Data {
  facts: MetricFacts;
  outputs: Float32Array;
  targets: Int32Array | Float32Array;
  weights?: Float32Array;
}

/** Evaluates in batches of so many samples. */
function measure<T>(metric: Metric<string, T>, { facts, outputs, targets, weights }: Data, batch = 7): T {
  const run = metric.start(facts);
  const [x, y] = [facts.outputShape.reduce((a, b) => a * b, 1), 0];
  const samples = outputs.length / x;
  const perSample = targets.length / samples;
  for (let first = y; first < samples; first += batch) {
    const n = Math.min(batch, samples - first);
    run.update({
      first,
      samples: n,
      outputs: outputs.subarray(first * x, (first + n) * x),
      targets: targets.subarray(first * perSample, (first + n) * perSample),
      weights: weights?.subarray(first, first + n),
    });
  }
  return run.result();
}

function dataOf({ task, name, samples, width, quantised, missing, offset = 0 }: Case): Data {
  const facts: MetricFacts = { task, outputShape: [width] };
  const weights = uniform(`${name}/weights`, samples, 0.4, 0.6);
  if (task === "numbers") {
    const outputs = uniform(`${name}/outputs`, samples * width, 1, offset);
    return { facts, weights, outputs, targets: uniform(`${name}/targets`, samples * width, 1.5, offset) };
  }
  let outputs = uniform(`${name}/outputs`, samples * width, 3);
  if (quantised) outputs = outputs.map((value) => Math.floor(value * 2 + 0.5) / 2);
  if (task === "labels") {
    const targets = Float32Array.from(indices(`${name}/targets`, samples * width, 2));
    return { facts, weights, outputs, targets };
  }
  const targets = indices(`${name}/targets`, samples, width).map((label) => (label === missing ? 0 : label));
  return { facts, weights, outputs, targets };
}

type Make = (options: { weighted: boolean }) => Metric;

/** The metric that a name of the golden file means. */
function metricOf(key: string): Make {
  const [name, more] = key.split(" ");
  const average = more as "macro";
  const makers: Record<string, Make> = {
    accuracy,
    confusionMatrix,
    rmse,
    mae,
    r2,
    top1: (options) => topK(1, options),
    top2: (options) => topK(2, options),
    top3: (options) => topK(3, options),
    precision: (options) => precision({ ...options, average }),
    recall: (options) => recall({ ...options, average }),
    f1: (options) => f1({ ...options, average }),
    rocAuc: (options) => rocAuc({ ...options, average }),
    averagePrecision: (options) => averagePrecision({ ...options, average }),
    ece: (options) => ece({ ...options, bins: Number(more) }),
    reliability: (options) => reliability({ ...options, bins: Number(more) }),
  };
  return makers[name];
}

/** Numbers in order, null for NaN. */
const flat = (value: unknown): (number | null)[] => {
  if (Array.isArray(value)) return value.flatMap(flat);
  if (typeof value === "object" && value !== null) {
    const { count, confidence, accuracy: right } = value as Record<string, number>;
    return [count, confidence, right];
  }
  return [Number.isNaN(value) ? null : (value as number)];
};

describe.each(cases.map((each) => [each.name, each] as const))("%s", (_, each) => {
  const data = dataOf(each);
  it.each(["plain", "weighted"] as const)("has scikit-learn's values, %s", (weighting) => {
    const expected = each[weighting];
    expect(Object.keys(expected).length).toBeGreaterThan(2);
    for (const [key, value] of Object.entries(expected)) {
      const metric = metricOf(key)({ weighted: weighting === "weighted" });
      for (const batch of [7, each.samples]) {
        const got = flat(measure(metric, data, batch));
        const wanted = flat(value);
        expect(got.length, key).toBe(wanted.length);
        got.forEach((number, i) => {
          if (wanted[i] === null) expect(number, key).toBeNull();
          else expect(number, `${key} ${i}`).toBeCloseTo(wanted[i]!, 6);
        });
      }
    }
  });
});

const classes = (width: number, outputs: number[], targets: number[], more: Partial<MetricFacts> = {}): Data => ({
  facts: { task: "classes", outputShape: [width], ...more },
  outputs: Float32Array.from(outputs),
  targets: Int32Array.from(targets),
});

describe("metrics", () => {
  it("stand under their names, and say which way is better", () => {
    const all = [
      accuracy(),
      topK(5),
      precision(),
      recall(),
      f1(),
      confusionMatrix(),
      rocAuc(),
      averagePrecision(),
      rmse(),
      mae(),
      r2(),
      ece(),
      reliability(),
    ];
    expect(all.map(({ name, mode }) => [name, mode])).toEqual([
      ["accuracy", "max"],
      ["top5", "max"],
      ["precision", "max"],
      ["recall", "max"],
      ["f1", "max"],
      ["confusionMatrix", undefined],
      ["rocAuc", "max"],
      ["averagePrecision", "max"],
      ["rmse", "min"],
      ["mae", "min"],
      ["r2", "max"],
      ["ece", "min"],
      ["reliability", undefined],
    ]);
    expect(precision({ average: "none", name: "perClass" })).toMatchObject({ name: "perClass", mode: undefined });
    expect(expectMetrics("evaluate", all)).toBe(all);
    expect(() => expectMetrics("evaluate", [f1(), f1({ average: "micro" })])).toThrow(
      /metrics\[1\].name expected a name that no other metric has, got f1/,
    );
    expect(() => expectMetrics("evaluate", [f1({ name: "loss" })])).toThrow(ArgumentError);
    for (const junk of [5, {}, [1], [{ name: "x" }], [{ start() {} }]])
      expect(() => expectMetrics("evaluate", junk)).toThrow(ArgumentError);
    expect(() => f1({ avrage: "micro" } as never)).toThrow(/Did you mean "average"/);
    expect(() => topK(0)).toThrow(ArgumentError);
  });

  it("count the first of equal outputs as the larger", () => {
    const data = classes(3, [1, 1, 0, 0, 2, 2, 1, 1, 1], [1, 1, 2]);
    expect(measure(accuracy(), data)).toBeCloseTo(1 / 3, 12);
    expect([1, 2, 3].map((k) => measure(topK(k), data))).toEqual([1 / 3, 2 / 3, 1]);
    // Of equal scores half are above.
    expect(measure(rocAuc(), classes(2, [0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 1]))).toBe(0.5);
    expect(measure(averagePrecision(), classes(2, [0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 1]))).toBe(0.5);
  });

  it("rank where probabilities have run out of digits", () => {
    const data = classes(3, [40, 0, 0, 50, 0, 0, 60, 0, 0, 45, 0, 0], [1, 0, 0, 2]);
    expect(measure(rocAuc({ average: "none" }), data)).toEqual([1, 1, 2 / 3]);
    expect(measure(rocAuc(), classes(2, [0, 90, 0, 80, Number.NEGATIVE_INFINITY, 3], [1, 0, 1]))).toBe(1);
  });

  it("leave classes out that the data lack, and refuse one class alone", () => {
    const some = classes(3, [2, 1, 0, 1, 2, 0, 0, 1, 0], [0, 1, 1]);
    expect(measure(rocAuc({ average: "none" }), some)).toEqual([1, 1, Number.NaN]);
    expect(measure(rocAuc(), some)).toBe(1);
    expect(measure(averagePrecision({ average: "none" }), some)[2]).toBeNaN();
    const one = classes(2, [0, 1, 0, 2], [1, 1]);
    expect(() => measure(rocAuc(), one)).toThrow(DataError);
    expect(() => measure(rocAuc(), one)).toThrow(
      /rocAuc: evaluation expected samples of a class, and others, got only one of both. Samples of one class/,
    );
    expect(measure(averagePrecision(), one)).toBe(1);
    expect(measure(f1(), one)).toBe(1);
    expect(measure(precision({ average: "none" }), one)).toEqual([0, 1]);
  });

  it("refuse NaN, with its sample", () => {
    const data = classes(2, [0, 1, Number.NaN, 2, 3, 4], [1, 0, 1]);
    for (const metric of [accuracy(), topK(1), f1(), confusionMatrix(), rocAuc(), ece()] as Metric[]) {
      expect(() => measure(metric, data, 1)).toThrow(NumericError);
      expect(() => measure(metric, data, 3)).toThrow(/outputs of sample 1 expected numbers, got NaN/);
    }
    const numbers: Data = {
      facts: { task: "numbers", outputShape: [1] },
      outputs: Float32Array.of(1, Number.NaN),
      targets: Float32Array.of(1, 2),
    };
    for (const metric of [rmse(), mae(), r2()]) expect(() => measure(metric, numbers)).toThrow(NumericError);
  });

  it("refuse a task that they do not measure", () => {
    const numbers: Data = {
      facts: { task: "numbers", outputShape: [1] },
      outputs: Float32Array.of(1),
      targets: Float32Array.of(1),
    };
    for (const metric of [
      accuracy(),
      topK(1),
      f1(),
      confusionMatrix(),
      rocAuc(),
      averagePrecision(),
      ece(),
    ] as Metric[])
      expect(() => measure(metric, numbers)).toThrow(
        /a task of classes.*got numbers \(mse, huber\). rmse\(\), mae\(\) and r2\(\) are for numbers/,
      );
    for (const metric of [rmse(), mae(), r2()])
      expect(() => measure(metric, classes(2, [0, 1], [1]))).toThrow(
        /a task of numbers \(mse, huber\), got classes \(crossEntropy\)/,
      );
  });

  it("count the labels of maps, but those that are to be ignored", () => {
    const data: Data = {
      facts: { task: "classes", outputShape: [1, 3, 2], ignoreIndex: 255 },
      outputs: Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1),
      targets: Int32Array.of(0, 255, 1, 1, 255, 1),
    };
    expect(measure(accuracy(), data)).toBe(3 / 4);
    expect(measure(confusionMatrix(), data)).toEqual([
      [1, 0],
      [1, 2],
    ]);
    expect(measure(accuracy({ weighted: true }), { ...data, weights: Float32Array.of(1, 3) })).toBe((2 + 3) / (2 + 6));
    const none = { ...data, targets: new Int32Array(6).fill(255) };
    for (const metric of [accuracy(), topK(1), ece()]) expect(() => measure(metric, none)).toThrow(DataError);
    expect(measure(f1(), none)).toBe(0);
  });

  it("take the larger share of rows of probabilities for the class, and a half and more of a label for it", () => {
    const rows: Data = {
      facts: { task: "classes", outputShape: [2] },
      outputs: Float32Array.of(1, 0, 0, 1),
      targets: Float32Array.of(0.7, 0.3, 0.6, 0.4),
    };
    expect(measure(accuracy(), rows)).toBe(0.5);
    const labels: Data = {
      facts: { task: "labels", outputShape: [2] },
      outputs: Float32Array.of(1, -1, 1, 1),
      targets: Float32Array.of(0.5, 0.4, 0.9, 0.1),
    };
    expect(measure(accuracy(), labels)).toBe(0.5);
    expect(measure(recall({ average: "none" }), labels)).toEqual([1, 0]);
  });

  it("explain variance as scikit-learn does where there is none", () => {
    const of = (outputs: number[], targets: number[]) =>
      measure(r2(), {
        facts: { task: "numbers", outputShape: [1] },
        outputs: Float32Array.from(outputs),
        targets: Float32Array.from(targets),
      });
    expect([of([2, 2], [2, 2]), of([1, 2], [2, 2])]).toEqual([1, 0]);
    expect(() => of([1], [1])).toThrow(/r2: evaluation expected at least two samples, got 1/);
  });

  it("sort probabilities into bins, the upper end in each", () => {
    const logit = (p: number) => Math.log(p / (1 - p));
    const labels: Data = {
      facts: { task: "labels", outputShape: [1] },
      outputs: Float32Array.of(logit(0.25), logit(0.3), 0, -200, 200),
      targets: Float32Array.of(0, 1, 1, 0, 1),
    };
    const bins = measure(reliability({ bins: 4 }), labels);
    expect(bins.map(({ count }) => count)).toEqual([2, 2, 0, 1]);
    expect(bins[1].accuracy).toBe(1);
    expect(bins[1].confidence).toBeCloseTo(0.4, 6);
    expect(measure(ece({ bins: 1 }), labels)).toBeCloseTo(Math.abs(3 / 5 - (0.25 + 0.3 + 0.5 + 1) / 5), 6);
  });
});
