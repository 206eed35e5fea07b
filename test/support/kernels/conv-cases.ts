// Shapes, data and bounds that the convolution tests share.
import { type Conv2dShape, convOutputSize } from "../../../src/abi/conv.js";
import type { KernelCall } from "./conv-calls.js";
import type { Harness } from "./harness.js";

/** `[kernel, stride, padding, dilation]` and sizes, one number for both axes. */
export function shapeOf(
  batch: number,
  h: number,
  w: number,
  ic: number,
  oc: number,
  [kernel, stride, padding, dilation]: readonly [number, number, number, number],
  groups = 1,
): Conv2dShape {
  return {
    batch,
    h,
    w,
    ic,
    oc,
    groups,
    kh: kernel,
    kw: kernel,
    strideH: stride,
    strideW: stride,
    dilationH: dilation,
    dilationW: dilation,
    padTop: padding,
    padLeft: padding,
    oh: convOutputSize(h, kernel, stride, padding, dilation),
    ow: convOutputSize(w, kernel, stride, padding, dilation),
  };
}

export function nameOf(s: Conv2dShape): string {
  const groups = s.groups > 1 ? ` groups ${s.groups}` : "";
  return `${s.batch}x${s.h}x${s.w}x${s.ic} to ${s.oc}, ${s.kh}x${s.kw} stride ${s.strideH} pad ${s.padTop} dilation ${s.dilationH}${groups}`;
}

/** Runs the calls as `threads` threads, one after the other: right only where no kernel has an inner barrier. */
export function runAll(harness: Harness, calls: readonly KernelCall[], threads = 1): void {
  for (const { kernel, args } of calls)
    for (let thread = 0; thread < threads; thread++) harness.call(kernel, args, thread, threads);
}

/** Scratch of exactly the stated size for each thread; NaN at first, as everything that the harness reserves. */
export function scratchFor(harness: Harness, bytes: number, threads: number) {
  return { scratch: harness.f32((bytes / 4) * threads).ptr, scratchStride: bytes };
}
