// Kernel calls of convolutions, for tests and bench: which kernels, in which order, on which buffers.
import {
  type Conv2dShape,
  conv2dDwSizes,
  conv2dDxPhases,
  conv2dFilterBytes,
  conv2dSizes,
} from "../../../src/abi/conv.js";
import type { KernelArguments, KernelName } from "../../../src/abi/records.js";
import { winogradDwSizes, winogradDxShape, winogradFilterSizes, winogradSizes } from "../../../src/abi/winograd.js";

export type KernelCall = { [K in KernelName]: { kernel: K; args: KernelArguments<K> } }[KernelName];

/** What follows the sums; residual and source are laid out as the output. 0: absent. */
export interface ConvEpilogue {
  bias: number;
  residual: number;
  activation: number;
  param: number;
  source: number;
}

export interface ConvScratch {
  scratch: number;
  scratchStride: number;
}

const NO_EPILOGUE: ConvEpilogue = { bias: 0, residual: 0, activation: 0, param: 0, source: 0 };

/** Packs filter (OHWI) for the forward pass. */
export function conv2dPack(s: Conv2dShape, filter: number, packed: number): KernelCall[] {
  const taps = { firstH: 0, stepH: 1, tapsH: s.kh, firstW: 0, stepW: 1, tapsW: s.kw };
  const { oc, ic, groups, kh, kw } = s;
  return [{ kernel: "f32_conv2d_pack", args: { filter, packed, oc, ic, groups, kh, kw, dx: 0, ...taps } }];
}

/** y = x * filter, packed by `conv2dPack`. */
export function conv2dForward(
  s: Conv2dShape,
  io: { x: number; packed: number; y: number } & ConvScratch,
  epilogue: ConvEpilogue = NO_EPILOGUE,
): KernelCall[] {
  const { x, packed: filter, y, scratch, scratchStride } = io;
  const strides = { yImage: s.oh * s.ow * s.oc, yRow: s.ow * s.oc, yCol: s.oc, ...conv2dSizes(s) };
  const args = { x, filter, y, ...s, ...strides, ...epilogue, scratch, scratchStride };
  return [{ kernel: "f32_conv2d", args }];
}

/** Where the packed filter of each phase of the data gradient stands, in bytes, and the size of all. */
export function conv2dDxLayout(s: Conv2dShape): { offsets: number[]; bytes: number } {
  let bytes = 0;
  const offsets = conv2dDxPhases(s).map(({ shape }) => {
    const at = bytes;
    bytes += Math.ceil(conv2dFilterBytes(s.ic, s.oc, s.groups, shape.kh * shape.kw) / 64) * 64;
    return at;
  });
  return { offsets, bytes };
}

/** Packs filter (OHWI) for the data gradient: rotated, input and output channels exchanged, one part for each phase. */
export function conv2dDxPack(s: Conv2dShape, filter: number, packed: number): KernelCall[] {
  const { offsets } = conv2dDxLayout(s);
  const { oc, ic, groups, kh, kw } = s;
  return conv2dDxPhases(s).flatMap(({ shape, rows, cols }, i): KernelCall[] => {
    if (shape.kh === 0) return [];
    const taps = {
      firstH: rows.first,
      stepH: rows.step,
      tapsH: rows.taps,
      firstW: cols.first,
      stepW: cols.step,
      tapsW: cols.taps,
    };
    return [
      {
        kernel: "f32_conv2d_pack",
        args: { filter, packed: packed + offsets[i], oc, ic, groups, kh, kw, dx: 1, ...taps },
      },
    ];
  });
}

/** dx = dy * rotated filter, packed by `conv2dDxPack`: one call for each phase of the stride. */
export function conv2dDx(
  s: Conv2dShape,
  io: { dy: number; packed: number; dx: number } & ConvScratch,
  epilogue: ConvEpilogue = NO_EPILOGUE,
): KernelCall[] {
  const { offsets } = conv2dDxLayout(s);
  const { scratch, scratchStride } = io;
  return conv2dDxPhases(s).map(({ shape, rows, cols }, i) => {
    const shift = (rows.start * s.w + cols.start) * s.ic * 4;
    const strides = {
      yImage: s.h * s.w * s.ic,
      yRow: s.strideH * s.w * s.ic,
      yCol: s.strideW * s.ic,
      ...conv2dSizes(shape),
    };
    const moved = {
      ...epilogue,
      residual: epilogue.residual && epilogue.residual + shift,
      source: epilogue.source && epilogue.source + shift,
    };
    const io2 = { x: io.dy, filter: io.packed + offsets[i], y: io.dx + shift, scratch, scratchStride };
    return { kernel: "f32_conv2d", args: { ...io2, ...shape, ...strides, ...moved } };
  });
}

/** dw (OHWI) from dy and x. */
export function conv2dDw(s: Conv2dShape, io: { dy: number; x: number; dw: number } & ConvScratch): KernelCall[] {
  return [{ kernel: "f32_conv2d_dw", args: { ...io, ...s, ...conv2dDwSizes(s) } }];
}

// Winograd F(4x4, 3x3), where `winogradLegal`.

/** Transforms filter (OHWI) for the forward pass or, with `dx`, for the data gradient. */
export function winogradPack(
  s: Conv2dShape,
  io: { filter: number; transformed: number; dx: boolean } & ConvScratch,
): KernelCall[] {
  return [
    {
      kernel: "f32_winograd_f4x3_filter",
      args: { ...io, ...winogradFilterSizes(s, io.dx), dx: io.dx ? 1 : 0, oc: s.oc, ic: s.ic },
    },
  ];
}

/** y = x * filter, transformed by `winogradPack`. */
export function winogradForward(
  s: Conv2dShape,
  io: { x: number; transformed: number; y: number } & ConvScratch,
  epilogue: ConvEpilogue = NO_EPILOGUE,
): KernelCall[] {
  const { transformed: filter, ...rest } = io;
  return [{ kernel: "f32_conv2d_winograd_f4x3", args: { ...rest, filter, ...s, ...winogradSizes(s), ...epilogue } }];
}

/** dx = dy * rotated filter, transformed by `winogradPack` with `dx`. */
export function winogradDx(
  s: Conv2dShape,
  io: { dy: number; transformed: number; dx: number } & ConvScratch,
  epilogue: ConvEpilogue = NO_EPILOGUE,
): KernelCall[] {
  const { dy: x, dx: y, ...rest } = io;
  return winogradForward(winogradDxShape(s), { x, y, ...rest }, epilogue);
}

/** dw (OHWI) from dy and x; one kernel with a barrier inside. */
export function winogradDw(
  s: Conv2dShape,
  io: { dy: number; x: number; dw: number; partial: number } & ConvScratch,
): KernelCall[] {
  const args = { ...io, ...s, ...winogradDwSizes(s) };
  return [{ kernel: "f32_conv2d_winograd_f4x3_dw", args }];
}
