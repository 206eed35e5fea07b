import { describe, expect, it } from "vitest";
import {
  type Conv2dShape,
  conv2dDwScratch,
  conv2dDxPhases,
  conv2dFilterBytes,
  conv2dScratch,
} from "../../src/abi/conv.js";
import { expectClose, normals } from "../support/kernels/compare.js";
import {
  conv2dDw,
  conv2dDx,
  conv2dDxLayout,
  conv2dDxPack,
  conv2dForward,
  conv2dPack,
} from "../support/kernels/conv-calls.js";
import { nameOf, runAll, scratchFor, shapeOf } from "../support/kernels/conv-cases.js";
import { Harness, withWide } from "../support/kernels/harness.js";
import * as reference from "../support/reference/conv.js";

const cases: Conv2dShape[] = [];
for (const kernel of [1, 3, 5, 7])
  for (const stride of [1, 2])
    for (const padding of [0, 1, 2, 3])
      for (const dilation of [1, 2]) {
        if (kernel === 1 && dilation > 1) continue;
        const turn = cases.length;
        const [h, w] = [13 + (turn % 4), 15 - (turn % 3)];
        const [ic, oc] = [
          [1, 3],
          [3, 16],
          [8, 5],
          [12, 20],
          [7, 9],
          [16, 8],
        ][turn % 6];
        cases.push(shapeOf(1 + (turn % 3), h, w, ic, oc, [kernel, stride, padding, dilation]));
      }
cases.push(
  shapeOf(5, 8, 8, 64, 64, [3, 1, 1, 1]),
  shapeOf(2, 9, 11, 24, 40, [3, 2, 1, 1]),
  shapeOf(1, 23, 19, 3, 64, [7, 2, 3, 1]),
  shapeOf(2, 7, 6, 8, 12, [3, 1, 1, 1], 4),
  shapeOf(2, 7, 9, 6, 4, [3, 2, 1, 1], 2),
  shapeOf(1, 9, 9, 32, 32, [3, 2, 2, 2], 8),
  shapeOf(1, 6, 5, 4, 8, [5, 2, 2, 1], 4),
  shapeOf(2, 5, 5, 2, 2, [1, 2, 0, 1]),
  shapeOf(1, 12, 12, 5, 6, [3, 3, 1, 2]),
  shapeOf(1, 1, 1, 4, 4, [3, 1, 1, 1]),
  shapeOf(1, 5, 6, 240, 9, [3, 1, 1, 1]), // sums longer than one accumulator takes
  shapeOf(1, 5, 4, 9, 240, [3, 2, 1, 1]),
  { ...shapeOf(2, 9, 12, 5, 11, [3, 1, 1, 1]), kw: 1, padLeft: 0 },
  { ...shapeOf(1, 10, 11, 4, 8, [3, 2, 1, 1]), strideW: 1, ow: 11 },
);

function operands(harness: Harness, s: Conv2dShape) {
  return {
    x: harness.f32(normals(s.batch * s.h * s.w * s.ic, 1)),
    filter: harness.f32(normals((s.oc * s.kh * s.kw * s.ic) / s.groups, 2)),
    dy: harness.f32(normals(s.batch * s.oh * s.ow * s.oc, 3)),
  };
}

describe.each(withWide)("direct convolution (%s)", (variant) => {
  const harness = Harness.create(variant);

  function forward(s: Conv2dShape, threads: number) {
    harness.reset();
    const { x, filter } = operands(harness, s);
    const y = harness.f32(s.batch * s.oh * s.ow * s.oc);
    const packed = harness.f32(conv2dFilterBytes(s.oc, s.ic, s.groups, s.kh * s.kw) / 4);
    runAll(harness, conv2dPack(s, filter.ptr, packed.ptr), threads);
    const scratch = scratchFor(harness, conv2dScratch(s), threads);
    runAll(harness, conv2dForward(s, { x: x.ptr, packed: packed.ptr, y: y.ptr, ...scratch }), threads);
    harness.checkBands();
    return { y: y.read(), expected: () => reference.conv2d(s, x.read(), filter.read()) };
  }

  function dataGradient(s: Conv2dShape, threads: number) {
    harness.reset();
    const { dy, filter } = operands(harness, s);
    const dx = harness.f32(s.batch * s.h * s.w * s.ic);
    const packed = harness.f32(conv2dDxLayout(s).bytes / 4);
    runAll(harness, conv2dDxPack(s, filter.ptr, packed.ptr), threads);
    const bytes = Math.max(...conv2dDxPhases(s).map(({ shape }) => conv2dScratch(shape)));
    const scratch = scratchFor(harness, bytes, threads);
    runAll(harness, conv2dDx(s, { dy: dy.ptr, packed: packed.ptr, dx: dx.ptr, ...scratch }), threads);
    harness.checkBands();
    return { y: dx.read(), expected: () => reference.conv2dDx(s, dy.read(), filter.read()) };
  }

  function weightGradient(s: Conv2dShape, threads: number) {
    harness.reset();
    const { dy, x } = operands(harness, s);
    const dw = harness.f32((s.oc * s.kh * s.kw * s.ic) / s.groups);
    const scratch = scratchFor(harness, conv2dDwScratch(s), threads);
    runAll(harness, conv2dDw(s, { dy: dy.ptr, x: x.ptr, dw: dw.ptr, ...scratch }), threads);
    harness.checkBands();
    return { y: dw.read(), expected: () => reference.conv2dDw(s, dy.read(), x.read()) };
  }

  for (const [pass, run] of Object.entries({ forward, dataGradient, weightGradient })) {
    it.each(cases.map((s) => [nameOf(s), s] as const))(`${pass} %s`, (_, s) => {
      const one = run(s, 1);
      expectClose(one.y, one.expected());
      expect(run(s, 3).y).toEqual(one.y);
    });
  }
});
