/** Labels of a batch: class indices, or rows of numbers; checked before they reach the kernels. */
import { DataError, expectation, ShapeError } from "../core/errors.js";
import { formatShape, numel, type Shape } from "../core/shape.js";
import { isNumeric } from "../core/tensor.js";
import type { Loss, TargetKind } from "../nn/losses.js";

/** Class indices, one for each row of outputs; or numbers, flat, with a shape, or in rows: probabilities, values to regress. */
export type Labels = ArrayLike<number> | { data: ArrayLike<number>; shape: Shape } | readonly ArrayLike<number>[];

/** Flat numbers and what they mean for an output of this shape. Throws `ShapeError` where they fit neither way. */
export function readLabels(
  where: string,
  loss: Loss,
  output: Shape,
  labels: Labels,
): { data: ArrayLike<number>; kind: TargetKind } {
  const data = flatten(labels);
  if (data === null)
    throw new ShapeError(expectation(where, "labels", "numbers, { data, shape }, or rows of equal length", labels));
  const sizes = loss.targets.map((kind) => [kind, numel(loss.targetShape(output, kind))] as const);
  const match = sizes.find(([, size]) => size === data.length);
  if (!match) {
    const expected = sizes.map(([kind, size]) => `${size} ${kind}`).join(" or ");
    throw new ShapeError(
      expectation(where, "labels", `${expected} for outputs of ${formatShape(output)}`, `${data.length} numbers`),
    );
  }
  return { data, kind: match[0] };
}

const isRows = (labels: ArrayLike<number> | readonly ArrayLike<number>[]): labels is readonly ArrayLike<number>[] =>
  Array.isArray(labels) && typeof labels[0] === "object";

/** Null where the labels are no numbers, their shape is not theirs, or rows differ in length. */
function flatten(labels: Labels): ArrayLike<number> | null {
  if (typeof labels !== "object" || labels === null) return null;
  if ("data" in labels) {
    const { data, shape } = labels;
    const fits = Array.isArray(shape) && isNumeric(data) && data.length === numel(shape);
    return fits ? data : null;
  }
  if (!isRows(labels)) return typeof labels.length === "number" ? labels : null;
  const rows = labels;
  const equal = rows.every((row) => isNumeric(row) && row.length === rows[0].length);
  return equal ? rows.flatMap((row) => Array.from(row)) : null;
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
