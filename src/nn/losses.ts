/** Losses: descriptions that record the mean loss of a batch at the end of a network. */

import { expectOneOf } from "../core/check.js";
import { expectation, ShapeError } from "../core/errors.js";
import { float32, number, readOptions, type Schema, share } from "../core/options.js";
import { formatShape, numel, type Shape } from "../core/shape.js";
import type { Graph } from "../graph/graph.js";
import type { ValueId } from "../graph/value.js";
import { crossEntropy as crossEntropyOp, type RegressionLoss, regressionLoss } from "../ops/loss.js";

/** What the targets of a batch are: one class index for a row of logits, or a tensor of numbers. */
export type TargetKind = "indices" | "values";

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
  record(graph: Graph, output: ValueId, kind: TargetKind): { target: ValueId; loss: ValueId };
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

export interface CrossEntropyOptions {
  /** Share of the uniform distribution in each target. Default 0. */
  labelSmoothing?: number;
}

/**
 * Mean over rows of -sum_j q_j log softmax(logits)_j. Targets: class indices (q is 1 at the index), or rows q of
 * probabilities, which sum to 1. `labelSmoothing` (default 0) mixes q with the uniform distribution.
 */
export function crossEntropy(options?: CrossEntropyOptions): Loss {
  const schema = () => ({ labelSmoothing: share(0) }) satisfies Schema<CrossEntropyOptions>;
  const { labelSmoothing: smoothing } = readOptions("crossEntropy", options, schema);
  return {
    type: "crossEntropy",
    targets: ["indices", "values"],
    domain: "distribution",
    targetShape(output, kind) {
      expectClasses(output);
      return kind === "indices" ? output.slice(0, -1) : output;
    },
    record(graph, output, kind) {
      const shape = graph.shape(output);
      const dtype = kind === "indices" ? "i32" : "f32";
      const target = graph.value(this.targetShape(shape, kind), "target", { dtype });
      const [loss] = graph.add(crossEntropyOp, [output, target], { probabilities: kind === "values", smoothing });
      return { target, loss };
    },
    toJSON: () => ({ type: "crossEntropy", options: { labelSmoothing: smoothing } }),
  };
}

function regression(attributes: RegressionLoss, options: object): Loss {
  const type = attributes.kind;
  return {
    type,
    targets: ["values"],
    ...(type === "bceWithLogits" && { domain: "share" }),
    targetShape: (output) => output,
    record(graph, output) {
      if (numel(graph.shape(output)) === 0)
        throw new ShapeError(expectation(type, "output", "a non-empty tensor", formatShape(graph.shape(output))));
      const target = graph.value(graph.shape(output), "target");
      const [loss] = graph.add(regressionLoss, [output, target], attributes);
      return { target, loss };
    },
    toJSON: () => ({ type, options }),
  };
}

/** Mean over all elements of (y - t)². */
export function mse(options?: object): Loss {
  return regression(
    { kind: "mse", param: 0 },
    readOptions("mse", options, () => ({})),
  );
}

/** Binary cross-entropy of sigmoid(y) against t in [0, 1], mean over all elements, computed from the logits y. */
export function bceWithLogits(options?: object): Loss {
  return regression(
    { kind: "bceWithLogits", param: 0 },
    readOptions("bceWithLogits", options, () => ({})),
  );
}

export interface HuberOptions {
  /** Where the parabola becomes a line. Default 1. */
  delta?: number;
}

/** Mean over all elements of 0.5 d² for |d| = |y - t| at most `delta` (default 1), otherwise delta (|d| - 0.5 delta). */
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
export const isLoss = (value: unknown): value is Loss =>
  typeof (value as Partial<Loss> | null | undefined)?.record === "function";
