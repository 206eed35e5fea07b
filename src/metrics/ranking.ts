/** Metrics of how well scores rank samples, whatever the threshold. They keep a number for each sample and class. */
import { DataError, expectation } from "../core/errors.js";
import { exp, log } from "../core/math.js";
import { oneOf, readOptions, type Schema } from "../core/options.js";
import type { Metric, MetricBatch, MetricFacts, MetricOptions } from "./metric.js";
import { commonSchema, eachRow, eachValue, expectTask, isPositive, named, width } from "./rows.js";

export interface RankingOptions<Name extends string = string> extends MetricOptions<Name> {
  /**
   * "macro" (default): the mean over classes, each against all others, or over labels; "weighted": that mean by how often they
   * are targets; "micro": of all samples and classes together; "none": a value for each class, NaN where it has none. Of two
   * classes, or one label, it is always that of class 1, or of the label.
   */
  average?: "macro" | "weighted" | "micro" | "none";
}

const schema = () =>
  ({
    ...commonSchema(),
    average: oneOf(["macro", "weighted", "micro", "none"], "macro"),
  }) satisfies Schema<RankingOptions>;

/** Numbers that become more; those of a large evaluation take the memory of so many numbers of four bytes. */
class Numbers {
  #values = new Float32Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const longer = new Float32Array(2 * this.#length);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.#length++] = value;
  }

  get values(): Float32Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** Scores of one class or label, sample by sample. */
interface Scores {
  scores: Float32Array;
  /** Whether the sample is of the class. */
  isTrue(i: number): boolean;
  weight(i: number): number;
}

/** Of scores that say better or worse for a class; undefined where all samples are of it, or none. */
type Measure = (ranked: Iterable<Tied>, positive: number, negative: number) => number | undefined;

/** Samples of one score: how much of them is of the class, and how much is not. */
interface Tied {
  positive: number;
  negative: number;
}

/** From the best score to the worst. */
function* ranked({ scores, isTrue, weight }: Scores): Generator<Tied> {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) =>
    scores[a] > scores[b] ? -1 : scores[a] < scores[b] ? 1 : 0,
  );
  for (let at = 0; at < order.length; ) {
    const tied: Tied = { positive: 0, negative: 0 };
    const score = scores[order[at]];
    for (; at < order.length && scores[order[at]] === score; at++) {
      const amount = weight(order[at]);
      if (isTrue(order[at])) tied.positive += amount;
      else tied.negative += amount;
    }
    yield tied;
  }
}

function measured(scores: Scores, measure: Measure): { value: number | undefined; positive: number } {
  let [positive, negative] = [0, 0];
  for (let i = 0; i < scores.scores.length; i++) {
    if (scores.isTrue(i)) positive += scores.weight(i);
    else negative += scores.weight(i);
  }
  return { value: measure(ranked(scores), positive, negative), positive };
}

/** What is kept of an evaluation. */
interface Kept {
  /** For each class or label, in the order of samples. */
  scores: Numbers[];
  /** The class of each row; or for each label 1 and 0. */
  targets: Numbers[];
  weights: Numbers;
}

/**
 * The logarithm of the odds of a class after a softmax: it ranks as the probability does, and does not run out of digits near 1.
 * Of two classes it is the difference of their logits.
 */
function logOdds(outputs: Float32Array, begin: number, classes: number, of: number): number {
  let top = -Infinity;
  for (let i = 0; i < classes; i++) if (i !== of) top = Math.max(top, outputs[begin + i]);
  if (!Number.isFinite(top)) return outputs[begin + of] - top;
  let sum = 0;
  for (let i = 0; i < classes; i++) if (i !== of) sum += exp(outputs[begin + i] - top);
  return outputs[begin + of] - top - log(sum);
}

function keep(where: string, facts: MetricFacts, weighted: boolean): { kept: Kept; update(batch: MetricBatch): void } {
  expectTask(where, facts, ["classes", "labels"]);
  const isClasses = facts.task === "classes";
  const classes = isClasses ? width(facts) : facts.outputShape.reduce((a, b) => a * b, 1);
  const make = (n: number) => Array.from({ length: n }, () => new Numbers());
  // Of two classes one score says all.
  const kept: Kept = {
    scores: make(isClasses && classes === 2 ? 1 : classes),
    targets: make(isClasses ? 1 : classes),
    weights: new Numbers(),
  };
  return {
    kept,
    update(batch) {
      const { outputs } = batch;
      if (isClasses)
        return eachRow(where, facts, batch, weighted, (begin, truth, weight) => {
          kept.scores.forEach((numbers, i) => {
            numbers.push(logOdds(outputs, begin, classes, classes === 2 ? 1 : i));
          });
          kept.targets[0].push(truth);
          kept.weights.push(weight);
        });
      eachValue(where, batch, weighted, (value, target, label, weight) => {
        kept.scores[label].push(value);
        kept.targets[label].push(Number(isPositive(target)));
        if (label === 0) kept.weights.push(weight);
      });
    },
  };
}

/** The scores of each class or label. */
function scoresOf({ scores, targets, weights }: Kept, { task }: MetricFacts): Scores[] {
  const weight = (i: number) => weights.values[i];
  return scores.map((numbers, of) => {
    const truth = targets[task === "classes" ? 0 : of].values;
    const positive = task === "labels" || scores.length === 1 ? 1 : of;
    return { scores: numbers.values, isTrue: (i) => truth[i] === positive, weight };
  });
}

function together(all: readonly Scores[]): Scores {
  const { length } = all[0].scores;
  const scores = new Float32Array(length * all.length);
  for (const [k, each] of all.entries()) scores.set(each.scores, k * length);
  const of = (i: number) => [all[Math.floor(i / length)], i % length] as const;
  return {
    scores,
    isTrue(i) {
      const [each, at] = of(i);
      return each.isTrue(at);
    },
    weight(i) {
      const [each, at] = of(i);
      return each.weight(at);
    },
  };
}

function ranking(where: string, options: RankingOptions | undefined, measure: Measure): Metric {
  const { average, weighted } = readOptions(where, options, schema);
  return {
    name: named(where, options),
    mode: average === "none" ? undefined : "max",
    start(facts) {
      const { kept, update } = keep(where, facts, weighted);
      return {
        update,
        result() {
          const all = scoresOf(kept, facts);
          const found =
            average === "micro" ? [measured(together(all), measure)] : all.map((each) => measured(each, measure));
          if (average === "none") return found.map(({ value = Number.NaN }) => value);
          let [sum, whole] = [0, 0];
          for (const { value, positive } of found) {
            if (value === undefined) continue;
            const weight = average === "weighted" ? positive : 1;
            sum += weight * value;
            whole += weight;
          }
          if (whole > 0) return sum / whole;
          const hint = "Samples of one class alone rank nothing: stratify the split, or take more of them";
          throw new DataError(
            expectation(where, "evaluation", "samples of a class, and others", "only one of both", { hint }),
          );
        },
      };
    },
  };
}

/**
 * The area under the curve of true against false positives: how often a sample of a class has a higher score for it than one of the
 * others, of equal scores half. Classes that the data lack are left out of the mean.
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [rocAuc()] });
 */
export function rocAuc<const Name extends string = "rocAuc">(
  options: RankingOptions<Name> & { average: "none" },
): Metric<NoInfer<Name>, number[]>;
export function rocAuc<const Name extends string = "rocAuc">(
  options?: RankingOptions<Name>,
): Metric<NoInfer<Name>, number>;
export function rocAuc(options?: RankingOptions): Metric {
  return ranking("rocAuc", options, (all, positive, negative) => {
    if (positive === 0 || negative === 0) return undefined;
    let [above, area] = [0, 0];
    for (const tied of all) {
      area += tied.negative * (above + tied.positive / 2);
      above += tied.positive;
    }
    return area / (positive * negative);
  });
}

/**
 * The mean of the precisions at each recall, from the best score down, each by how much the recall rises there: the area under
 * their curve, without interpolation. Classes that the data lack are left out of the mean.
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [averagePrecision()] });
 */
export function averagePrecision<const Name extends string = "averagePrecision">(
  options: RankingOptions<Name> & { average: "none" },
): Metric<NoInfer<Name>, number[]>;
export function averagePrecision<const Name extends string = "averagePrecision">(
  options?: RankingOptions<Name>,
): Metric<NoInfer<Name>, number>;
export function averagePrecision(options?: RankingOptions): Metric {
  return ranking("averagePrecision", options, (all, positive) => {
    if (positive === 0) return undefined;
    let [hits, seen, sum] = [0, 0, 0];
    for (const tied of all) {
      hits += tied.positive;
      seen += tied.positive + tied.negative;
      if (tied.positive > 0) sum += (tied.positive / positive) * (hits / seen);
    }
    return sum;
  });
}
