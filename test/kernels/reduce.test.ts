import { describe, expect, test } from "vitest";
import { cuts } from "../../src/abi/partials.js";
import { callSplit, expectClose, finiteDifference, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import { columnSum, logSoftmax, logSoftmaxDx, softmax, softmaxDx } from "../support/reference/losses.js";

const SHAPES: [number, number][] = [
  [1, 1],
  [1, 5],
  [3, 1],
  [7, 4],
  [8, 3],
  [9, 10],
  [16, 16],
  [25, 7],
  [128, 10],
  [128, 128],
  [33, 100],
  [5, 1000],
  [2, 2048],
];

describe.each(variants)("column sums, %s", (variant) => {
  const harness = Harness.create(variant);

  function sum(x: Float32Array, rows: number, cols: number): Float32Array {
    harness.reset();
    const [a, y] = [harness.f32(x), harness.f32(cols)];
    const partial = harness.partial(cuts.columnSum(rows, cols));
    harness.call("f32_column_sum", { x: a.ptr, y: y.ptr, rows, cols, ...partial });
    harness.checkBands();
    return y.read();
  }

  test.each([...SHAPES, [20000, 3], [9001, 16], [1100, 37], [4097, 130]])("%i x %i", (rows, cols) => {
    const x = normals(rows * cols, rows + cols);
    expectClose(sum(x, rows, cols), columnSum(x, rows, cols), 1e-6);
  });

  test("a million equal numbers: 0.1 is not a float32, its sum must not drift", () => {
    const x = new Float32Array(1_000_000).fill(0.1);
    expectClose(sum(x, 1_000_000, 1), [Math.fround(0.1) * 1_000_000], 1e-7);
    expectClose(sum(x, 125_000, 8), new Array(8).fill(Math.fround(0.1) * 125_000), 1e-7);
  });

  test("large terms that cancel leave the small ones", () => {
    const [rows, cols] = [40000, 4];
    const x = normals(rows * cols, 5);
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) x[i * cols + j] += i % 2 ? -1000 : 1000;
    const [got, exact] = [sum(x, rows, cols), columnSum(x, rows, cols)];
    for (let j = 0; j < cols; j++) expect(Math.abs(got[j] - exact[j])).toBeLessThan(1e-5 * 200 * 1000);
  });
});

describe.each(variants)("softmax, %s", (variant) => {
  const harness = Harness.create(variant);

  test.each(SHAPES)("%i x %i, forward and backward", (rows, cols) => {
    const n = rows * cols;
    const [x, dy] = [normals(n, 1, 4), normals(n, 2)];
    const outputs = runSplit(harness, (threads) => {
      const [a, g] = [harness.f32(x), harness.f32(dy)];
      const [y, logY, dx, logDx] = [harness.f32(n), harness.f32(n), harness.f32(n), harness.f32(n)];
      const sizes = { rows, cols };
      callSplit(harness, "f32_softmax", { x: a.ptr, y: y.ptr, log: 0, ...sizes }, threads);
      callSplit(harness, "f32_softmax", { x: a.ptr, y: logY.ptr, log: 1, ...sizes }, threads);
      callSplit(harness, "f32_softmax_dx", { dy: g.ptr, y: y.ptr, dx: dx.ptr, log: 0, ...sizes }, threads);
      callSplit(harness, "f32_softmax_dx", { dy: g.ptr, y: logY.ptr, dx: logDx.ptr, log: 1, ...sizes }, threads);
      return [y, logY, dx, logDx];
    });
    expectClose(outputs[0], softmax(x, rows, cols), 1e-6);
    expectClose(outputs[1], logSoftmax(x, rows, cols), 1e-6, 1);
    expectClose(outputs[2], softmaxDx(dy, x, rows, cols), 2e-6, 0.1);
    expectClose(outputs[3], logSoftmaxDx(dy, x, rows, cols), 2e-6, 1);
  });

  test.each([0, 1])("dx agrees with finite differences (log = %i), in place of dy and of y", (log) => {
    const [rows, cols] = [3, 7];
    const [x, dy] = [normals(21, 1), normals(21, 2)];
    const forward = log ? logSoftmax : softmax;
    const loss = (v: Float64Array) => forward(v, rows, cols).reduce((sum, y, i) => sum + dy[i] * y, 0);
    const exact = finiteDifference(loss, x);
    for (const target of ["dy", "y"]) {
      harness.reset();
      const [g, y] = [harness.f32(dy), harness.f32(forward(x, rows, cols))];
      const dx = target === "dy" ? g : y;
      harness.call("f32_softmax_dx", { dy: g.ptr, y: y.ptr, dx: dx.ptr, rows, cols, log });
      expectClose(dx.read(), exact);
      harness.checkBands();
    }
  });

  test("large, infinite and in-place inputs", () => {
    const x = [1000, 1001, 999, -Infinity, 0, -Infinity, 5, 5];
    harness.reset();
    const [a, b] = [harness.f32(x), harness.f32(x)];
    harness.call("f32_softmax", { x: a.ptr, y: a.ptr, rows: 2, cols: 4, log: 0 });
    harness.call("f32_softmax", { x: b.ptr, y: b.ptr, rows: 2, cols: 4, log: 1 });
    expectClose(a.read(), softmax(x, 2, 4), 1e-6);
    expectClose(b.read(), logSoftmax(x, 2, 4), 1e-6);
    expect(b.read()[3]).toBe(-Infinity);
  });

  test("a NaN makes its row NaN and no other", () => {
    harness.reset();
    const x = harness.f32([1, NaN, 2, 3, 4, 5]);
    harness.call("f32_softmax", { x: x.ptr, y: x.ptr, rows: 2, cols: 3, log: 0 });
    expect([...x.read()].map(Number.isNaN)).toEqual([true, true, true, false, false, false]);
  });
});
