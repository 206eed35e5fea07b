// The golden files themselves: the generator is the same in both languages, every value is finite, and the recorded
// results follow from the recorded inputs (checked by definitions written here in a few lines).
import { describe, expect, it } from "vitest";
import { bits, distribution, indices, uniform } from "./generator.js";
import {
  fingerprint,
  fingerprintDifference,
  loadCases,
  loadClipping,
  loadMlpTrajectory,
  loadOptimizers,
  maxDifference,
  readJson,
  tolerance,
} from "./load.js";

describe("generator", () => {
  const sample = readJson<Record<string, number[]> & { sumOfMillion: number }>("generator.json");
  it("makes the same bits as its Python twin", () => {
    expect([...bits("sample", 8)]).toEqual(sample.bits);
    expect([...uniform("sample", 8, 0.3, 1.7)]).toEqual(sample.uniform);
    expect([...indices("sample", 8, 10)]).toEqual(sample.indices);
    expect([...distribution("sample", 2, 3)]).toEqual(sample.distribution);
    expect(uniform("sample", 1_000_000).reduce((a, b) => a + b, 0)).toBe(sample.sumOfMillion); // the sum is exact
  });
});

describe("op cases", () => {
  const files = ["linear", "activations", "norms", "losses"];
  it.each(files)("%s: shapes agree and values are finite", (file) => {
    const cases = loadCases(file);
    expect(cases.length).toBeGreaterThan(10);
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
    for (const { name, inputs, outputs } of cases)
      for (const [key, { shape, data }] of [...Object.entries(inputs), ...Object.entries(outputs)]) {
        expect(data.length, `${name} ${key}`).toBe(shape.reduce((a, b) => a * b, 1));
        expect(data.every(Number.isFinite), `${name} ${key}`).toBe(true);
      }
  });

  it("linear: y = x · weight^T + bias", () => {
    for (const { inputs, outputs } of loadCases("linear")) {
      const [n, k] = inputs.weight.shape;
      const y = outputs.y.data.map((_, i) => {
        const [row, col] = [Math.floor(i / n), i % n];
        let sum = inputs.bias?.data[col] ?? 0;
        for (let j = 0; j < k; j++) sum += inputs.x.data[row * k + j] * inputs.weight.data[col * k + j];
        return sum;
      });
      expect(maxDifference(y, outputs.y.data)).toBeLessThan(1e-12);
      expect(tolerance(outputs.y)).toBeLessThan(1e-4);
    }
  });
});

describe("optimisers and clipping", () => {
  it("plain SGD subtracts lr · gradient", () => {
    const { start, gradients, weights, options } = loadOptimizers().find((c) => c.name === "sgd")!;
    const w = Float64Array.from(start);
    for (const g of gradients) for (let i = 0; i < w.length; i++) w[i] -= options.lr * g[i];
    expect(maxDifference(w, weights.data.slice(-w.length))).toBeLessThan(1e-14);
  });

  it("clipping leaves the norm at its limit", () => {
    for (const { maxNorm, norm, a, b } of loadClipping()) {
      const clipped = Math.sqrt([...a.data, ...b.data].reduce((s, v) => s + v * v, 0));
      expect(Math.abs(clipped - Math.min(maxNorm, norm.data[0]))).toBeLessThan(2e-3 * maxNorm); // PyTorch adds 1e-6 to the norm
    }
  });
});

describe("trajectory of the residual net", () => {
  const golden = loadMlpTrajectory();
  it("starts near ln 10 and learns", () => {
    expect(golden.losses.length).toBe(golden.steps);
    expect(Math.abs(golden.losses[0] - Math.log(10))).toBeLessThan(0.1);
    expect(golden.losses.at(-1)).toBeLessThan(1);
    expect(Math.max(...golden.float32LossErrors)).toBeLessThan(1e-6);
  });

  it("fingerprints see a swapped pair of elements and a scaled tensor", () => {
    const { name, shape, data } = golden.parameters[0];
    const own = {
      name,
      shape,
      ...fingerprint(name, data),
      float32Error: [0, 0, 0, 0] as [number, number, number, number],
      float32RelativeNorm: 0,
    };
    expect(fingerprintDifference(data, own)).toBe(0);
    const swapped = data.slice();
    [swapped[1], swapped[2]] = [data[2], data[1]];
    expect(fingerprintDifference(swapped, own)).toBeGreaterThan(1e-4);
    expect(
      fingerprintDifference(
        data.map((v) => v * 1.001),
        own,
      ),
    ).toBeGreaterThan(5e-4);
  });
});
