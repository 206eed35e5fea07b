/** Sparse matrices along an axis: resizing, gathering and the like. They hold their own gradients. */
import type { Shape } from "../core/shape.js";
import type { Op } from "../graph/op.js";

/** What one number of the result is: factors of numbers of x. */
export type Taps = readonly (readonly [index: number, weight: number])[];

export interface Resample {
  /** x is read as [outer, size, inner]; the result has a number along the axis for each of `rows`. */
  outer: number;
  size: number;
  inner: number;
  rows: readonly Taps[];
  /** Of the result. */
  shape: Shape;
}

/** The rows as `f32_resample` has them after its fields. */
export function tableOf(rows: readonly Taps[]): number[] {
  const words = [0];
  for (const taps of rows) words.push(words[words.length - 1] + taps.length);
  const bits = new DataView(new ArrayBuffer(4));
  for (const taps of rows)
    for (const [index, weight] of taps) {
      bits.setFloat32(0, weight);
      words.push(index, bits.getInt32(0));
    }
  return words;
}

/** The matrix on its side, [size] rows. */
function transposed(rows: readonly Taps[], size: number): Taps[] {
  const columns = Array.from({ length: size }, (): [number, number][] => []);
  rows.forEach((taps, row) => {
    for (const [index, weight] of taps) columns[index].push([row, weight]);
  });
  return columns;
}

/** y[o][row][j] = sum of weight x[o][index][j] */
export const resample: Op<Resample> = {
  name: "resample",
  shapes: (_, { shape }) => [shape],
  encode(node, c) {
    const { outer, size, inner, rows } = node.attributes;
    const operands = { x: c.input(node, 0), y: c.output(node) };
    c.record("f32_resample", { ...operands, outer, size, inner, rows: rows.length }, tableOf(rows));
  },
  // dx[o][index][j] = sum of weight dy[o][row][j]
  gradient({ node, dy, shape, emit }) {
    const { outer, size, inner, rows } = node.attributes;
    const back = { outer, size: rows.length, inner, rows: transposed(rows, size), shape: shape(node.inputs[0]) };
    return [emit(resample, [dy], back)[0]];
  },
};
