/** The metrics of one evaluation. Loaded on demand. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import type { LossFacts, Metric, MetricBatch, MetricFacts, MetricRun } from "./metric.js";

/** What an evaluation has beside its metrics. */
const TAKEN = ["loss", "accuracy", "samples", "nonFinite"];

/** Throws `ArgumentError` on what are no metrics, and where two have one name. */
export function expectMetrics(where: string, metrics: unknown): readonly Metric[] {
  const isMetric = (value: unknown): value is Metric =>
    hasMethod(value, "start") && typeof (value as Partial<Metric>).name === "string";
  if (!Array.isArray(metrics) || !metrics.every(isMetric)) {
    const hint = "resnet-wasm/metrics has accuracy(), f1(), rocAuc() and others";
    throw new ArgumentError(expectation(where, "metrics", "an array of metrics", describe(metrics), { hint }));
  }
  metrics.forEach(({ name }, i) => {
    const isTwice = metrics.findIndex((other) => other.name === name) !== i;
    // The share of right answers is the same by either name.
    if (!isTwice && (!TAKEN.includes(name) || name === "accuracy")) return;
    const hint = 'Metrics take a name: f1({ average: "micro", name: "microF1" })';
    const expected = isTwice ? "a name that no other metric has" : "a name that evaluations do not have themselves";
    throw new ArgumentError(expectation(where, `metrics[${i}].name`, expected, name, { hint }));
  });
  return metrics;
}

/** Starts all of them. */
export function startMetrics(where: string, given: unknown, { domain, ...rest }: LossFacts) {
  const task = domain === "distribution" ? "classes" : domain === "share" ? "labels" : "numbers";
  const facts: MetricFacts = { task, ...rest };
  const metrics = expectMetrics(where, given);
  const runs = metrics.map((metric): [string, MetricRun] => [metric.name, metric.start(facts)]);
  return {
    update(batch: MetricBatch): void {
      for (const [, run] of runs) run.update(batch);
    },
    results: (): Record<string, unknown> => Object.fromEntries(runs.map(([name, run]) => [name, run.result()])),
  };
}
