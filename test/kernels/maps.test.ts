// Elementwise functions with broadcasting and reductions against their definitions, in parts of threads.
import { describe, expect, test } from "vitest";
import { BINARY, REDUCTIONS, UNARY } from "../../src/abi/enums.js";
import { keysOf } from "../../src/core/keys.js";
import { type Taps, tableOf } from "../../src/ops/resample.js";
import { callSplit, expectClose, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import { BINARY_FUNCTIONS, REDUCTION_FUNCTIONS, UNARY_FUNCTIONS } from "../support/reference/maps.js";

const LENGTHS = [1, 2, 3, 4, 5, 15, 16, 17, 64, 257];

/** Parameters that a function is tried with. */
const PARAMETERS: Partial<Record<keyof typeof UNARY, [number, number][]>> = {
  affine: [[2.5, -0.75]],
  power: [...[2, 3, 0.5, -0.5, -1, -2, 1, 0, 1.75, -2.25, 5].map((q): [number, number] => [1.5, q])],
  clamp: [
    [-0.5, 1.25],
    [-Infinity, 0.5],
  ],
  inside: [[-0.5, 0.75]],
  above: [[0.25, 0]],
  inverseRoot: [[0.5, 0]],
};

/** Where a function is defined. */
const DOMAIN: Partial<Record<keyof typeof UNARY, (x: number) => number>> = {
  log: Math.abs,
  root: Math.abs,
  inverseRoot: Math.abs,
  asin: (x) => Math.sin(x),
  acos: (x) => Math.sin(x),
  atanh: (x) => Math.sin(x),
  acosh: (x) => 1 + Math.abs(x),
  power: Math.abs,
};

/** Within this many units in the last place of float32 where a result is normal; others are compared as they are. */
function expectUlp(got: ArrayLike<number>, expected: ArrayLike<number>, ulp: number): void {
  for (let i = 0; i < expected.length; i++) {
    const wanted = Math.fround(expected[i]);
    if (Object.is(got[i], wanted) || got[i] === wanted) continue;
    const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(expected[i]))), -126) - 23);
    const error = Math.abs(got[i] - expected[i]) / unit;
    if (!(error <= ulp)) expect(got[i], `element ${i}: ${error} ULP`).toBe(wanted);
  }
}

describe.each(variants)("maps, %s", (variant) => {
  const harness = Harness.create(variant);

  describe.each(keysOf(UNARY))("%s", (kind) => {
    const f = UNARY_FUNCTIONS[kind];
    const code = UNARY[kind];
    const domain = DOMAIN[kind] ?? ((x: number) => x);

    test.each(LENGTHS)("of %i numbers, with and without a factor", (n) => {
      for (const [p, q] of PARAMETERS[kind] ?? [[0, 0]]) {
        const x = normals(n, n, 2).map(domain);
        const dy = normals(n, n + 1);
        const [y, dx] = runSplit(harness, (threads) => {
          const [a, g, y, dx] = [harness.f32(x), harness.f32(dy), harness.f32(n), harness.f32(n)];
          callSplit(harness, "f32_unary", { x: a.ptr, dy: 0, y: y.ptr, n, code, p, q }, threads);
          callSplit(harness, "f32_unary", { x: a.ptr, dy: g.ptr, y: dx.ptr, n, code, p, q }, threads);
          return [y, dx];
        });
        const expected = Array.from(x, (value) => f(value, p, q));
        if (kind === "affine") expectClose(y, expected, 1e-6);
        else expectUlp(y, expected, 2.5);
        expectClose(
          dx,
          Array.from(y, (value, i) => Math.fround(value * dy[i])),
          1e-6,
        );
      }
    });

    test("goes on at the edges of float32", () => {
      const x = Float32Array.of(
        0,
        -0,
        1,
        -1,
        1e-3,
        -1e-3,
        9e-4,
        1e-30,
        1e-42,
        3e38,
        -3e38,
        88,
        -88,
        1e5,
        -1e5,
        0.99999994,
        1.0000001,
      ).map(kind === "power" ? domain : (value) => value);
      for (const [p, q] of PARAMETERS[kind] ?? [[0, 0]]) {
        harness.reset();
        const [a, y] = [harness.f32(x), harness.f32(x.length)];
        harness.call("f32_unary", { x: a.ptr, dy: 0, y: y.ptr, n: x.length, code, p, q });
        const isFar = (value: number) => ["sin", "cos", "tan"].includes(kind) && Math.abs(value) > 2 ** 30;
        expectUlp(
          y.read(),
          Array.from(x, (value) => (isFar(value) ? Number.NaN : f(value, p, q))),
          4,
        );
      }
    });

    test("NaN goes through, where numbers come out", () => {
      harness.reset();
      const [x, y] = [harness.f32([NaN, domain(0.5), NaN]), harness.f32(3)];
      const [p, q] = PARAMETERS[kind]?.[0] ?? [0, 0];
      harness.call("f32_unary", { x: x.ptr, dy: 0, y: y.ptr, n: 3, code, p, q });
      const isStep = ["sign", "inside", "above"].includes(kind);
      expect([...y.read()].map(Number.isNaN)).toEqual([!isStep, false, !isStep]);
    });
  });

  /** Sizes, and the strides of a and b. */
  const shapes: [name: string, n: number[], a: number[], b: number[]][] = [
    ["numbers by numbers", [1, 1, 1, 37], [0, 0, 0, 1], [0, 0, 0, 1]],
    ["rows by one row", [1, 1, 9, 7], [0, 0, 7, 1], [0, 0, 0, 1]],
    ["numbers by one", [1, 1, 1, 21], [0, 0, 0, 1], [0, 0, 0, 0]],
    ["images by factors", [1, 3, 10, 6], [0, 60, 6, 1], [0, 6, 0, 1]],
    ["each by each", [1, 1, 5, 9], [0, 0, 1, 0], [0, 0, 0, 1]],
    ["four dimensions", [2, 3, 2, 5], [30, 10, 5, 1], [0, 5, 0, 1]],
    ["one number", [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]],
  ];

  test.each(keysOf(BINARY).flatMap((kind) => shapes.map(([name, ...shape]) => [kind, name, ...shape] as const)))(
    "%s, %s",
    (kind, _, [n0, n1, n2, n3], as, bs) => {
      const n = n0 * n1 * n2 * n3;
      // Powers are of positive numbers; few values, so that some are equal.
      const positive = kind.startsWith("pow");
      const numbers = (seed: number) =>
        normals(200, seed).map((v) =>
          positive ? Math.abs(v) + 0.1 : Math.round(v * 4) / 4 + (kind === "fmod" ? 0.1 : 0),
        );
      const [a, b, dy] = [numbers(1), numbers(2).map((v) => v || 1), normals(n, 3)];
      const expected: number[] = [];
      for (let i = 0; i < n; i++) {
        const [i3, i2, i1, i0] = [
          i % n3,
          Math.floor(i / n3) % n2,
          Math.floor(i / n3 / n2) % n1,
          Math.floor(i / n3 / n2 / n1),
        ];
        const at = ([s0, s1, s2, s3]: number[]) => i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3;
        expected.push(BINARY_FUNCTIONS[kind](a[at(as)], b[at(bs)]));
      }
      const [y, dx] = runSplit(harness, (threads) => {
        const [pa, pb, g, y, dx] = [harness.f32(a), harness.f32(b), harness.f32(dy), harness.f32(n), harness.f32(n)];
        const [[a0, a1, a2, a3], [b0, b1, b2, b3]] = [as, bs];
        const args = { code: BINARY[kind], n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3, a: pa.ptr, b: pb.ptr };
        callSplit(harness, "f32_binary", { ...args, dy: 0, y: y.ptr }, threads);
        callSplit(harness, "f32_binary", { ...args, dy: g.ptr, y: dx.ptr }, threads);
        return [y, dx];
      });
      expectUlp(y, expected, 1.5);
      expectClose(
        dx,
        Array.from(y, (value, i) => value * dy[i]),
        1e-6,
      );
    },
  );

  test("pow has C's special cases", () => {
    const cases: [number, number, number][] = [
      [-2, 3, -8],
      [-2, 2, 4],
      [-2, 0.5, NaN],
      [0, 2, 0],
      [0, -1, Infinity],
      [0, 0, 1],
      [NaN, 0, 1],
      [1, NaN, 1],
      [2, NaN, NaN],
      [2, 200, Infinity],
      [2, -200, 0],
      [Infinity, -1, 0],
      [-Infinity, 3, -Infinity],
      [2, Infinity, Infinity],
    ];
    harness.reset();
    const [a, b, y] = [
      harness.f32(cases.map(([x]) => x)),
      harness.f32(cases.map(([, x]) => x)),
      harness.f32(cases.length),
    ];
    const strides = { a0: 0, a1: 0, a2: 0, a3: 1, b0: 0, b1: 0, b2: 0, b3: 1, n0: 1, n1: 1, n2: 1, n3: cases.length };
    harness.call("f32_binary", { a: a.ptr, b: b.ptr, dy: 0, y: y.ptr, code: BINARY.pow, ...strides });
    expect([...y.read()]).toEqual(cases.map(([, , expected]) => expected));
  });

  const sizes: [outer: number, n: number, inner: number][] = [
    [1, 1, 1],
    [3, 7, 1],
    [1, 65, 1],
    [2, 5, 3],
    [4, 3, 4],
    [1, 33, 18],
    [5, 1, 6],
  ];
  test.each(keysOf(REDUCTIONS).flatMap((kind) => sizes.map((size) => [kind, ...size] as const)))(
    "%s of [%i, %i, %i]",
    (kind, outer, n, inner) => {
      const isPlace = kind.startsWith("arg");
      const x = normals(outer * n * inner, 1).map((v) => (isPlace ? Math.round(v) : v));
      const b = normals(x.length, 2);
      const expected: number[] = [];
      for (let o = 0; o < outer; o++)
        for (let j = 0; j < inner; j++) {
          const at = Array.from({ length: n }, (_, i) => (o * n + i) * inner + j);
          expected.push(
            REDUCTION_FUNCTIONS[kind](
              at.map((i) => x[i]),
              at.map((i) => b[i]),
            ),
          );
        }
      const [y] = runSplit(harness, (threads) => {
        const [from, by, to] = [harness.f32(x), harness.f32(b), harness.f32(outer * inner)];
        const args = { x: from.ptr, b: by.ptr, y: to.ptr, code: REDUCTIONS[kind], outer, n, inner };
        callSplit(harness, "f32_reduce", args, threads);
        return [to];
      });
      expectClose(y, expected, 1e-6);
    },
  );

  test.each([
    [1, 5, 1, 7],
    [2, 4, 3, 3],
    [3, 6, 8, 2],
    [1, 3, 17, 9],
  ])("f32_resample of [%i, %i, %i] to %i rows", (outer, size, inner, count) => {
    const x = normals(outer * size * inner, 1);
    // Of no number, of one, and of several, some twice.
    const rows = Array.from(
      { length: count },
      (_, row): Taps =>
        Array.from({ length: row % 4 }, (_, k) => [(row * 5 + k * 3) % size, Math.fround(0.3 * k - 0.7)]),
    );
    const expected = new Float64Array(outer * count * inner);
    for (let o = 0; o < outer; o++)
      rows.forEach((taps, row) => {
        for (const [index, weight] of taps)
          for (let j = 0; j < inner; j++)
            expected[(o * count + row) * inner + j] += weight * x[(o * size + index) * inner + j];
      });
    const [y] = runSplit(harness, (threads) => {
      const [from, to] = [harness.f32(x), harness.f32(expected.length)];
      const args = { x: from.ptr, y: to.ptr, outer, size, inner, rows: count };
      for (let thread = 0; thread < threads; thread++)
        harness.call("f32_resample", args, thread, threads, tableOf(rows));
      return [to];
    });
    expectClose(y, expected, 1e-6);
  });

  test.each(["max", "min"] as const)("the %s of numbers with a NaN is NaN", (kind) => {
    for (const [outer, n, inner] of [
      [2, 3, 1],
      [1, 3, 2],
    ] as const) {
      harness.reset();
      const [x, y] = [harness.f32([1, NaN, 3, 4, 5, 6]), harness.f32(2)];
      harness.call("f32_reduce", { x: x.ptr, b: 0, y: y.ptr, code: REDUCTIONS[kind], outer, n, inner });
      expect([...y.read()].filter(Number.isNaN).length).toBe(1);
    }
  });
});
