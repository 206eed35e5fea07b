import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gemmScratch, packedSize, TILE_BYTES } from "../../src/abi/gemm.js";
import { callSplit, normals } from "../support/kernels/compare.js";
import { type Case, check } from "../support/kernels/gemm-cases.js";
import { Harness, withWide } from "../support/kernels/harness.js";
import { ACTIVATION_NAMES } from "../support/reference/activations.js";

const TRANSPOSES = [
  { aTransposed: false, bTransposed: false },
  { aTransposed: false, bTransposed: true },
  { aTransposed: true, bTransposed: false },
  { aTransposed: true, bTransposed: true },
];

const size = (max: number) => fc.integer({ min: 1, max });
const anyCase = (max: number): fc.Arbitrary<Case> =>
  fc
    .record({
      kernel: fc.constantFrom("gemm" as const, "gemv" as const),
      m: size(max),
      n: size(max),
      k: size(max),
      aTransposed: fc.boolean(),
      bTransposed: fc.boolean(),
      gap: fc.integer({ min: 0, max: 5 }),
      bias: fc.boolean(),
      residual: fc.constantFrom(undefined, "apart" as const, "c" as const),
      activation: fc.constantFrom(...ACTIVATION_NAMES),
      derivative: fc.constantFrom(undefined, "apart" as const, "c" as const),
    })
    .filter((c) => !(c.residual === "c" && c.derivative === "c"))
    .map((c) => ({ ...c, aTransposed: c.kernel === "gemm" && c.aTransposed }));

describe.each(withWide)("gemm, %s", (variant) => {
  const harness = Harness.create(variant);

  test.each(TRANSPOSES)("every m up to 13 with every n up to 17: %o", (transposes) => {
    for (let m = 1; m <= 13; m++) {
      for (let n = 1; n <= 17; n++) check(harness, { kernel: "gemm", m, n, k: 1 + ((m * n) % 11), ...transposes });
    }
  });

  test.each(TRANSPOSES)("every k up to 40: %o", (transposes) => {
    for (let k = 1; k <= 40; k++) check(harness, { kernel: "gemm", m: 7, n: 11, k, gap: k % 3, ...transposes });
  });

  test.each(TRANSPOSES)("larger products, 4 KB rows, several groups and chunks: %o", (transposes) => {
    check(harness, { kernel: "gemm", m: 128, n: 40, k: 300, ...transposes });
    check(harness, { kernel: "gemm", m: 33, n: 1024, k: 65, ...transposes });
    check(harness, { kernel: "gemm", m: 1024, n: 9, k: 64, ...transposes });
    check(harness, { kernel: "gemm", m: 60, n: 12, k: 1024, ...transposes });
    check(harness, { kernel: "gemm", m: 23, n: 17, k: 4500, bias: true, activation: "relu", ...transposes });
    check(harness, { kernel: "gemm", m: 12, n: 16, k: 4097, ...transposes });
    check(harness, { kernel: "gemm", m: 12, n: 16, k: 4097, residual: "c", ...transposes });
    check(harness, { kernel: "gemm", m: 12, n: 16, k: 2049, activation: "tanh", derivative: "c", ...transposes });
  });

  test("gemv: every m up to 7 with every n up to 13, every k up to 40", () => {
    for (let m = 1; m <= 7; m++) {
      for (let n = 1; n <= 13; n++) check(harness, { kernel: "gemv", m, n, k: 1 + ((m * n) % 19), gap: n % 4 });
    }
    for (let k = 1; k <= 40; k++) for (const m of [1, 2, 3]) check(harness, { kernel: "gemv", m, n: 9, k });
    for (const m of [1, 4, 9]) check(harness, { kernel: "gemv", m, n: 130, k: 513, bias: true, activation: "relu" });
  });

  describe.each(["gemm", "gemv"] as const)("epilogues of %s", (kernel) => {
    test.each(ACTIVATION_NAMES)("%s, forward and derivative, with every operand", (activation) => {
      for (const bias of [false, true]) {
        for (const residual of [undefined, "apart", "c"] as const) {
          for (const derivative of [undefined, "apart", "c"] as const) {
            if (residual === "c" && derivative === "c") continue;
            for (const [m, n] of [[5, 8], [7, 21], [3, 14]]) {
              check(harness, { kernel, m, n, k: 9, gap: 3, bias, residual, activation, derivative });
            } // biome-ignore format: sizes in one line
          }
        }
      }
    });
  });

  test("any product with any epilogue", () => {
    fc.assert(
      fc.property(anyCase(40), (c) => check(harness, c)),
      { numRuns: 150, seed: 1 },
    );
  });

  test("sums of one sign stay within the bar", () => {
    const positive = (n: number, seed: number): Float32Array => normals(n, seed).map(Math.abs);
    check(harness, { kernel: "gemm", m: 6, n: 8, k: 30000, values: positive });
    check(harness, { kernel: "gemv", m: 3, n: 5, k: 30000, values: positive });
  });

  describe.each(["gemm", "gemv"] as const)("NaN and Infinity in %s", (kernel) => {
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const values = (n: number, seed: number): Float32Array => {
      const x = normals(n, seed);
      if (seed === 1) for (let i = 0; i < special.length; i++) x[(i * 37 + 5) % n] = special[i];
      return x;
    };
    test.each(["none", "relu", "leakyRelu"] as const)("reach exactly the rows that hold them, %s", (activation) => {
      for (const [m, n] of [[9, 16], [9, 19], [1, 7]]) {
        check(harness, { kernel, m, n, k: 30, values, bias: true, activation });
        check(harness, { kernel, m, n, k: 30, values, activation, derivative: "apart" });
      } // biome-ignore format: sizes in one line
    });
  });

  test("packs exactly [panel][k][8] with zeros after the last column", () => {
    for (const [k, n] of [[3, 5], [7, 8], [5, 19], [16, 24], [1, 1], [9, 44]]) {
      for (const transposed of [0, 1]) {
        harness.reset();
        const b = normals(k * n, 9);
        const src = harness.f32(b);
        const dst = harness.f32(packedSize(k, n));
        const args = { src: src.ptr, dst: dst.ptr, k, n, ld: transposed ? k : n, transposed };
        callSplit(harness, "f32_pack_b", args, 3);
        harness.checkBands();
        const expected = new Float32Array(packedSize(k, n));
        for (let l = 0; l < k; l++) {
          for (let j = 0; j < n; j++) expected[((j >> 3) * k + l) * 8 + (j & 7)] = transposed ? b[j * k + l] : b[l * n + j];
        }
        expect(dst.read()).toEqual(expected);
      }
    } // biome-ignore format: sizes in one line
  });

  test("states scratch that suffices and stays small", () => {
    expect(gemmScratch(1000, 512)).toBeLessThanOrEqual(2 * TILE_BYTES + 256 * 1024);
    expect(gemmScratch(4, 64)).toBeLessThan(8192);
  });
});
