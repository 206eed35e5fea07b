/** The worst mistakes of an evaluation, to be looked at. */
import { argmax, exp } from "../core/math.js";
import { integer, readOptions, type Schema } from "../core/options.js";
import type { Metric } from "./metric.js";
import { commonSchema, eachRow, expectTask, named, width } from "./rows.js";

export interface MistakesOptions<Name extends string = string> {
  /** Under which the result stands. Default "mistakes". */
  name?: Name;
  /** How many are kept. Default 24. */
  count?: number;
}

/** A sample whose largest output is not at its class. */
export interface Mistake {
  /** Its place in the dataset. */
  sample: number;
  expected: number;
  predicted: number;
  /** What the model gave the predicted class, after a softmax. */
  probability: number;
  /** What it gave the right one. */
  expectedProbability: number;
}

const schema = () => {
  const { name } = commonSchema();
  return { name, count: integer({ min: 1, default: 24 }) } satisfies Schema<MistakesOptions>;
};

/**
 * The samples of which the model is most sure and wrong, the worst first: `report` shows them as pictures.
 *
 * @example
 * const { metrics } = await trainer.evaluate(held, { metrics: [mistakes({ count: 3 })] });
 */
export function mistakes<const Name extends string = "mistakes">(
  options?: MistakesOptions<Name>,
): Metric<NoInfer<Name>, Mistake[]> {
  const where = "mistakes";
  const { count } = readOptions(where, options, schema);
  return {
    name: named(where, options),
    start(facts) {
      expectTask(where, facts, ["classes"]);
      const classes = width(facts);
      let worst: Mistake[] = [];
      const byWorst = (a: Mistake, b: Mistake) => b.probability - a.probability || a.sample - b.sample;
      const keepWorst = () => {
        worst = worst.sort(byWorst).slice(0, count);
      };
      return {
        update(batch) {
          const { outputs, first, samples } = batch;
          const perSample = outputs.length / samples;
          eachRow(where, facts, batch, false, (begin, expected) => {
            const predicted = argmax(outputs, begin, classes);
            if (predicted === expected) return;
            const top = outputs[begin + predicted];
            let sum = 0;
            for (let i = 0; i < classes; i++) sum += exp(outputs[begin + i] - top);
            const expectedProbability = exp(outputs[begin + expected] - top) / sum;
            const sample = first + Math.floor(begin / perSample);
            worst.push({ sample, expected, predicted, probability: 1 / sum, expectedProbability });
          });
          keepWorst();
        },
        result: () => worst,
      };
    },
  };
}
