import { describe, expect, it } from "vitest";
import { type Conv2dShape, isDepthwise } from "../../src/abi/conv.js";
import { expectClose, normals } from "../support/kernels/compare.js";
import type { KernelCall } from "../support/kernels/conv-calls.js";
import { nameOf, runAll, shapeOf } from "../support/kernels/conv-cases.js";
import { dwconvDw, dwconvDx, dwconvForward } from "../support/kernels/dwconv-calls.js";
import { Harness, withWide } from "../support/kernels/harness.js";
import * as reference from "../support/reference/conv.js";

const cases: Conv2dShape[] = [];
for (const kernel of [1, 3, 5, 7])
  for (const stride of [1, 2])
    for (const padding of [0, 1, 3])
      for (const dilation of [1, 2]) {
        const c = [3, 8, 16, 30, 64, 7, 20, 256][cases.length % 8];
        cases.push(shapeOf(1 + (cases.length % 3), 14, 15, c, c, [kernel, stride, padding, dilation], c));
      }

describe.each(withWide)("depthwise convolution (%s)", (variant) => {
  const harness = Harness.create(variant);

  /** Runs one pass with one thread and as three, on normal numbers. */
  function pass(
    counts: [number, number],
    n: number,
    emit: (a: number, b: number, y: number, threads: number) => KernelCall[],
  ) {
    const results = [1, 3].map((threads) => {
      harness.reset();
      const [a, b] = counts.map((count, i) => harness.f32(normals(count, i + 1)));
      const y = harness.f32(n);
      runAll(harness, emit(a.ptr, b.ptr, y.ptr, threads), threads);
      harness.checkBands();
      return { y: y.read(), a: a.read(), b: b.read() };
    });
    expect(results[1].y).toEqual(results[0].y);
    return results[0];
  }

  it.each(cases.map((s) => [nameOf(s), s] as const))("all passes, %s", (_, s) => {
    expect(isDepthwise(s)).toBe(true);
    const [x, filter, dy] = [s.batch * s.h * s.w * s.ic, s.ic * s.kh * s.kw, s.batch * s.oh * s.ow * s.oc];
    const forward = pass([x, filter], dy, (x, filter, y, threads) =>
      dwconvForward(harness, s, { x, filter, y, threads }),
    );
    expectClose(forward.y, reference.conv2d(s, forward.a, forward.b));
    const back = pass([dy, filter], x, (dy, filter, dx, threads) => dwconvDx(harness, s, { dy, filter, dx, threads }));
    expectClose(back.y, reference.conv2dDx(s, back.a, back.b));
    const dw = pass([dy, x], filter, (dy, x, dw, threads) => dwconvDw(harness, s, { dy, x, dw, threads }));
    expectClose(dw.y, reference.conv2dDw(s, dw.a, dw.b));
  });
});
