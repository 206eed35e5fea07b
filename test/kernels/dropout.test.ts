import { describe, expect, test } from "vitest";
import { philox } from "../../src/core/random.js";
import { callSplit, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, type Operand, variants } from "../support/kernels/harness.js";

const RNG = [0x243f6a88, 0x85a308d3, 7, 1]; // key0, key1, step, step's high part

interface Draw {
  n: number;
  group: number;
  p: number;
  stream: number;
  /** Elements of a sample, and samples of the batch before x. */
  sample?: number;
  first?: number;
}

/** Which elements are kept, by the TypeScript generator. */
function mask({ n, group, p, stream, sample = 0, first = 0 }: Draw): boolean[] {
  const block = new Uint32Array(4);
  return Array.from({ length: n }, (_, i) => {
    const index = Math.floor((first * sample + i) / group);
    philox([index >>> 2, stream, RNG[2], RNG[3]], [RNG[0], RNG[1]], block);
    return (block[index & 3] >>> 8) / 2 ** 24 >= Math.fround(p);
  });
}

describe.each(variants)("dropout, %s", (variant) => {
  const harness = Harness.create(variant);

  function drop(x: Float32Array, { sample = 0, first = 0, ...draw }: Draw): Float32Array {
    const [y] = runSplit(harness, (threads) => {
      const [a, y, rng] = [harness.f32(x), harness.f32(draw.n), harness.i32([...RNG, first])];
      callSplit(harness, "f32_dropout", { x: a.ptr, y: y.ptr, rng: rng.ptr, sample, ...draw }, threads);
      return [y];
    });
    return y;
  }

  test.each([
    [1, 1],
    [2, 1],
    [5, 1],
    [16, 1],
    [17, 1],
    [33, 1],
    [100, 1],
    [1003, 1], // whole blocks of 16, and what is left
    [7, 7],
    [12, 3],
    [60, 5],
    [64, 64],
    [300, 100],
    [1000, 250],
  ])("%i elements in groups of %i: the masks of TypeScript and WASM agree", (n, group) => {
    for (const p of [0.1, 0.5, 0.9]) {
      const draw = { n, group, p, stream: 3 };
      const x = normals(n, n, 1, 5);
      const scale = Math.fround(1 / (1 - Math.fround(p)));
      const kept = mask(draw);
      const y = drop(x, draw);
      for (let i = 0; i < n; i++) {
        if (!kept[i]) expect(y[i]).toBe(0);
        else expect(Math.abs(y[i] / (x[i] * scale) - 1)).toBeLessThan(2e-7);
      }
    }
  });

  test.each([
    [1003, 1, 17, 32], // vectors begin with a block of four numbers
    [1003, 1, 17, 3], // or do not
    [60, 5, 15, 7],
    [64, 64, 64, 5], // a draw for each sample
    [60, 60, 0, 5], // and one for all
    [100, 2 ** 31 - 1, 10, 12],
    [33, 1, 200_000, 21_474], // indices of 2^32 - 167,296 and beyond
  ])("a part of %i elements in groups of %i, of samples of %i after %i others", (n, group, sample, first) => {
    const draw = { n, group, p: 0.5, stream: 3, sample, first };
    const y = drop(new Float32Array(n).fill(1), draw);
    expect([...y].map((v) => v !== 0)).toEqual(mask(draw));
    if (first * sample > 5000) return;
    const whole = drop(new Float32Array(first * sample + n).fill(1), { ...draw, n: first * sample + n, first: 0 });
    expect(y).toEqual(whole.subarray(first * sample));
  });

  test("p = 0 keeps everything as it is, p = 1 gives zeros", () => {
    const x = normals(50, 1);
    expect(drop(x, { n: 50, group: 1, p: 0, stream: 0 })).toEqual(x);
    expect([...drop(x, { n: 50, group: 1, p: 1, stream: 0 })].every((v) => v === 0)).toBe(true);
    expect([...drop(x, { n: 50, group: 10, p: 1, stream: 0 })].every((v) => v === 0)).toBe(true);
  });

  test("drops the share that p says and keeps the mean", () => {
    const n = 100000;
    const y = drop(new Float32Array(n).fill(1), { n, group: 1, p: 0.3, stream: 9 });
    const kept = y.filter((v) => v !== 0).length / n;
    expect(Math.abs(kept - 0.7)).toBeLessThan(0.006); // 4 standard deviations
    expect(y.reduce((sum, v) => sum + v, 0) / n).toBeCloseTo(1, 1);
  });

  test("streams and steps draw different masks, in place makes no difference", () => {
    const n = 256;
    const ones = new Float32Array(n).fill(1);
    const run = (stream: number, step: number, inPlace: boolean): string => {
      harness.reset();
      const [x, rng] = [harness.f32(ones), harness.i32([1, 2, step, 0, 0])];
      const y: Operand = inPlace ? x : harness.f32(n);
      harness.call("f32_dropout", { x: x.ptr, y: y.ptr, n, group: 1, sample: 0, p: 0.5, stream, rng: rng.ptr });
      harness.checkBands();
      return y.read().join();
    };
    expect(run(1, 1, false)).toBe(run(1, 1, true));
    expect(new Set([run(1, 1, false), run(2, 1, false), run(1, 2, false)]).size).toBe(3);
  });
});
