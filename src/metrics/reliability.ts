/** Metrics of how far probabilities can be believed (Guo et al. 2017, "On Calibration of Modern Neural Networks"). */
import { DataError, expectation } from "../core/errors.js";
import { argmax, exp } from "../core/math.js";
import { integer, readOptions, type Schema } from "../core/options.js";
import type { Metric, MetricBatch, MetricFacts, MetricOptions } from "./metric.js";
import { commonSchema, eachRow, eachValue, expectTask, isPositive, named, width } from "./rows.js";

export interface ReliabilityOptions<Name extends string = string> extends MetricOptions<Name> {
  /** Into how many parts of equal width probabilities from 0 to 1 are sorted. Default 15. */
  bins?: number;
}

/** Predictions whose probability is above `from` and at most `to`. */
export interface ReliabilityBin {
  from: number;
  to: number;
  /** How many, or the sum of their weights. */
  count: number;
  /** Mean probability; 0 where there are none. */
  confidence: number;
  /** The share that is right; 0 where there are none. */
  accuracy: number;
}

const schema = () =>
  ({ ...commonSchema(), bins: integer({ min: 1, default: 15 }) }) satisfies Schema<ReliabilityOptions>;

/** The probability of the largest output after a softmax. */
function confidenceOf(outputs: ArrayLike<number>, begin: number, classes: number): number {
  const top = outputs[begin + argmax(outputs, begin, classes)];
  let sum = 0;
  for (let i = 0; i < classes; i++) sum += exp(outputs[begin + i] - top);
  return 1 / sum;
}

export const sigmoid = (logit: number): number => (logit >= 0 ? 1 / (1 + exp(-logit)) : 1 - 1 / (1 + exp(logit)));

function sorted(where: string, options: ReliabilityOptions | undefined, facts: MetricFacts) {
  const { bins, weighted } = readOptions(where, options, schema);
  expectTask(where, facts, ["classes", "labels"]);
  const [counts, confidences, hits] = Array.from({ length: 3 }, () => new Float64Array(bins));
  const add = (probability: number, isRight: boolean, weight: number) => {
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(probability * bins) - 1));
    counts[bin] += weight;
    confidences[bin] += weight * probability;
    if (isRight) hits[bin] += weight;
  };
  return {
    update(batch: MetricBatch) {
      if (facts.task === "labels")
        return eachValue(where, batch, weighted, (logit, target, _, weight) =>
          add(sigmoid(logit), isPositive(target), weight),
        );
      const classes = width(facts);
      const { outputs } = batch;
      eachRow(where, facts, batch, weighted, (begin, truth, weight) =>
        add(confidenceOf(outputs, begin, classes), argmax(outputs, begin, classes) === truth, weight),
      );
    },
    bins: (): ReliabilityBin[] =>
      Array.from(counts, (count, i) => ({
        from: i / bins,
        to: (i + 1) / bins,
        count,
        confidence: count === 0 ? 0 : confidences[i] / count,
        accuracy: count === 0 ? 0 : hits[i] / count,
      })),
  };
}

/** The expected calibration error: how far confidence and accuracy of bins are apart, in the mean over samples. */
export function eceOf(bins: readonly ReliabilityBin[]): number {
  const all = bins.reduce((sum, { count }) => sum + count, 0);
  if (all === 0) throw new DataError(expectation("ece", "evaluation", "at least one label that counts", "none"));
  return bins.reduce((sum, bin) => sum + (bin.count / all) * Math.abs(bin.accuracy - bin.confidence), 0);
}

/**
 * The expected calibration error: by how much the probability of the predicted class is off the share that is right, in the mean
 * over samples, in bins of equal width. Of labels: by how much each one's probability is off the share that has it.
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [ece()] });
 */
export function ece<const Name extends string = "ece">(
  options?: ReliabilityOptions<Name>,
): Metric<NoInfer<Name>, number> {
  readOptions("ece", options, schema);
  return {
    name: named("ece", options),
    mode: "min",
    start(facts) {
      const { update, bins } = sorted("ece", options, facts);
      return { update, result: () => eceOf(bins()) };
    },
  };
}

/**
 * The bins of `ece`, for a reliability diagram.
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [reliability({ bins: 5 })] });
 */
export function reliability<const Name extends string = "reliability">(
  options?: ReliabilityOptions<Name>,
): Metric<NoInfer<Name>, ReliabilityBin[]> {
  readOptions("reliability", options, schema);
  return {
    name: named("reliability", options),
    start(facts) {
      const { update, bins } = sorted("reliability", options, facts);
      return { update, result: bins };
    },
  };
}
