import { afterAll, describe, expect, it } from "vitest";
import type { Conv2dShape } from "../../src/abi/conv.js";
import {
  winogradDwPartial,
  winogradDwScratch,
  winogradDxShape,
  winogradFilterBytes,
  winogradFilterScratch,
  winogradLegal,
  winogradScratch,
} from "../../src/abi/winograd.js";
import { expectClose, normals } from "../support/kernels/compare.js";
import { winogradDw, winogradDx, winogradForward, winogradPack } from "../support/kernels/conv-calls.js";
import { nameOf, runAll, scratchFor, shapeOf } from "../support/kernels/conv-cases.js";
import { Harness, withWide } from "../support/kernels/harness.js";
import * as reference from "../support/reference/conv.js";

const cases: Conv2dShape[] = [];
for (const [ic, oc] of [
  [4, 4],
  [8, 16],
  [16, 12],
  [20, 36],
  [64, 64],
])
  for (const [batch, h, w] of [
    [1, 7, 7],
    [5, 8, 8],
    [2, 13, 10],
    [1, 1, 1],
    [3, 6, 21],
  ])
    cases.push(shapeOf(batch, h, w, ic, oc, [3, 1, 1, 1]));
cases.push(
  shapeOf(2, 11, 9, 8, 8, [3, 1, 0, 1]),
  shapeOf(1, 9, 14, 8, 4, [3, 1, 2, 1]),
  shapeOf(1, 32, 32, 16, 16, [3, 1, 1, 1]),
  shapeOf(3, 64, 64, 64, 8, [3, 1, 1, 1]), // many blocks: no thread shares its own
  { ...shapeOf(1, 10, 10, 4, 8, [3, 1, 1, 1]), padTop: 0, padLeft: 2, oh: 8, ow: 12 },
);

describe.each(withWide)("Winograd F(4x4, 3x3) (%s)", (variant) => {
  const harness = Harness.create(variant);
  const three = Harness.create(variant, 3);
  afterAll(() => three.close());

  function convolve(s: Conv2dShape, dx: boolean, harness: Harness) {
    harness.reset();
    expect(winogradLegal(s)).toBe(true);
    const x = harness.f32(normals(dx ? s.batch * s.oh * s.ow * s.oc : s.batch * s.h * s.w * s.ic, 1));
    const filter = harness.f32(normals(s.oc * 9 * s.ic, 2));
    const shape = dx ? winogradDxShape(s) : s;
    const y = harness.f32(shape.batch * shape.oh * shape.ow * shape.oc);
    const transformed = harness.f32(winogradFilterBytes(shape.oc, shape.ic) / 4).ptr;
    const small = scratchFor(harness, winogradFilterScratch(), harness.threads);
    runAll(harness, winogradPack(s, { filter: filter.ptr, transformed, dx, ...small }));
    const scratch = scratchFor(harness, winogradScratch(shape), harness.threads);
    const calls = dx
      ? winogradDx(s, { dy: x.ptr, transformed, dx: y.ptr, ...scratch })
      : winogradForward(s, { x: x.ptr, transformed, y: y.ptr, ...scratch });
    runAll(harness, calls);
    harness.checkBands();
    const expected = () => (dx ? reference.conv2dDx : reference.conv2d)(s, x.read(), filter.read());
    return { y: y.read(), expected };
  }

  it.each(cases.map((s) => [nameOf(s), s] as const))("forward %s", (_, s) => {
    const one = convolve(s, false, harness);
    expectClose(one.y, one.expected());
    expect(convolve(s, false, three).y).toEqual(one.y);
  });

  it.each(cases.map((s) => [nameOf(s), s] as const))("dataGradient %s", (_, s) => {
    const one = convolve(s, true, harness);
    expectClose(one.y, one.expected());
    expect(convolve(s, true, three).y).toEqual(one.y);
  });

  it.each(cases.map((s) => [nameOf(s), s] as const))("weightGradient %s", (_, s) => {
    harness.reset();
    const dy = harness.f32(normals(s.batch * s.oh * s.ow * s.oc, 1));
    const x = harness.f32(normals(s.batch * s.h * s.w * s.ic, 2));
    const dw = harness.f32(s.oc * 9 * s.ic);
    const partial = harness.f32(winogradDwPartial(s) / 4).ptr;
    const scratch = scratchFor(harness, winogradDwScratch(s), 1);
    runAll(harness, winogradDw(s, { dy: dy.ptr, x: x.ptr, dw: dw.ptr, partial, ...scratch }));
    harness.checkBands();
    expectClose(dw.read(), reference.conv2dDw(s, dy.read(), x.read()));
  });

  it.each([
    ["chunks", shapeOf(8, 32, 32, 16, 12, [3, 1, 1, 1])],
    ["one chunk, split by channels", shapeOf(1, 10, 11, 36, 8, [3, 1, 1, 1])],
  ] as const)("weightGradient has the same bits with 1, 2 and 3 threads: %s", (_, s) => {
    const results = [1, 2, 3].map((threads) => {
      const harness = Harness.create(variant, threads);
      const dy = harness.f32(normals(s.batch * s.oh * s.ow * s.oc, 1));
      const x = harness.f32(normals(s.batch * s.h * s.w * s.ic, 2));
      const dw = harness.f32(s.oc * 9 * s.ic);
      const partial = harness.f32(winogradDwPartial(s) / 4).ptr;
      const scratch = scratchFor(harness, winogradDwScratch(s), threads);
      runAll(harness, winogradDw(s, { dy: dy.ptr, x: x.ptr, dw: dw.ptr, partial, ...scratch }));
      harness.checkBands();
      harness.close();
      return dw.read();
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    const x = normals(s.batch * s.h * s.w * s.ic, 2);
    expectClose(results[0], reference.conv2dDw(s, normals(s.batch * s.oh * s.ow * s.oc, 1), x));
  });
});
