/** Metrics that count how often a prediction is right: the class of the largest output, or each label with a logit above 0. */
import { DataError, expectation } from "../core/errors.js";
import { argmax } from "../core/math.js";
import { integer, oneOf, readOptions, type Schema } from "../core/options.js";
import type { Metric, MetricBatch, MetricFacts, MetricOptions, MetricRun } from "./metric.js";
import { commonSchema, eachRow, eachValue, expectTask, isPositive, named, width } from "./rows.js";

const NOT_NUMBERS = ["classes", "labels"] as const;

/** Hits among what was counted. Throws `DataError` where nothing was. */
function share(where: string, hits: number, all: number): number {
  if (all > 0) return hits / all;
  throw new DataError(expectation(where, "evaluation", "at least one label that counts", "none"));
}

/**
 * The share of samples whose largest output, the first of equals, is at the right class; of labels, that have all of them right.
 *
 * ```ts
 * const { metrics } = await trainer.evaluate(data, { metrics: [accuracy(), topK(5)] });
 * ```
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [accuracy()] });
 */
export function accuracy<const Name extends string = "accuracy">(
  options?: MetricOptions<Name>,
): Metric<NoInfer<Name>, number> {
  const where = "accuracy";
  const { weighted } = readOptions(where, options, commonSchema);
  return {
    name: named(where, options),
    mode: "max",
    start(facts) {
      expectTask(where, facts, NOT_NUMBERS);
      const classes = width(facts);
      let [hits, all] = [0, 0];
      return {
        update(batch) {
          if (facts.task === "classes")
            return eachRow(where, facts, batch, weighted, (begin, truth, weight) => {
              all += weight;
              if (argmax(batch.outputs, begin, classes) === truth) hits += weight;
            });
          const wrong = new Set<number>();
          const perSample = batch.outputs.length / batch.samples;
          let i = 0;
          eachValue(where, batch, weighted, (value, target, column, weight) => {
            if (value > 0 !== isPositive(target)) wrong.add(Math.floor(i / perSample));
            if (column === perSample - 1) {
              all += weight;
              if (!wrong.has(Math.floor(i / perSample))) hits += weight;
            }
            i++;
          });
        },
        result: () => share(where, hits, all),
      };
    },
  };
}

/**
 * The share of samples whose class is among the `k` largest outputs; of equal outputs the first counts as the larger.
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [topK(2)] });
 * console.log(metrics.top2);
 */
export function topK<const K extends number, const Name extends string = `top${K}`>(
  k: K,
  options?: MetricOptions<Name>,
): Metric<NoInfer<Name>, number> {
  const where = "topK";
  const { weighted } = readOptions(where, options, commonSchema);
  const most = integer({ min: 1 })(where, "k", k);
  return {
    name: named(`top${k}`, options),
    mode: "max",
    start(facts) {
      expectTask(where, facts, ["classes"]);
      const classes = width(facts);
      let [hits, all] = [0, 0];
      return {
        update(batch) {
          const { outputs } = batch;
          eachRow(where, facts, batch, weighted, (begin, truth, weight) => {
            const own = outputs[begin + truth];
            let before = 0;
            for (let i = 0; i < classes; i++) {
              const other = outputs[begin + i];
              if (other > own || (other === own && i < truth)) before++;
            }
            all += weight;
            if (before < most) hits += weight;
          });
        },
        result: () => share(where, hits, all),
      };
    },
  };
}

/** For each class, or label: how much was predicted as it, how much was it, how much was both. */
interface Counts {
  both: Float64Array;
  predicted: Float64Array;
  true: Float64Array;
}

function count(
  where: string,
  facts: MetricFacts,
  weighted: boolean,
): { update(batch: MetricBatch): void; counts: Counts } {
  expectTask(where, facts, NOT_NUMBERS);
  const size = facts.task === "classes" ? width(facts) : facts.outputShape.reduce((a, b) => a * b, 1);
  const counts = { both: new Float64Array(size), predicted: new Float64Array(size), true: new Float64Array(size) };
  return {
    counts,
    update(batch) {
      if (facts.task === "classes")
        return eachRow(where, facts, batch, weighted, (begin, truth, weight) => {
          const predicted = argmax(batch.outputs, begin, size);
          counts.predicted[predicted] += weight;
          counts.true[truth] += weight;
          if (predicted === truth) counts.both[truth] += weight;
        });
      eachValue(where, batch, weighted, (value, target, label, weight) => {
        if (value > 0) counts.predicted[label] += weight;
        if (isPositive(target)) counts.true[label] += weight;
        if (value > 0 && isPositive(target)) counts.both[label] += weight;
      });
    },
  };
}

/** How the values of classes become one. */
export type Average = "macro" | "micro" | "weighted" | "binary" | "none";

export interface AverageOptions<Name extends string = string> extends MetricOptions<Name> {
  /**
   * "macro" (default): the mean over classes that occur, among targets or predictions; "weighted": that mean by how often they
   * are targets; "micro": of all counts together; "binary": of class 1, or of the one label; "none": a value for each class, 0 where
   * there is nothing to divide by.
   */
  average?: Average;
}

const averageSchema = () =>
  ({
    ...commonSchema(),
    average: oneOf(["macro", "micro", "weighted", "binary", "none"], "macro"),
  }) satisfies Schema<AverageOptions>;

type Ratio = (both: number, predicted: number, truth: number) => number;

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

function averaged(where: string, options: AverageOptions | undefined, of: Ratio): Metric {
  const { average, weighted } = readOptions(where, options, averageSchema);
  return {
    name: named(where, options),
    mode: average === "none" ? undefined : "max",
    start(facts): MetricRun {
      const { update, counts } = count(where, facts, weighted);
      const { both, predicted, true: truth } = counts;
      return {
        update,
        result() {
          const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
          const all = Array.from(both, (hits, i) => of(hits, predicted[i], truth[i]));
          if (average === "none") return all;
          if (average === "binary") return all[facts.task === "classes" ? 1 : 0];
          if (average === "micro") return of(sum(both), sum(predicted), sum(truth));
          const isThere = (i: number) => facts.task === "labels" || predicted[i] + truth[i] > 0;
          const weights = truth.map((amount, i) => (average === "weighted" ? amount : Number(isThere(i))));
          const whole = sum(weights);
          return ratio(
            all.reduce((total, value, i) => total + value * weights[i], 0),
            whole,
          );
        },
      };
    },
  };
}

/**
 * Of what was predicted as a class, the share that is one: TP / (TP + FP).
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [precision()] });
 */
export function precision<const Name extends string = "precision">(
  options: AverageOptions<Name> & { average: "none" },
): Metric<NoInfer<Name>, number[]>;
export function precision<const Name extends string = "precision">(
  options?: AverageOptions<Name>,
): Metric<NoInfer<Name>, number>;
export function precision(options?: AverageOptions): Metric {
  return averaged("precision", options, (both, predicted) => ratio(both, predicted));
}

/**
 * Of what is a class, the share that was predicted as it: TP / (TP + FN).
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [recall({ average: "none" })] });
 */
export function recall<const Name extends string = "recall">(
  options: AverageOptions<Name> & { average: "none" },
): Metric<NoInfer<Name>, number[]>;
export function recall<const Name extends string = "recall">(
  options?: AverageOptions<Name>,
): Metric<NoInfer<Name>, number>;
export function recall(options?: AverageOptions): Metric {
  return averaged("recall", options, (both, _, truth) => ratio(both, truth));
}

/**
 * The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [f1({ average: "macro" })] });
 */
export function f1<const Name extends string = "f1">(
  options: AverageOptions<Name> & { average: "none" },
): Metric<NoInfer<Name>, number[]>;
export function f1<const Name extends string = "f1">(options?: AverageOptions<Name>): Metric<NoInfer<Name>, number>;
export function f1(options?: AverageOptions): Metric {
  return averaged("f1", options, (both, predicted, truth) => ratio(2 * both, predicted + truth));
}

/**
 * How often a class (row) was predicted as another (column), by the network's outputs.
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [confusionMatrix()] });
 * console.table(metrics.confusionMatrix);
 */
export function confusionMatrix<const Name extends string = "confusionMatrix">(
  options?: MetricOptions<Name>,
): Metric<NoInfer<Name>, number[][]> {
  const where = "confusionMatrix";
  const { weighted } = readOptions(where, options, commonSchema);
  return {
    name: named(where, options),
    start(facts) {
      expectTask(where, facts, ["classes"]);
      const classes = width(facts);
      const counts = new Float64Array(classes * classes);
      return {
        update(batch) {
          eachRow(where, facts, batch, weighted, (begin, truth, weight) => {
            counts[truth * classes + argmax(batch.outputs, begin, classes)] += weight;
          });
        },
        result: () =>
          Array.from({ length: classes }, (_, row) => Array.from(counts.subarray(row * classes, (row + 1) * classes))),
      };
    },
  };
}
