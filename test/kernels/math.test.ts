// Error of the vector functions in ULP against float64: a stride through all float32 bit patterns, and all of them
// with RESNET_WASM_EXHAUSTIVE=1.
import { beforeAll, describe, expect, test } from "vitest";
import { variants } from "../support/kernels/harness.js";
import { BATCH, createMathProbe, type MathFunction, type MathProbe } from "../support/kernels/math-probe.js";
import { erf, normalCdf, sigmoid } from "../support/reference/special.js";

const exhaustive = process.env.RESNET_WASM_EXHAUSTIVE === "1";

/** The bit patterns of [from, to] are swept; `ulp` is the bound stated above each function. */
interface Sweep {
  name: MathFunction;
  exact: (x: number) => number;
  from: number;
  to: number;
  ulp: number;
}

// Float32 bit patterns of the positive, then of the negative numbers, both from 0 to NaN.
const ALL = { from: 0, to: 0xffffffff };
const SWEEPS: Sweep[] = [
  { name: "exp", exact: Math.exp, ...ALL, ulp: 1 },
  { name: "expm1_negative", exact: Math.expm1, from: 0x80000000, to: 0xffffffff, ulp: 1 },
  { name: "log", exact: Math.log, ...ALL, ulp: 1 },
  { name: "log1p", exact: Math.log1p, from: 0, to: 0x3f800000, ulp: 1.25 },
  { name: "tanh", exact: Math.tanh, ...ALL, ulp: 1.5 },
  { name: "sigmoid", exact: sigmoid, ...ALL, ulp: 2.5 },
  { name: "erf", exact: erf, ...ALL, ulp: 1.25 },
];

/** Distance of neighbouring float32 numbers at |x|. */
function ulpOf(x: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return 2 ** (Math.max(Math.min(exponent, 127), -126) - 23);
}

/** |got - exact| in ULP; 0 where both are NaN, both infinite, or the exact value rounds to what was got. */
function ulpError(got: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(got, rounded) || got === rounded) return 0;
  if (Number.isNaN(got) || Number.isNaN(rounded)) return Number.isNaN(got) && Number.isNaN(rounded) ? 0 : Infinity;
  if (!Number.isFinite(got))
    return Math.sign(got) === Math.sign(exact) && Math.abs(exact) > 3.4028234e38 ? 0 : Infinity;
  return Math.abs(got - exact) / ulpOf(exact === 0 ? 2 ** -126 : exact);
}

/** Largest error over every `stride`-th bit pattern, and where it occurs. */
function sweep(probe: MathProbe, { name, exact, from, to }: Sweep, stride: number): { error: number; at: number } {
  let worst = { error: 0, at: 0 };
  for (let first = from; first <= to; first += BATCH * stride) {
    const count = Math.min(BATCH, Math.floor((to - first) / stride) + 1);
    for (let i = 0; i < BATCH; i++) probe.bits[i] = first + Math.min(i, count - 1) * stride;
    probe.apply(name);
    for (let i = 0; i < count; i++) {
      const error = ulpError(probe.y[i], exact(probe.x[i]));
      if (error > worst.error) worst = { error, at: probe.x[i] };
    }
  }
  return worst;
}

describe.each(variants)("math functions, %s", (variant) => {
  let probe: MathProbe;
  beforeAll(async () => {
    probe = await createMathProbe(variant);
  });

  test.each(SWEEPS)("$name stays within $ulp ULP on a sample", (item) => {
    const { error, at } = sweep(probe, item, 16381);
    expect(error, `at ${at}`).toBeLessThanOrEqual(item.ulp);
    expect(error).toBeGreaterThan(0); // the sweep has looked at something
  });

  const skipped = exhaustive ? "" : " (skipped: set RESNET_WASM_EXHAUSTIVE=1, takes an hour)";
  test.skipIf(!exhaustive).each(SWEEPS)(
    `$name stays within $ulp ULP everywhere${skipped}`,
    (item) => {
      const { error, at } = sweep(probe, item, 1);
      console.log(`${variant} ${item.name}: ${error.toFixed(3)} ULP at ${at}`);
      expect(error, `at ${at}`).toBeLessThanOrEqual(item.ulp);
    },
    3_600_000,
  );

  test.each<[MathFunction, number[], number[]]>([
    ["exp", [-Infinity, -200, -0, 0, 89, Infinity, NaN], [0, 0, 1, 1, Infinity, Infinity, NaN]],
    ["log", [-Infinity, -1, -0, 0, 1, Infinity, NaN], [NaN, NaN, -Infinity, -Infinity, 0, Infinity, NaN]],
    ["log1p", [0, 1e-45], [0, 1e-45]],
    ["tanh", [-Infinity, -100, -0, 0, 100, Infinity, NaN], [-1, -1, -0, 0, 1, 1, NaN]],
    ["sigmoid", [-Infinity, -200, 0, 200, Infinity, NaN], [0, 0, 0.5, 1, 1, NaN]],
    ["erf", [-Infinity, -1e30, -0, 0, 1e30, Infinity, NaN], [-1, -1, -0, 0, 1, 1, NaN]],
    ["gate", [-Infinity, -1e30, 0, 1e30, Infinity, NaN], [0, 0, 0.5, 1, 1, NaN]],
    ["even_gate", [-Infinity, -1e30, 0, 1e30, Infinity, NaN], [0, 0, 0.5, 1, 1, NaN]],
    ["normal_cdf", [-Infinity, -1e30, 0, 1e30, Infinity, NaN], [0, 0, 0.5, 1, 1, NaN]],
  ])("%s of special values", (name, x, y) => {
    probe.x.set(x);
    probe.apply(name, 8);
    expect([...probe.y.subarray(0, y.length)]).toEqual(y.map(Math.fround));
  });

  test("normal_cdf is accurate in both tails", () => {
    const n = 40000;
    for (let i = 0; i < n; i++) probe.x[i] = -8 + (16 * i) / n;
    probe.apply("normal_cdf", n);
    for (let i = 0; i < n; i++) {
      const exact = normalCdf(probe.x[i]);
      const error = Math.abs(probe.y[i] - exact);
      const bound = probe.x[i] > -6 ? Math.min(1e-7, 1e-5 * exact) : 1e-12;
      if (error > bound) expect(error, `at ${probe.x[i]}`).toBeLessThanOrEqual(bound);
    }
  });

  test.each(["gate", "even_gate"] as const)("%s is accurate in both tails", (name) => {
    const n = 40000;
    for (let i = 0; i < n; i++) probe.x[i] = -87 + (174 * i) / n;
    probe.apply(name, n);
    for (let i = 0; i < n; i++) {
      const x = probe.x[i];
      const exact = sigmoid(x);
      const bound = Math.min(1e-7, (x > -16 ? 1e-6 : 1e-5) * exact);
      const error = Math.abs(probe.y[i] - exact);
      if (error > bound) expect(error, `at ${x}`).toBeLessThanOrEqual(bound);
    }
  });

  test("results do not depend on the lane", () => {
    for (const name of ["exp", "log", "tanh", "erf", "gate", "even_gate", "normal_cdf"] as const) {
      probe.x.set([1.37, 0, 0, 0, 0, 1.37, 0, 0, 0, 0, 1.37, 0, 0, 0, 0, 1.37]);
      probe.apply(name, 16);
      expect(new Set([probe.y[0], probe.y[5], probe.y[10], probe.y[15]]).size).toBe(1);
    }
  });
});
