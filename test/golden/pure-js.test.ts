// The benchmark's plain JavaScript contenders are held to the same goldens as the library: a rival that computes
// something else would be no rival.
import { describe, expect, it } from "vitest";
import { PureJsNet } from "../../bench/pure-js/fc.js";
import { products } from "../../bench/pure-js/products.js";
import { uniform } from "./generator.js";
import { fingerprintDifference, loadMlpTrajectory, maxDifference } from "./load.js";

describe.each(Object.entries(products))("in %s", (_, gemm) => {
  it("follows PyTorch's float64 losses for twenty steps", () => {
    const golden = loadMlpTrajectory();
    const net = new PureJsNet(
      golden,
      golden.parameters.map((p) => p.data),
      gemm,
    );
    for (let step = 0; step < golden.steps; step++) {
      const { x, labels } = golden.batchOf(step);
      expect(Math.abs(net.step(x, labels) - golden.losses[step]), `step ${step}`).toBeLessThan(5e-6);
      if (step === 0)
        golden.gradients.forEach((g, i) => {
          expect(fingerprintDifference(net.gradients[i], g), g.name).toBeLessThan(1e-5);
        });
    }
    golden.weights.forEach((w, i) => {
      expect(fingerprintDifference(net.parameters[i], w), w.name).toBeLessThan(1e-5);
    });
  });

  it.each([
    [1, 1, 1],
    [4, 3, 5],
    [131, 7, 300],
    [5, 515, 260],
  ])("multiplies %i x %i x %i in every layout", (m, n, k) => {
    const a = uniform("a", m * k);
    const b = uniform("b", k * n);
    const expected = new Float64Array(m * n);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) expected[i * n + j] += a[i * k + p] * b[p * n + j];
    const aT = uniform("a", m * k);
    const bT = uniform("b", k * n);
    for (let i = 0; i < m; i++) for (let p = 0; p < k; p++) aT[p * m + i] = a[i * k + p];
    for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) bT[j * k + p] = b[p * n + j];
    const c = new Float32Array(m * n);
    const run = (x: Float32Array, xRow: number, xCol: number, y: Float32Array, yRow: number, yCol: number) => {
      c.fill(Number.NaN);
      gemm(m, n, k, x, xRow, xCol, y, yRow, yCol, c);
      expect(maxDifference(c, expected)).toBeLessThan(1e-5);
    };
    run(a, k, 1, b, n, 1);
    run(aT, 1, m, b, n, 1);
    run(a, k, 1, bT, 1, k);
    run(aT, 1, m, bT, 1, k);
  });
});
