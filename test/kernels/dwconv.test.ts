import { describe, expect, it } from "vitest";
import { type Conv2dShape, dwconvScratch, dwconvSizes, isDepthwise } from "../../src/abi/conv.js";
import type { KernelName } from "../../src/abi/records.js";
import { expectClose, normals } from "../support/kernels/compare.js";
import type { KernelCall } from "../support/kernels/conv-calls.js";
import { nameOf, runAll, scratchFor, shapeOf } from "../support/kernels/conv-cases.js";
import { Harness, variants } from "../support/kernels/harness.js";
import * as reference from "../support/reference/conv.js";

const cases: Conv2dShape[] = [];
for (const kernel of [1, 3, 5, 7])
  for (const stride of [1, 2])
    for (const padding of [0, 1, 3])
      for (const dilation of [1, 2]) {
        const c = [3, 8, 16, 30, 64, 7, 20][cases.length % 7];
        cases.push(shapeOf(1 + (cases.length % 3), 14, 15, c, c, [kernel, stride, padding, dilation], c));
      }

describe.each(variants)("depthwise convolution (%s)", (variant) => {
  const harness = Harness.create(variant);

  /** Runs one pass with one thread and as three; `inputs` are normal numbers of these counts. */
  function pass(s: Conv2dShape, kernel: KernelName, inputs: Record<string, number>, output: string, n: number) {
    const results = [1, 3].map((threads) => {
      harness.reset();
      const data = Object.entries(inputs).map(
        ([name, count], i) => [name, harness.f32(normals(count, i + 1))] as const,
      );
      const y = harness.f32(n);
      const pointers = Object.fromEntries(data.map(([name, x]) => [name, x.ptr]));
      const epilogue = { bias: 0, residual: 0, activation: 0, param: 0, source: 0 };
      const scratch = scratchFor(harness, dwconvScratch(s), threads);
      const args = { ...s, ...dwconvSizes(s), ...epilogue, ...scratch, ...pointers, [output]: y.ptr };
      runAll(harness, [{ kernel, args } as unknown as KernelCall], threads);
      harness.checkBands();
      return { y: y.read(), values: data.map(([, x]) => x.read()) };
    });
    expect(results[1].y).toEqual(results[0].y);
    return results[0];
  }

  it.each(cases.map((s) => [nameOf(s), s] as const))("all passes, %s", (_, s) => {
    expect(isDepthwise(s)).toBe(true);
    const [x, filter, dy] = [s.batch * s.h * s.w * s.ic, s.ic * s.kh * s.kw, s.batch * s.oh * s.ow * s.oc];
    const forward = pass(s, "f32_dwconv", { x, filter }, "y", dy);
    expectClose(forward.y, reference.conv2d(s, forward.values[0], forward.values[1]));
    const dx = pass(s, "f32_dwconv_dx", { dy, filter }, "y", x);
    expectClose(dx.y, reference.conv2dDx(s, dx.values[0], dx.values[1]));
    const dw = pass(s, "f32_dwconv_dw", { dy, x }, "dw", filter);
    expectClose(dw.y, reference.conv2dDw(s, dw.values[0], dw.values[1]));
  });
});
