// Copies between strides against loops over all indices, in parts of threads, around guard bands.
import { describe, expect, test } from "vitest";
import { callSplit, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";

type Four = [number, number, number, number];
/** Sizes, strides of x and of y, and where their first elements lie. */
const CASES: [name: string, sizes: Four, x: Four, y: Four, xAt: number, yAt: number][] = [
  ["a run", [1, 1, 1, 37], [1, 1, 1, 1], [1, 1, 1, 1], 0, 0],
  ["rows into wider ones", [1, 1, 9, 7], [1, 1, 7, 1], [1, 1, 12, 1], 0, 5],
  ["rows out of wider ones", [1, 3, 5, 6], [1, 70, 14, 1], [1, 30, 6, 1], 3, 0],
  ["a transposition", [1, 2, 11, 6], [1, 66, 1, 11], [1, 66, 6, 1], 0, 0],
  ["backwards, every other", [2, 3, 4, 5], [120, 40, 10, -2], [60, 20, 5, 1], 9, 0],
  ["one number", [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], 3, 2],
];

describe.each(variants)("moving numbers, %s", (variant) => {
  const harness = Harness.create(variant);

  test.each(CASES)("f32_copy: %s", (_, [n0, n1, n2, n3], xs, ys, xAt, yAt) => {
    const [x, before] = [normals(250, 1), normals(250, 2)];
    const expected = before.slice();
    for (let a = 0; a < n0; a++)
      for (let b = 0; b < n1; b++)
        for (let c = 0; c < n2; c++)
          for (let d = 0; d < n3; d++) {
            const at = (s: Four) => a * s[0] + b * s[1] + c * s[2] + d * s[3];
            expected[yAt + at(ys)] = x[xAt + at(xs)];
          }
    const [y] = runSplit(harness, (threads) => {
      const [from, to] = [harness.f32(x), harness.f32(before)];
      const [[x0, x1, x2, x3], [y0, y1, y2, y3]] = [xs, ys];
      const sizes = { n0, n1, n2, n3, x0, x1, x2, x3, y0, y1, y2, y3 };
      callSplit(harness, "f32_copy", { x: from.ptr + 4 * xAt, y: to.ptr + 4 * yAt, ...sizes }, threads);
      return [to];
    });
    expect(y).toEqual(expected);
  });

  test.each([1, 3, 4, 5, 31, 64, 257])("f32_fill of %i", (n) => {
    const [y] = runSplit(harness, (threads) => {
      const to = harness.f32(n);
      callSplit(harness, "f32_fill", { y: to.ptr, n, value: -1.5 }, threads);
      return [to];
    });
    expect(y).toEqual(new Float32Array(n).fill(-1.5));
  });
});
