// Kernel calls of depthwise convolutions, as conv-calls.ts has those of the others.
import {
  type Conv2dShape,
  conv2dDxPhases,
  dwconvFilterBytes,
  dwconvScratch,
  dwconvSizes,
} from "../../../src/abi/conv.js";
import type { ConvEpilogue, KernelCall } from "./conv-calls.js";
import { scratchFor } from "./conv-cases.js";
import type { Harness } from "./harness.js";

const NO_EPILOGUE: ConvEpilogue = { bias: 0, residual: 0, activation: 0, param: 0, source: 0 };

/** y = x * filter, the filter packed first. */
export function dwconvForward(
  h: Harness,
  s: Conv2dShape,
  { x, filter, y, threads }: { x: number; filter: number; y: number; threads: number },
  epilogue: ConvEpilogue = NO_EPILOGUE,
): KernelCall[] {
  const packed = h.f32(dwconvFilterBytes(s.ic, s.kh * s.kw) / 4).ptr;
  const whole = { firstH: 0, stepH: 1, tapsH: s.kh, firstW: 0, stepW: 1, tapsW: s.kw };
  const strides = { yImage: s.oh * s.ow * s.oc, yRow: s.ow * s.oc, yCol: s.oc, descending: 0 };
  const own = { ...dwconvSizes(s), ...scratchFor(h, dwconvScratch(s), threads) };
  return [
    { kernel: "f32_dwconv_pack", args: { filter, packed, ic: s.ic, kh: s.kh, kw: s.kw, ...whole } },
    { kernel: "f32_dwconv", args: { x, filter: packed, y, ...s, ...strides, ...own, ...epilogue } },
  ];
}

/** dx from dy: one convolution for each phase of the stride. */
export function dwconvDx(
  h: Harness,
  s: Conv2dShape,
  { dy, filter, dx, threads }: { dy: number; filter: number; dx: number; threads: number },
  epilogue: ConvEpilogue = NO_EPILOGUE,
): KernelCall[] {
  const { ic, kh, kw } = s;
  return conv2dDxPhases(s).flatMap(({ shape, rows, cols }): KernelCall[] => {
    const packed = h.f32(dwconvFilterBytes(ic, shape.kh * shape.kw) / 4).ptr;
    const shift = (rows.start * s.w + cols.start) * ic * 4;
    const strides = { yImage: s.h * s.w * ic, yRow: s.strideH * s.w * ic, yCol: s.strideW * ic, descending: 1 };
    const moved = {
      residual: epilogue.residual && epilogue.residual + shift,
      source: epilogue.source && epilogue.source + shift,
      y: dx + shift,
    };
    const own = { ...dwconvSizes(shape), ...scratchFor(h, dwconvScratch(shape), threads) };
    const vertical = { firstH: rows.first, stepH: rows.step, tapsH: rows.taps };
    const horizontal = { firstW: cols.first, stepW: cols.step, tapsW: cols.taps };
    const pack = { filter, packed, ic, kh, kw, ...vertical, ...horizontal };
    const args = { x: dy, filter: packed, ...shape, ...strides, ...own, ...epilogue, ...moved };
    const call: KernelCall = { kernel: "f32_dwconv", args };
    return shape.kh > 0 ? [{ kernel: "f32_dwconv_pack", args: pack }, call] : [call];
  });
}

/** dw from dy and x. */
export function dwconvDw(
  h: Harness,
  s: Conv2dShape,
  { dy, x, dw, threads }: { dy: number; x: number; dw: number; threads: number },
): KernelCall[] {
  const own = { ...dwconvSizes(s), ...scratchFor(h, dwconvScratch(s), threads) };
  return [{ kernel: "f32_dwconv_dw", args: { dy, x, dw, ...s, ...own } }];
}
