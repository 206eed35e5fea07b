/** Labels of a batch: class indices, or rows of numbers; checked before they reach the kernels. */
import { DataError, expectation, ShapeError } from "../core/errors.js";
import { formatShape, numel, type Shape } from "../core/shape.js";
import type { Loss, TargetKind } from "../nn/losses.js";

export type Labels = ArrayLike<number> | { data: ArrayLike<number>; shape: Shape } | readonly ArrayLike<number>[];

/** Flat numbers and what they mean for an output of this shape. Throws `ShapeError` where they fit neither way. */
export function readLabels(where: string, loss: Loss, output: Shape, labels: Labels): { data: ArrayLike<number>; kind: TargetKind } {
  const data = flatten(labels);
  const sizes = loss.targets.map((kind) => [kind, numel(loss.targetShape(output, kind))] as const);
  const match = sizes.find(([, size]) => size === data.length);
  if (!match) {
    const expected = sizes.map(([kind, size]) => `${size} ${kind}`).join(" or ");
    throw new ShapeError(expectation(where, "labels", `${expected} for outputs of ${formatShape(output)}`, `${data.length} numbers`));
  }
  return { data, kind: match[0] };
}

function flatten(labels: Labels): ArrayLike<number> {
  if ("data" in labels) return labels.data;
  if (Array.isArray(labels) && typeof labels[0] !== "number") return labels.flatMap((row) => Array.from(row as ArrayLike<number>));
  return labels as ArrayLike<number>;
}

/** Throws `DataError` on a class that does not exist, a negative one, a fraction, or NaN. */
export function checkTargets(where: string, data: ArrayLike<number>, kind: TargetKind, classes: number): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (kind === "indices" ? !(Number.isInteger(value) && value >= 0 && value < classes) : !Number.isFinite(value)) {
      const expected = kind === "indices" ? `a class from 0 to ${classes - 1}` : "a finite number";
      throw new DataError(expectation(where, `labels[${i}]`, expected, value));
    }
  }
}
