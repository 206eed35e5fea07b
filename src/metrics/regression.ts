/** Metrics of numbers: means over outputs, each of its own. */
import { DataError, expectation } from "../core/errors.js";
import { readOptions } from "../core/options.js";
import type { Metric, MetricOptions } from "./metric.js";
import { commonSchema, eachValue, expectTask, named } from "./rows.js";

/** What is kept of one output: weights, mean and squared deviations of its targets, errors and their squares. */
interface Sums {
  samples: number;
  weight: number;
  mean: number;
  spread: number;
  absolute: number;
  squared: number;
}

function regression<Name extends string>(
  where: string,
  options: MetricOptions<Name> | undefined,
  mode: "min" | "max",
  of: (sums: Sums) => number,
): Metric<NoInfer<Name>, number> {
  const { weighted } = readOptions(where, options, commonSchema);
  return {
    name: named(where, options),
    mode,
    start(facts) {
      expectTask(where, facts, ["numbers"]);
      const outputs = facts.outputShape.reduce((a, b) => a * b, 1);
      const all = Array.from({ length: outputs }, (): Sums => {
        return { samples: 0, weight: 0, mean: 0, spread: 0, absolute: 0, squared: 0 };
      });
      return {
        update(batch) {
          eachValue(where, batch, weighted, (value, target, column, weight) => {
            const sums = all[column];
            const error = value - target;
            sums.samples++;
            sums.absolute += weight * Math.abs(error);
            sums.squared += weight * error * error;
            if (weight === 0) return;
            // Welford 1962, with weights (West 1979): large means cost no digits.
            sums.weight += weight;
            const off = target - sums.mean;
            sums.mean += (off * weight) / sums.weight;
            sums.spread += weight * off * (target - sums.mean);
          });
        },
        result() {
          if (all[0].weight === 0)
            throw new DataError(expectation(where, "evaluation", "at least one sample that counts", "none"));
          return all.reduce((sum, sums) => sum + of(sums), 0) / outputs;
        },
      };
    },
  };
}

/**
 * The root of the mean squared error, in the units of the dataset's targets.
 *
 * @example
 * await numbers.evaluate(values, { metrics: [rmse()] });
 */
export const rmse = <const Name extends string = "rmse">(
  options?: MetricOptions<Name>,
): Metric<NoInfer<Name>, number> =>
  regression("rmse", options, "min", ({ squared, weight }) => Math.sqrt(squared / weight));

/**
 * The mean absolute error, in the units of the dataset's targets.
 *
 * @example
 * await numbers.evaluate(values, { metrics: [mae()] });
 */
export const mae = <const Name extends string = "mae">(options?: MetricOptions<Name>): Metric<NoInfer<Name>, number> =>
  regression("mae", options, "min", ({ absolute, weight }) => absolute / weight);

/**
 * The share of the targets' variance that the outputs explain: 1 at best, 0 for their mean, below for worse. Where all targets are
 * equal it is 1 without an error, else 0. Throws `DataError` on fewer than two samples.
 *
 * @example
 * await numbers.evaluate(values, { metrics: [r2()] });
 */
export const r2 = <const Name extends string = "r2">(options?: MetricOptions<Name>): Metric<NoInfer<Name>, number> =>
  regression("r2", options, "max", ({ squared, spread, samples }) => {
    if (samples < 2) throw new DataError(expectation("r2", "evaluation", "at least two samples", samples));
    return spread > 0 ? 1 - squared / spread : Number(squared === 0);
  });
