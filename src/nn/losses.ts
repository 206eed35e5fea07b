/** Losses: descriptions that record the mean loss of a batch at the end of a network. */

import { expectOneOf } from "../core/check.js";
import { expectation, ShapeError } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import {
  float32,
  integer,
  list,
  number,
  type Option,
  optional,
  readOptions,
  type Schema,
  share,
} from "../core/options.js";
import { formatShape, last, numel, rows, type Shape } from "../core/shape.js";
import { isNumeric } from "../core/tensor.js";
import type { Graph, RecordedLoss } from "../graph/graph.js";
import type { Op } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import { crossEntropy as crossEntropyOp, type RegressionLoss, regressionLoss } from "../ops/loss.js";

/** What the targets of a batch are: one class index for a row of logits, or a tensor of numbers. */
export type TargetKind = "indices" | "values";

/** A batch on its way into a plan that has weights. */
export interface Weighing {
  /** Checked targets. */
  target: Int32Array | Float32Array;
  /** To be filled: a number for each row of logits and, after these, each class that has one; or for each element. */
  weights: Float32Array;
  /** A weight for each sample; by default 1. */
  samples: ArrayLike<number> | undefined;
}

/** A loss; made by `crossEntropy`, `mse`, `bceWithLogits` or `huber`. */
export interface Loss {
  readonly type: string;
  /** Kinds of target that the loss accepts. */
  readonly targets: readonly TargetKind[];
  /** Shape of a batch's targets for this output. */
  targetShape(output: Shape, kind: TargetKind): Shape;
  /**
   * Which numbers a target of values may be: each in [0, 1], or rows of probabilities, which are not negative and sum to 1
   * within 1e-3. Default: all finite numbers.
   */
  readonly domain?: "share" | "distribution";
  /** The label of what is left out, beside the classes. */
  readonly ignoreIndex?: number | undefined;
  /** Whether rows or elements do not count the same, so that plans need weights whatever the samples' weights. */
  readonly isWeighted: boolean;
  /** `weighted`: with weights, which `weigh` fills. */
  record(graph: Graph, output: ValueId, kind: TargetKind, weighted?: boolean): RecordedLoss;
  /** Fills the weights, and brings targets into the form that goes with them. Returns what the loss is divided by. */
  weigh(batch: Weighing): number;
  toJSON(): { type: string; options: object };
}

/** Softmax of one number is 1 whatever it is: a loss of 0 that nothing can be learned from. */
function expectClasses(output: Shape): void {
  if (output.length < 2)
    throw new ShapeError(expectation("crossEntropy", "output", "[n, classes]", formatShape(output)));
  if (output[output.length - 1] < 2) {
    const hint =
      "For one output use bceWithLogits (two classes) or mse (a number); or give the network an output a class";
    throw new ShapeError(expectation("crossEntropy", "output", "at least 2 classes", formatShape(output), { hint }));
  }
}

const factor = () => float32(number({ min: 0 }));

/** A factor for each of several. */
const factors: Option<readonly number[], ArrayLike<number>> = (where, name, value) =>
  list(factor(), "numbers")(
    where,
    name,
    isNumeric(value) ? Array.from({ length: value.length }, (_, i) => value[i]) : value,
  );

/** Throws `ShapeError` where there is not a factor for each output. */
function expectEach(where: string, name: string, given: readonly number[] | undefined, output: Shape): void {
  if (given && given.length !== last(output))
    throw new ShapeError(expectation(where, name, `${last(output)} numbers, one an output`, given.length));
}

const weightsOf = (graph: Graph, weighted: boolean | undefined, shape: Shape): ValueId[] =>
  weighted ? [graph.value(shape, "target")] : [];

/** The last op of a step's forward pass: its inputs are the output, the target, and weights if there are some. */
function end<A extends object>(graph: Graph, op: Op<A>, attributes: NoInfer<A>, inputs: ValueId[]): RecordedLoss {
  const [loss] = graph.add(op, inputs, attributes);
  return { target: inputs[1], weights: inputs[2], loss };
}

/**
 * Gives each row or element the weight of its sample. `add` may change it, and says what it adds to the number by which the
 * loss is divided, which is returned.
 */
function weigh(
  weights: Float32Array,
  samples: ArrayLike<number> | undefined,
  add: (i: number, weight: number) => number,
): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    weights[i] = samples ? samples[Math.floor((i * samples.length) / weights.length)] : 1;
    total += add(i, weights[i]);
  }
  return total;
}

export interface CrossEntropyOptions {
  /** A factor for the loss of each class, at least 0: of a rare class above that of a common one. Default: all 1. */
  classWeights?: ArrayLike<number>;
  /** Rows with this label, which may be that of a class or, as 255 often, none, are left out. Default: none are. */
  ignoreIndex?: number;
  /** Share of the uniform distribution in each target. Default 0. */
  labelSmoothing?: number;
}

/**
 * Mean over rows of -sum_j q_j log softmax(logits)_j, as PyTorch's. Targets: class indices (q is 1 at the index), or rows q
 * of probabilities, which sum to 1; a label a pixel, [n, h, w], for outputs [n, h, w, classes]. `labelSmoothing` mixes q
 * with the uniform distribution. `classWeights` multiply q_j, and with class indices the mean is divided by the sum of the
 * weights of the rows' classes, as PyTorch divides it; with probabilities by the number of rows. Rows of `ignoreIndex` are
 * left out of both sums; where all are, the loss is 0.
 *
 * ```ts
 * const loss = crossEntropy({ classWeights: [1, 30], labelSmoothing: 0.1 });
 * ```
 *
 * @example
 * createTrainer(model, { loss: crossEntropy({ labelSmoothing: 0.1 }), optimizer: new SGD({ lr: 0.1 }) });
 */
export function crossEntropy(options?: CrossEntropyOptions): Loss {
  const schema = () =>
    ({
      classWeights: optional(factors),
      ignoreIndex: optional(integer({ min: -(2 ** 31) })),
      labelSmoothing: share(0),
    }) satisfies Schema<CrossEntropyOptions>;
  const read = readOptions("crossEntropy", options, schema);
  const { classWeights, ignoreIndex, labelSmoothing: smoothing } = read;
  const classes = classWeights ?? [];
  return {
    type: "crossEntropy",
    targets: ["indices", "values"],
    domain: "distribution",
    ignoreIndex,
    isWeighted: classWeights !== undefined || ignoreIndex !== undefined,
    targetShape(output, kind) {
      expectClasses(output);
      expectEach("crossEntropy", "classWeights", classWeights, output);
      return kind === "indices" ? output.slice(0, -1) : output;
    },
    record(graph, output, kind, weighted) {
      const shape = graph.shape(output);
      const probabilities = kind === "values";
      const target = graph.value(this.targetShape(shape, kind), "target", { dtype: probabilities ? "f32" : "i32" });
      const attributes = { probabilities, smoothing, ...(classWeights && { byClass: true }) };
      const count = rows(shape) + classes.length;
      return end(graph, crossEntropyOp, attributes, [output, target, ...weightsOf(graph, weighted, [count])]);
    },
    weigh({ target, weights, samples }) {
      weights.set(classes, weights.length - classes.length);
      const isIndices = target instanceof Int32Array;
      return weigh(weights.subarray(0, weights.length - classes.length), samples, (i, weight) => {
        const label = target[i];
        if (isIndices && label === ignoreIndex) {
          target[i] = weights[i] = 0;
          return 0;
        }
        return isIndices && classWeights ? weight * classWeights[label] : weight;
      });
    },
    toJSON: () => ({ type: "crossEntropy", options: read }),
  };
}

function regression(attributes: RegressionLoss, options: object, positives?: number | readonly number[]): Loss {
  const type = attributes.kind;
  return {
    type,
    targets: ["values"],
    ...(type === "bceWithLogits" && { domain: "share" }),
    isWeighted: positives !== undefined,
    targetShape(output) {
      if (typeof positives === "object") expectEach(type, "posWeight", positives, output);
      return output;
    },
    record(graph, output, _, weighted) {
      const shape = graph.shape(output);
      if (numel(shape) === 0)
        throw new ShapeError(expectation(type, "output", "a non-empty tensor", formatShape(shape)));
      const target = graph.value(shape, "target");
      return end(graph, regressionLoss, attributes, [output, target, ...weightsOf(graph, weighted, shape)]);
    },
    weigh: ({ target, weights, samples }) =>
      weigh(weights, samples, (i, weight) => {
        if (positives === undefined) return weight;
        // p t softplus(-x) + (1 - t) softplus(x) = w bce(x, p t / w) with w = p t + 1 - t
        const p = typeof positives === "object" ? positives[i % positives.length] : positives;
        const w = p * target[i] + 1 - target[i];
        target[i] = w > 0 ? (p * target[i]) / w : 0;
        weights[i] *= w;
        return weight;
      }),
    toJSON: () => ({ type, options }),
  };
}

/**
 * Mean over all elements of (y - t)².
 *
 * @example
 * createTrainer(model, { loss: mse(), optimizer: new Adam({ lr: 1e-3 }) });
 */
export function mse(options?: object): Loss {
  return regression(
    { kind: "mse", param: 0 },
    readOptions("mse", options, () => ({})),
  );
}

export interface BceWithLogitsOptions {
  /** A factor for the loss of positives (t = 1): for all outputs, or for each. Negatives by positives balances both. Default 1. */
  posWeight?: number | ArrayLike<number>;
}

/**
 * Binary cross-entropy of sigmoid(y) against t in [0, 1], mean over all elements, computed from the logits y. `posWeight`
 * p as in PyTorch: -p t ln sigmoid(y) - (1 - t) ln(1 - sigmoid(y)); the mean stays that over the number of elements.
 *
 * @example
 * createTrainer(model, { loss: bceWithLogits({ posWeight: [1, 5, 1] }), optimizer: new SGD({ lr: 0.1 }) });
 */
export function bceWithLogits(options?: BceWithLogitsOptions): Loss {
  const either: Option<number | readonly number[], number | ArrayLike<number>> = (where, name, value) =>
    (typeof value === "number" ? factor() : factors)(where, name, value);
  const schema = () => ({ posWeight: optional(either) }) satisfies Schema<BceWithLogitsOptions>;
  const read = readOptions("bceWithLogits", options, schema);
  return regression({ kind: "bceWithLogits", param: 0 }, read, read.posWeight);
}

export interface HuberOptions {
  /** Where the parabola becomes a line. Default 1. */
  delta?: number;
}

/**
 * Mean over all elements of 0.5 d² for |d| = |y - t| at most `delta` (default 1), otherwise delta (|d| - 0.5 delta).
 *
 * @example
 * createTrainer(model, { loss: huber({ delta: 1 }), optimizer: new Adam({ lr: 1e-3 }) });
 */
export function huber(options?: HuberOptions): Loss {
  const schema = () =>
    ({ delta: float32(number({ min: 0, open: "both", default: 1 })) }) satisfies Schema<HuberOptions>;
  const read = readOptions("huber", options, schema);
  return regression({ kind: "huber", param: read.delta }, read);
}

const makers: Record<string, (options?: object) => Loss> = { crossEntropy, mse, bceWithLogits, huber };

/** Rebuilds a loss from `toJSON()`. */
export function lossFromJSON(json: unknown): Loss {
  const { type, options }: { type?: unknown; options?: object } = Object(json);
  return makers[expectOneOf("lossFromJSON", "loss type", type, Object.keys(makers))](options);
}

/** Whether something can stand where a loss is asked for. */
export const isLoss = (value: unknown): value is Loss => hasMethod(value, "targetShape");
