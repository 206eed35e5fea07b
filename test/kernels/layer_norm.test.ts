import { describe, expect, test } from "vitest";
import { cuts } from "../../src/abi/partials.js";
import { callSplit, expectClose, finiteDifference, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import { moments, normalize, normalizeDw, normalizeDx } from "../support/reference/norm.js";

const EPS = 1e-5;
/** Rows of two are left out: their xhat is ±1 whatever x is, and dx cancels to nothing but rounding. */
const SHAPES: [number, number][] = [
  [1, 1],
  [2, 3],
  [3, 5],
  [4, 4],
  [7, 16],
  [9, 31],
  [128, 10],
  [33, 128],
  [5, 1027],
  [2000, 24],
];

describe.each(variants)("layer normalisation, %s", (variant) => {
  const harness = Harness.create(variant);

  function run(x: Float32Array, dy: Float32Array, rows: number, cols: number, affine: boolean) {
    const n = rows * cols;
    const [gamma, beta] = affine
      ? [normals(cols, 3), normals(cols, 4)]
      : [new Float32Array(cols).fill(1), new Float32Array(cols)];
    const [y, mean, rstd, dx, dgamma, dbeta] = runSplit(harness, (threads) => {
      const [a, g] = [harness.f32(x), harness.f32(dy)];
      const weights = affine ? { gamma: harness.f32(gamma).ptr, beta: harness.f32(beta).ptr } : { gamma: 0, beta: 0 };
      const outputs = [n, rows, rows, n, cols, cols].map((size) => harness.f32(size));
      const [y, mean, rstd, dx, dgamma, dbeta] = outputs.map((operand) => operand.ptr);
      const partial = harness.partial(cuts.layerNormDw(rows, cols));
      callSplit(harness, "f32_layer_norm", { x: a.ptr, ...weights, y, mean, rstd, rows, cols, eps: EPS }, threads);
      const saved = { dy: g.ptr, x: a.ptr, mean, rstd, rows, cols };
      callSplit(harness, "f32_layer_norm_dx", { ...saved, gamma: weights.gamma, dx }, threads);
      harness.call("f32_layer_norm_dw", { ...saved, dgamma, dbeta, ...partial });
      return outputs;
    });
    return { gamma, beta, y, mean, rstd, dx, dgamma, dbeta };
  }

  describe.each([true, false])("affine %s", (affine) => {
    test.each(SHAPES)("%i x %i, forward and backward", (rows, cols) => {
      const [x, dy] = [normals(rows * cols, 1, 2, 0.5), normals(rows * cols, 2)];
      const got = run(x, dy, rows, cols, affine);
      const m = moments(x, rows, cols, "row", EPS);
      const exact = normalizeDw(dy, x, m, cols, "row");
      // The saved mean is a float32 number: half an ULP of it, in units of the row's deviation, is in every xhat.
      const rounding = Math.max(...m.mean.map((mean, i) => 2 ** -24 * Math.abs(mean) * m.rstd[i]));
      expectClose(got.mean, m.mean, 1e-6);
      expectClose(got.rstd, m.rstd, 1e-6);
      expectClose(got.y, normalize(x, m, got.gamma, got.beta, cols, "row"), 2e-6 + rounding);
      expectClose(got.dx, normalizeDx(dy, x, m, got.gamma, cols, "row"), 4e-6 + rounding, 0.1);
      expectClose(got.dgamma, exact.dgamma, 2e-6 + rounding, 0.1);
      expectClose(got.dbeta, exact.dbeta, 1e-6, 0.1);
    });

    test("gradients agree with finite differences", () => {
      const [rows, cols] = [3, 6];
      const [x, dy] = [normals(18, 1), normals(18, 2)];
      const { gamma, beta, dx, dgamma, dbeta } = run(x, dy, rows, cols, affine);
      const loss = (v: ArrayLike<number>, g: ArrayLike<number>, b: ArrayLike<number>) =>
        normalize(v, moments(v, rows, cols, "row", EPS), g, b, cols, "row").reduce((sum, y, i) => sum + dy[i] * y, 0);
      expectClose(
        dx,
        finiteDifference((v) => loss(v, gamma, beta), x),
      );
      expectClose(
        dgamma,
        finiteDifference((v) => loss(x, v, beta), gamma),
      );
      expectClose(
        dbeta,
        finiteDifference((v) => loss(x, gamma, v), beta),
      );
    });
  });

  test("rows far from 0 keep their digits", () => {
    const [rows, cols] = [4, 100];
    const x = normals(rows * cols, 1, 1, 4096);
    const m = moments(x, rows, cols, "row", EPS);
    const { y, gamma, beta } = run(x, normals(rows * cols, 2), rows, cols, true);
    // The mean is rounded to float32: half an ULP of 4096 is 2.4e-4, and all of the error.
    expectClose(y, normalize(x, m, gamma, beta, cols, "row"), 3e-4);
  });

  test("in place", () => {
    const [rows, cols, n] = [3, 10, 30];
    const [x, dy] = [normals(n, 1), normals(n, 2)];
    const { y, mean, rstd, dx } = run(x, dy, rows, cols, false);
    harness.reset();
    const [a, b, c] = [harness.f32(x), harness.f32(dy), harness.f32(x)];
    const [m, s] = [harness.f32(rows), harness.f32(rows)];
    const saved = { mean: m.ptr, rstd: s.ptr, gamma: 0, rows, cols };
    harness.call("f32_layer_norm", { x: a.ptr, y: a.ptr, beta: 0, eps: EPS, ...saved });
    expect(a.read()).toEqual(y);
    expect([m.read(), s.read()]).toEqual([mean, rstd]);
    harness.call("f32_layer_norm_dx", { dy: b.ptr, x: c.ptr, dx: b.ptr, ...saved });
    expect(b.read()).toEqual(dx);
    harness.checkBands();
  });
});
