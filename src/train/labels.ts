/** Labels of a batch: class indices, or rows of numbers; checked before they reach the kernels. */
import { DataError, expectation, ShapeError } from "../core/errors.js";
import { formatShape, numel, type Shape, sameShape } from "../core/shape.js";
import { type Refuse, readNumbers } from "../core/tensor.js";
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
  const refuse: Refuse = (got, { at = "", row, hint } = {}) => {
    if (at !== "" && row === undefined)
      return new DataError(expectation(where, `labels${at}`, "a number", got, { hint }));
    const expected = "numbers, { data, shape }, or rows of equal length";
    return new ShapeError(expectation(where, "labels", expected, at === "" ? got : `${got} at ${at}`, { hint }));
  };
  const { data, shape } = readNumbers(labels, refuse);
  const targets = loss.targets.map((kind) => [kind, loss.targetShape(output, kind)] as const);
  const match = targets.find(([, target]) => (shape ? fits(shape, target) : data.length === numel(target)));
  if (match) return { data, kind: match[0] };
  const name = ([kind, target]: (typeof targets)[number]) => `${shape ? formatShape(target) : numel(target)} ${kind}`;
  const expected = `${targets.map(name).join(" or ")} for outputs of ${formatShape(output)}`;
  const got = shape ? formatShape(shape) : `${data.length} numbers`;
  throw new ShapeError(expectation(where, "labels", expected, got));
}

/** The same samples, each in the same order: dimensions of 1 move nothing, and rows may be flat. */
function fits([n, ...shape]: Shape, [samples, ...target]: Shape): boolean {
  const sides = (dimensions: Shape) => dimensions.filter((side) => side !== 1);
  return (
    n === samples && (sameShape(sides(shape), sides(target)) || (shape.length === 1 && shape[0] === numel(target)))
  );
}

/** What the samples of a batch are called in their dataset; none for labels that were given by themselves. */
export type SampleIndices = ArrayLike<number> | undefined;

/** How far the sum of a row of probabilities may be from 1: float16 and three decimals are in. */
const SUM_TOLERANCE = 1e-3;

/**
 * Throws `DataError` on the first label outside of what the loss is defined for: a class that does not exist, a negative
 * one, a fraction, NaN; shares of 1 outside of [0, 1]; rows of probabilities that are negative or do not sum to 1.
 */
export function checkTargets(
  where: string,
  data: ArrayLike<number>,
  kind: TargetKind,
  { type, domain, ignoreIndex }: Loss,
  output: Shape,
  samples?: SampleIndices,
): void {
  const classes = output[output.length - 1];
  const refuse = (i: number, name: string, expected: string, got: string, hint?: string): never => {
    const sample = samples?.[Math.floor(i / (data.length / samples.length))];
    const place = sample === undefined ? "" : ` (sample ${sample} of the dataset)`;
    throw new DataError(expectation(where, name, expected, `${got}${place}`, { hint }));
  };
  if (kind === "indices") {
    for (let i = 0; i < data.length; i++) {
      const value = data[i];
      if (value === ignoreIndex || (Number.isInteger(value) && value >= 0 && value < classes)) continue;
      refuse(i, `labels[${i}]`, `a class from 0 to ${classes - 1}`, String(value));
    }
    return;
  }
  const most = domain === undefined ? Infinity : 1;
  const least = domain === undefined ? -Infinity : 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value >= least && value <= most && Number.isFinite(value)) continue;
    if (domain === undefined || !Number.isFinite(value)) refuse(i, `labels[${i}]`, "a finite number", String(value));
    refuse(i, `labels[${i}]`, `a number in [0, 1] for ${type}`, String(value), HINTS[domain ?? "share"]);
  }
  if (domain !== "distribution") return;
  for (let row = 0; row < data.length; row += classes) {
    let sum = 0;
    for (let i = row; i < row + classes; i++) sum += data[i];
    if (Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    const name = `labels[${row}] to labels[${row + classes - 1}]`;
    refuse(
      row,
      name,
      `probabilities that sum to 1 within ${SUM_TOLERANCE} for ${type}`,
      `a sum of ${sum}`,
      HINTS[domain],
    );
  }
}

const HINTS = {
  share:
    "Give 0, 1, or probabilities between them: the column of a table that is standardised or -1 and 1 is no such target, " +
    "make it a class target or undo it; for numbers of any size use mse or huber",
  distribution:
    "Give class indices, or rows that are divided by their sum; for several labels at a time, each 0 or 1, use bceWithLogits",
};
