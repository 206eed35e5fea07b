// Kernels on integers against exact sums: every instruction sequence, number of threads and form of output gives the same bits.
import { describe, expect, it } from "vitest";
import { CONTROL } from "../../src/abi/control.js";
import type { Conv2dShape } from "../../src/abi/conv.js";
import { FORMS, int8FilterBytes, int8FilterSizes, int8Scratch, int8Sizes, quadsOf } from "../../src/abi/int8.js";
import { normals } from "../support/kernels/compare.js";
import { nameOf, scratchFor, shapeOf } from "../support/kernels/conv-cases.js";
import { Harness, type Variant, variants } from "../support/kernels/harness.js";
import * as reference from "../support/reference/int8.js";

/** Whole numbers from `least` to `most`, the extremes often among them. */
function integers(n: number, seed: number, least: number, most: number): number[] {
  const spread = (most - least) / 2;
  return Array.from(normals(n, seed, spread, least + spread), (x) => Math.min(most, Math.max(least, Math.round(x))));
}

const cases: [Conv2dShape, number][] = [];
for (const kernel of [1, 3, 5])
  for (const stride of [1, 2])
    for (const padding of [0, 1])
      for (const dilation of [1, 2]) {
        const ic = [3, 8, 16, 30, 4, 61][cases.length % 6];
        const oc = [8, 10, 3, 24, 17][cases.length % 5];
        const shape = shapeOf(1 + (cases.length % 2), 11, 9, ic, oc, [kernel, stride, padding, dilation]);
        cases.push([shape, [127, 63, 30][cases.length % 3]]);
      }
// More than one chunk of pixels and band of rows; more inputs than a chunk of 64 pixels has room for.
cases.push([shapeOf(1, 20, 20, 16, 16, [3, 1, 1, 1]), 127], [shapeOf(1, 6, 5, 512, 8, [3, 1, 1, 1]), 127]);
cases.push([shapeOf(1, 1, 37, 512, 12, [1, 1, 0, 1]), 127]);
// Tiles within the first and the last row, which leave out what lies beyond the image: of several images and widths, one row alone,
// a filter taller than the image, outputs of which nothing lies within it.
cases.push([shapeOf(2, 7, 7, 32, 16, [3, 1, 1, 1]), 127], [shapeOf(1, 5, 80, 8, 8, [3, 2, 1, 1]), 63]);
cases.push([shapeOf(1, 1, 13, 8, 8, [3, 1, 1, 1]), 127], [shapeOf(1, 3, 14, 8, 24, [7, 1, 3, 1]), 127]);
cases.push([shapeOf(1, 3, 14, 8, 8, [3, 1, 3, 2]), 127], [shapeOf(1, 2, 19, 8, 8, [1, 1, 2, 1]), 127]);

/** The two ways of adding up in the relaxed build. */
const sequences = variants.flatMap((variant): [Variant, number][] =>
  variant === "relaxed"
    ? [
        [variant, 0],
        [variant, 1],
      ]
    : [[variant, 0]],
);

describe.each(sequences)("convolution of integers (%s, vnni %i)", (variant, vnni) => {
  const harness = Harness.create(`inference-int8-${variant}`);

  function run(s: Conv2dShape, x: number[], w: number[], c: reference.IntegerCase, threads: number): number[] {
    harness.reset();
    harness.control(CONTROL.vnni, vnni);
    const packed = harness.bytes(int8FilterBytes(s)).ptr;
    const { oc } = s;
    const shift = c.yZero - (c.residual ? c.residual.zero * c.residual.factor : 0);
    harness.call("s8_conv2d_pack", {
      ...{ filter: harness.bytes(w).ptr, scales: harness.f32(c.scales).ptr, bias: harness.f32(c.bias).ptr, packed, oc },
      ...{ xScale: c.xScale, xZero: c.xZero, yScale: c.yScale, shift, ...int8FilterSizes(s) },
    });
    const n = s.batch * s.oh * s.ow * oc;
    const y = c.isFloat ? harness.f32(n) : harness.bytes(n);
    const isFloat = c.residual && c.residual.values instanceof Float32Array;
    const residual = !c.residual
      ? 0
      : (isFloat ? harness.f32(c.residual.values) : harness.bytes(c.residual.values)).ptr;
    const form = (float: boolean | undefined) => (float ? FORMS.floats : FORMS.bytes);
    const args = {
      ...{ x: harness.bytes(x).ptr, filter: packed, y: y.ptr, ...s, zero: c.xZero, residual },
      ...{
        form: form(c.isFloat),
        residualForm: form(isFloat),
        factor: c.residual?.factor ?? 0,
        low: c.low,
        high: c.high,
      },
      ...{ ...int8Sizes(s), ...scratchFor(harness, int8Scratch(s), threads) },
    };
    for (let thread = 0; thread < threads; thread++) harness.call("s8_conv2d", args, thread, threads);
    harness.checkBands();
    return Array.from(y.read());
  }

  it.each(cases.map(([s, most]) => [`${nameOf(s)}, weights to ${most}`, s, most] as const))("%s", (_, s, most) => {
    const x = integers(s.batch * s.h * s.w * s.ic, 1, 0, 127);
    const w = integers(s.oc * s.kh * s.kw * s.ic, 2, -most, most);
    const n = s.batch * s.oh * s.ow * s.oc;
    const xScale = Math.fround(0.031);
    const yScale = Math.fround(xScale * Math.sqrt(s.kh * s.kw * s.ic) * most * 0.004);
    const scales = normals(s.oc, 3, 0.001, 0.01);
    const common = { scales, bias: normals(s.oc, 4), xScale, yScale };
    const bytes = { values: Uint8Array.from(integers(n, 5, 0, 127)), factor: Math.fround(0.7), zero: 11 };
    const floats = { values: normals(n, 6, 20), factor: Math.fround(1 / yScale), zero: 0 };
    const forms: reference.IntegerCase[] = [
      { ...common, xZero: 0, yZero: 0, low: 0, high: 127, isFloat: false },
      { ...common, xZero: 17, yZero: 64, low: 0, high: 127, isFloat: false, residual: bytes },
      { ...common, xZero: 127, yZero: 20, low: 20, high: 99.5, isFloat: false, residual: floats },
      { ...common, yScale: 1, xZero: 5, yZero: 0, low: -Infinity, high: Infinity, isFloat: true },
      { ...common, yScale: 1, xZero: 0, yZero: 0, low: 0, high: 6, isFloat: true, residual: bytes },
    ];
    for (const form of forms) {
      const expected = reference.results(s, reference.sums(s, x, w, form.xZero), w, form);
      for (const threads of [1, 3]) expect(run(s, x, w, form, threads)).toEqual(expected);
    }
  });

  it("keeps the largest sums there can be", () => {
    const s = shapeOf(1, 3, 3, 512, 8, [3, 1, 0, 1]);
    const ones = { scales: new Float32Array(8).fill(1), bias: new Float32Array(8), xScale: 1, yScale: 1, yZero: 0 };
    for (const sign of [127, -127, -128]) {
      const x = new Array(9 * 512).fill(127);
      const w = new Array(8 * 9 * 512).fill(sign);
      const form = { ...ones, xZero: 0, low: -Infinity, high: Infinity, isFloat: true };
      expect(run(s, x, w, form, 1)).toEqual(new Array(8).fill(Math.fround(4608 * 127 * sign)));
    }
  });
});

it("fills segments up to whole quads, and all up to an even number of them", () => {
  expect(quadsOf(shapeOf(1, 8, 8, 3, 8, [7, 2, 3, 1]))).toEqual({ segments: 7, length: 21, quads: 42 });
  expect(quadsOf(shapeOf(1, 8, 8, 3, 8, [3, 1, 2, 2]))).toEqual({ segments: 9, length: 3, quads: 10 });
});

describe.each(variants)("between float32 and bytes (%s)", (variant) => {
  const harness = Harness.create(`inference-int8-${variant}`);

  it.each([1, 7, 8, 63, 200])("rounds %i numbers to the nearest, ties to even", (n) => {
    const x = Float32Array.from({ length: n }, (_, i) => [-1e9, 0.25, 0.75, 1.25, NaN, 1e9, i / 3, Infinity][i % 8]);
    const scale = 0.5;
    for (const threads of [1, 3]) {
      harness.reset();
      const bytes = harness.bytes(n);
      const back = harness.f32(n);
      const args = { x: harness.f32(x).ptr, y: bytes.ptr, n, inverse: 1 / scale, zero: 3 };
      for (let thread = 0; thread < threads; thread++) harness.call("u8_quantize", args, thread, threads);
      harness.call("u8_dequantize", { x: bytes.ptr, y: back.ptr, n, scale, zero: 3 });
      harness.checkBands();
      const expected = Array.from(x, (v) =>
        Number.isNaN(v) ? 0 : reference.nearest(Math.min(127, Math.max(0, Math.fround(v / scale + 3)))),
      );
      expect(Array.from(bytes.read())).toEqual(expected);
      expect(Array.from(back.read())).toEqual(expected.map((q) => (q - 3) * scale));
    }
  });

  it.each([
    [16, 3, 2, 1],
    [35, 2, 2, 0],
    [3, 3, 1, 1],
  ])("takes the largest byte of a window, %i channels, kernel %i", (c, kernel, stride, padding) => {
    const s = shapeOf(2, 9, 7, c, c, [kernel, stride, padding, 1]);
    const x = integers(s.batch * s.h * s.w * c, 1, 0, 127);
    const expected: number[] = [];
    for (let n = 0; n < s.batch; n++)
      for (let i = 0; i < s.oh; i++)
        for (let j = 0; j < s.ow; j++)
          for (let k = 0; k < c; k++) {
            let most = 0;
            for (let ky = 0; ky < kernel; ky++)
              for (let kx = 0; kx < kernel; kx++) {
                const [iy, ix] = [i * stride - padding + ky, j * stride - padding + kx];
                if (iy >= 0 && iy < s.h && ix >= 0 && ix < s.w)
                  most = Math.max(most, x[((n * s.h + iy) * s.w + ix) * c + k]);
              }
            expected.push(most);
          }
    harness.reset();
    const y = harness.bytes(expected.length);
    for (let part = 0; part < 3; part++)
      harness.call("u8_max_pool", { x: harness.bytes(x).ptr, y: y.ptr, ...s, c }, part, 3);
    harness.checkBands();
    expect(Array.from(y.read())).toEqual(expected);
  });
});
