import { describe, expect, it } from "vitest";
import { poolOutputSize } from "../../src/abi/conv.js";
import type { KernelArguments, KernelName } from "../../src/abi/records.js";
import { expectClose, normals } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import * as reference from "../support/reference/pool.js";

const LIMIT = 1e-6; // of the largest value
const THREADS = 3;

const sizes = [
  [1, 7, 7, 4],
  [3, 9, 6, 11],
  [2, 8, 13, 17],
  [5, 5, 4, 3],
] as const;

/** kernel, stride, padding, dilation, ceil mode. */
const pools: [number, number, number, number, boolean][] = [
  [3, 2, 1, 1, false],
  [3, 2, 1, 1, true],
  [2, 2, 0, 1, false],
  [2, 2, 0, 1, true],
  [3, 1, 1, 1, false],
  [3, 1, 0, 2, false],
  [2, 3, 1, 2, true],
  [3, 3, 1, 1, true],
  [1, 2, 0, 1, true],
];

const cases = sizes.flatMap(([batch, h, w, c]) =>
  pools
    .map(([k, s, p, d, ceil]) => ({
      name: `${batch}x${h}x${w}x${c} window ${k} stride ${s} pad ${p} dilation ${d}${ceil ? " ceil" : ""}`,
      shape: {
        batch,
        h,
        w,
        c,
        oh: poolOutputSize(h, k, s, p, d, ceil),
        ow: poolOutputSize(w, k, s, p, d, ceil),
        kh: k,
        kw: k,
        strideH: s,
        strideW: s,
        dilationH: d,
        dilationW: d,
        padTop: p,
        padLeft: p,
      },
    }))
    .filter(({ shape }) => shape.oh > 0 && shape.ow > 0),
);

describe.each(variants)("pooling (%s)", (variant) => {
  const harness = Harness.create(variant);

  /** Runs a kernel with one thread, then as three, and checks guard bands and equality. */
  function run<K extends KernelName>(
    kernel: K,
    inputs: Record<string, Float32Array>,
    output: string,
    n: number,
    rest: object,
  ) {
    const results = [1, THREADS].map((threads) => {
      harness.reset();
      const pointers = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, harness.f32(x).ptr]));
      const y = harness.f32(n);
      const args = { ...rest, ...pointers, [output]: y.ptr } as KernelArguments<K>;
      for (let thread = 0; thread < threads; thread++) harness.call(kernel, args, thread, threads);
      harness.checkBands();
      return y.read();
    });
    expect(results[1]).toEqual(results[0]);
    return results[0];
  }

  it.each(cases)("max, $name", ({ shape }) => {
    // Few distinct values, so that maxima are not unique, one NaN in ten images' rows, and whole windows of -Infinity.
    const x = normals(shape.batch * shape.h * shape.w * shape.c, 1).map((v, i) =>
      i % 97 === 5 ? Number.NaN : i < shape.c * shape.w * 2 ? -Infinity : Math.round(v * 2) / 2,
    );
    const outputs = shape.batch * shape.oh * shape.ow * shape.c;
    const y = run("f32_max_pool", { x }, "y", outputs, shape);
    expect(y).toEqual(Float32Array.from(reference.maxPool(shape, x)));

    const dy = normals(outputs, 2);
    const dx = run("f32_max_pool_dx", { dy, x, y }, "dx", x.length, shape);
    expectClose(dx, reference.maxPoolDx(shape, dy, x), LIMIT);
  });

  /** With as much padding after as before, and with one more. */
  const uneven = cases.map(({ name, shape }) => {
    const size = (input: number) =>
      Math.floor((input + 2 * shape.padTop + 1 - shape.dilationH * (shape.kh - 1) - 1) / shape.strideH) + 1;
    const sizes = { oh: size(shape.h), ow: size(shape.w), padBottom: shape.padTop + 1, padRight: shape.padLeft + 1 };
    return { name: `${name} + 1`, shape: { ...shape, ...sizes } };
  });
  const even = cases.map(({ name, shape }) => {
    return { name, shape: { ...shape, padBottom: shape.padTop, padRight: shape.padLeft } };
  });
  it.each([...even, ...uneven])("average, $name", ({ shape }) => {
    const x = normals(shape.batch * shape.h * shape.w * shape.c, 1);
    const dy = normals(shape.batch * shape.oh * shape.ow * shape.c, 2);
    for (const includePad of [true, false]) {
      const rest = { ...shape, countIncludePad: Number(includePad) };
      const y = run("f32_avg_pool", { x }, "y", dy.length, rest);
      expectClose(y, reference.avgPool(shape, includePad, x), LIMIT);
      const dx = run("f32_avg_pool_dx", { dy }, "dx", x.length, rest);
      expectClose(dx, reference.avgPoolDx(shape, includePad, dy), LIMIT);
    }
  });

  const adaptive = sizes.flatMap(([batch, h, w, c]) =>
    [
      [1, 1],
      [3, 2],
      [7, 7],
      [h, w],
    ].map(([oh, ow]) => ({ batch, h, w, c, oh, ow })),
  );
  it.each(adaptive)("adaptive average, $batch x $h x $w x $c to $oh x $ow", (shape) => {
    const x = normals(shape.batch * shape.h * shape.w * shape.c, 1);
    const dy = normals(shape.batch * shape.oh * shape.ow * shape.c, 2);
    const y = run("f32_adaptive_avg_pool", { x }, "y", dy.length, shape);
    expectClose(y, reference.adaptiveAvgPool(shape, x), LIMIT);
    const dx = run("f32_adaptive_avg_pool_dx", { dy }, "dx", x.length, shape);
    expectClose(dx, reference.adaptiveAvgPoolDx(shape, dy), LIMIT);
  });

  it.each([
    [1, 0, 0],
    [2, 8, 8],
    [2, 3, 5],
    [3, 0, 4],
  ])("padded shortcut, stride %i, %i + %i channels", (stride, front, back) => {
    for (const [batch, h, w, ic] of sizes) {
      const [oh, ow, oc] = [Math.ceil(h / stride), Math.ceil(w / stride), front + ic + back];
      const shape = { batch, h, w, ic, oh, ow, oc, stride };
      const x = normals(batch * h * w * ic, 1);
      const dy = normals(batch * oh * ow * oc, 2);
      const y = new Float32Array(dy.length);
      const dx = new Float32Array(x.length);
      for (const [from, to] of reference.shortcutPairs(shape, front)) {
        y[to] = x[from];
        dx[from] = dy[to];
      }
      expect(run("f32_pad_shortcut", { x }, "y", y.length, { ...shape, front })).toEqual(y);
      expect(run("f32_pad_shortcut_dx", { dy }, "dx", dx.length, { ...shape, front })).toEqual(dx);
    }
  });
});

describe("poolOutputSize", () => {
  it("drops a last window that would begin in the padding at the end, as PyTorch does", () => {
    expect(poolOutputSize(112, 3, 2, 1, 1, false)).toBe(56);
    expect(poolOutputSize(5, 2, 2, 0, 1, true)).toBe(3);
    expect(poolOutputSize(5, 2, 2, 1, 1, true)).toBe(3);
    expect(poolOutputSize(4, 1, 3, 1, 1, true)).toBe(2);
  });
});
