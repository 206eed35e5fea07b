import { describe, expect, test } from "vitest";
import { ACTIVATIONS } from "../../src/abi/enums.js";
import { cuts } from "../../src/abi/partials.js";
import { callSplit, expectClose, finiteDifference, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import { moments, normalize, normalizeDw, normalizeDx } from "../support/reference/norm.js";

const EPS = 1e-5;
const SHAPES: [number, number][] = [
  [2, 1],
  [3, 2],
  [5, 3],
  [4, 4],
  [9, 5],
  [128, 6],
  [63, 16],
  [130, 32],
  [32, 64],
  [17, 100],
  [11, 1030],
  [3000, 3],
  [2049, 20],
];

describe.each(variants)("batch normalisation, %s", (variant) => {
  const harness = Harness.create(variant);

  function statistics(x: Float32Array, rows: number, channels: number) {
    harness.reset();
    const [a, mean, variance, rstd] = [harness.f32(x), ...[0, 1, 2].map(() => harness.f32(channels))];
    const partial = harness.partial(cuts.batchNormStats(rows, channels));
    const outputs = { mean: mean.ptr, variance: variance.ptr, rstd: rstd.ptr };
    harness.call("f32_batch_norm_stats", { x: a.ptr, ...outputs, rows, channels, eps: EPS, ...partial });
    harness.checkBands();
    return { mean: mean.read(), variance: variance.read(), rstd: rstd.read() };
  }

  describe("statistics", () => {
    test.each([[1, 7], ...SHAPES, [70000, 16]])("%i x %i", (rows, channels) => {
      const x = normals(rows * channels, 1, 2, 1);
      const got = statistics(x, rows, channels);
      const exact = moments(x, rows, channels, "column", EPS);
      expectClose(got.mean, exact.mean, 1e-6);
      expectClose(got.variance, exact.variance, 2e-6);
      expectClose(got.rstd, exact.rstd, 2e-6);
    });

    test.each([1e3, 1e5, -1e6])("data far from 0, mean %d", (shift) => {
      const [rows, channels] = [20000, 5];
      const x = normals(rows * channels, 1, 1, shift);
      const got = statistics(x, rows, channels);
      const exact = moments(x, rows, channels, "column", EPS);
      expectClose(got.mean, exact.mean, 1e-7);
      expectClose(got.variance, exact.variance, 2e-6);
    });

    test("an outlier in the first row, a trend over the rows, constant columns", () => {
      const [rows, channels] = [4096, 3];
      const x = normals(rows * channels, 1);
      x[0] = 3000;
      for (let i = 0; i < rows; i++) {
        x[i * channels + 1] += i;
        x[i * channels + 2] = 7.7;
      }
      const got = statistics(x, rows, channels);
      const exact = moments(x, rows, channels, "column", EPS);
      for (let j = 0; j < 2; j++) expect(got.variance[j] / exact.variance[j]).toBeCloseTo(1, 5);
      expect(got.variance[2]).toBe(0);
      expect(got.rstd[2]).toBe(Math.fround(1 / Math.sqrt(Math.fround(EPS))));
    });
  });

  /** Forward with the batch's statistics, then both backward passes. */
  function run(
    rows: number,
    channels: number,
    how: { affine: boolean; residual: boolean; relu: boolean; frozen?: boolean },
  ) {
    const n = rows * channels;
    const [x, dy, skip] = [normals(n, 1, 2, 1), normals(n, 2), normals(n, 5)];
    const ones = new Float32Array(channels).fill(1);
    const [gamma, beta] = how.affine
      ? [normals(channels, 3), normals(channels, 4)]
      : [ones, new Float32Array(channels)];
    const { mean, rstd } = statistics(x, rows, channels);
    const outputs = runSplit(harness, (threads) => {
      const [a, g, m, s] = [x, dy, mean, rstd].map((values) => harness.f32(values).ptr);
      const [scale, offset] = how.affine ? [harness.f32(gamma).ptr, harness.f32(beta).ptr] : [0, 0];
      const operands = [n, channels, channels, n].map((size) => harness.f32(size));
      const [y, dgamma, dbeta, dx] = operands.map((operand) => operand.ptr);
      const residual = how.residual ? harness.f32(skip).ptr : 0;
      const partial = harness.partial(cuts.batchNormDw(rows, channels));
      const shared = { x: a, mean: m, rstd: s, rows, channels };
      const weights = { gamma: scale, beta: offset };
      const activation = how.relu ? ACTIVATIONS.relu : ACTIVATIONS.none;
      callSplit(harness, "f32_batch_norm", { ...shared, ...weights, residual, y, activation, param: 0 }, threads);
      harness.call("f32_batch_norm_dw", { ...shared, dy: g, dgamma, dbeta, ...partial });
      const sums = how.frozen ? { dgamma: 0, dbeta: 0 } : { dgamma, dbeta };
      callSplit(harness, "f32_batch_norm_dx", { ...shared, dy: g, gamma: scale, ...sums, dx }, threads);
      return operands;
    });
    const [y, dgamma, dbeta, dx] = outputs;
    return { x, dy, skip, gamma, beta, y, dgamma, dbeta, dx };
  }

  describe.each([
    { affine: true, residual: false, relu: false },
    { affine: false, residual: false, relu: false },
    { affine: true, residual: false, relu: true },
    { affine: false, residual: false, relu: true },
    { affine: true, residual: true, relu: true },
    { affine: true, residual: true, relu: false },
    { affine: true, residual: false, relu: false, frozen: true },
    { affine: false, residual: false, relu: false, frozen: true },
  ])("%j", (how) => {
    test.each(SHAPES)("%i x %i, forward and backward", (rows, channels) => {
      const { x, dy, skip, gamma, beta, ...got } = run(rows, channels, how);
      const m = moments(x, rows, channels, "column", EPS);
      const pre = normalize(x, m, gamma, beta, channels, "column").map((v, i) => v + (how.residual ? skip[i] : 0));
      expectClose(got.y, how.relu ? pre.map((v) => Math.max(v, 0)) : pre);
      const exact = normalizeDw(dy, x, m, channels, "column");
      expectClose(got.dgamma, exact.dgamma, 4e-6, 0.1);
      expectClose(got.dbeta, exact.dbeta, 1e-6, 0.1);
      const dx = how.frozen
        ? dy.map((v, i) => v * m.rstd[i % channels] * gamma[i % channels])
        : normalizeDx(dy, x, m, gamma, channels, "column");
      expectClose(got.dx, dx, 4e-6, 0.1);
    });

    test.skipIf(how.frozen)(
      `gradients agree with finite differences${how.frozen ? " (frozen: dx is linear in dy)" : ""}`,
      () => {
        const [rows, channels] = [7, 3];
        const { x, dy, gamma, beta, dx, dgamma, dbeta } = run(rows, channels, how);
        const loss = (v: ArrayLike<number>, g: ArrayLike<number>, b: ArrayLike<number>) => {
          const out = normalize(v, moments(v, rows, channels, "column", EPS), g, b, channels, "column");
          return out.reduce((sum, t, i) => sum + dy[i] * t, 0);
        };
        expectClose(
          dx,
          finiteDifference((v) => loss(v, gamma, beta), x),
          1e-5,
        );
        expectClose(
          dgamma,
          finiteDifference((v) => loss(x, v, beta), gamma),
        );
        expectClose(
          dbeta,
          finiteDifference((v) => loss(x, gamma, v), beta),
        );
      },
    );
  });

  test("other activations follow the normalisation", () => {
    const [rows, channels, n] = [6, 5, 30];
    const x = normals(n, 1);
    harness.reset();
    const [a, m, s, y] = [
      harness.f32(x),
      harness.f32(new Float32Array(5)),
      harness.f32(new Float32Array(5).fill(1)),
      harness.f32(n),
    ];
    const args = { x: a.ptr, mean: m.ptr, rstd: s.ptr, gamma: 0, beta: 0, residual: 0, y: y.ptr, rows, channels };
    harness.call("f32_batch_norm", { ...args, activation: ACTIVATIONS.leakyRelu, param: 0.5 });
    expect(y.read()).toEqual(x.map((v) => (v > 0 ? v : v * 0.5)));
  });

  test("in place: y over x and over the residual, dx over dy", () => {
    const [rows, channels] = [9, 6];
    const { x, dy, skip, gamma, beta, y, dgamma, dbeta, dx } = run(rows, channels, {
      affine: true,
      residual: true,
      relu: true,
    });
    const { mean, rstd } = statistics(x, rows, channels);
    harness.reset();
    const [m, s, g, b, dg, db] = [mean, rstd, gamma, beta, dgamma, dbeta].map((values) => harness.f32(values).ptr);
    const shared = { mean: m, rstd: s, gamma: g, rows, channels };
    for (const over of ["x", "residual"] as const) {
      const operands = { x: harness.f32(x), residual: harness.f32(skip) };
      const pointers = { x: operands.x.ptr, residual: operands.residual.ptr, y: operands[over].ptr };
      harness.call("f32_batch_norm", { ...shared, beta: b, ...pointers, activation: ACTIVATIONS.relu, param: 0 });
      expect(operands[over].read()).toEqual(y);
    }
    const [gradient, input] = [harness.f32(dy), harness.f32(x)];
    const back = {
      dy: gradient.ptr,
      x: input.ptr,
      dx: gradient.ptr,
      dgamma: dg,
      dbeta: db,
    };
    harness.call("f32_batch_norm_dx", { ...shared, ...back });
    expect(gradient.read()).toEqual(dx);
    harness.checkBands();
  });

  test.each([1, 5, 16, 33])("running statistics of %i channels", (channels) => {
    const rows = 10;
    const [mean, variance] = [normals(channels, 1), normals(channels, 2).map(Math.abs)];
    const [oldMean, oldVariance] = [normals(channels, 3), normals(channels, 4).map(Math.abs)];
    const momentum = Math.fround(0.1);
    const [runningMean, runningVar, batches, rstd] = runSplit(harness, (threads) => {
      const [m, v] = [harness.f32(mean), harness.f32(variance)];
      const outputs = [harness.f32(oldMean), harness.f32(oldVariance), harness.f32([41]), harness.f32(channels)];
      const [rm, rv, batches, rstd] = outputs.map((operand) => operand.ptr);
      const args = { mean: m.ptr, variance: v.ptr, runningMean: rm, runningVar: rv, rows, channels, momentum, batches };
      callSplit(harness, "f32_batch_norm_update", args, threads);
      callSplit(harness, "f32_batch_norm_rstd", { variance: v.ptr, rstd, channels, eps: EPS }, threads);
      return outputs;
    });
    expectClose(
      runningMean,
      mean.map((v, j) => 0.9 * oldMean[j] + 0.1 * v),
      1e-6,
    );
    expectClose(
      runningVar,
      variance.map((v, j) => 0.9 * oldVariance[j] + (0.1 * v * rows) / (rows - 1)),
      1e-6,
    );
    expectClose(
      rstd,
      Float64Array.from(variance, (v) => 1 / Math.sqrt(v + EPS)),
      1e-6,
    );
    expect(batches[0]).toBe(42);
  });
});
