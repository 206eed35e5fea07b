// Arithmetic of convolutions and pools: output sizes, which algorithm is legal, and the sizes of the buffers that
// the kernels of assembly/conv/ lay out inside of what they are given. Pure functions of shapes; all sizes in bytes.
import { roundUp } from "../core/shape.js";

/** One convolution. Activations NHWC; weights OHWI: [oc][kh][kw][ic / groups]. Padding after is implied by oh and ow. */
export interface Conv2dShape {
  batch: number;
  h: number;
  w: number;
  ic: number;
  oh: number;
  ow: number;
  oc: number;
  kh: number;
  kw: number;
  strideH: number;
  strideW: number;
  dilationH: number;
  dilationW: number;
  padTop: number;
  padLeft: number;
  groups: number;
}

/** Output size of a convolution along one axis; below 1 when the kernel does not fit. */
export function convOutputSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Output size of a pool along one axis. With `ceilMode` the last window may hang over, but must begin inside of the
 * input or the padding before it (PyTorch's rule). */
export function poolOutputSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceilMode: boolean,
): number {
  const span = size + 2 * padding - dilation * (kernel - 1) - 1;
  if (!ceilMode) return Math.floor(span / stride) + 1;
  const windows = Math.ceil(span / stride) + 1;
  return (windows - 1) * stride >= size + padding ? windows - 1 : windows;
}

/** Whether each channel is convolved with its own single filter: the `f32_dwconv` family. */
export function isDepthwise(s: Conv2dShape): boolean {
  return s.groups > 1 && s.groups === s.ic && s.groups === s.oc;
}

/** A 1x1 convolution with stride 1 and no padding is a GEMM over pixels: [batch * h * w, ic] x [ic, oc]. */
export function isPointwise(s: Conv2dShape): boolean {
  return (
    s.kh === 1 && s.kw === 1 && s.groups === 1 && s.padTop === 0 && s.padLeft === 0 && s.oh === s.h && s.ow === s.w
  );
}

/** Whether F(4x4, 3x3) applies, in all three passes: 3x3, stride 1, dilation 1, one group, channels in vectors of 4. */
export function winogradLegal(s: Conv2dShape): boolean {
  return (
    s.kh === 3 &&
    s.kw === 3 &&
    s.strideH === 1 &&
    s.strideW === 1 &&
    s.dilationH === 1 &&
    s.dilationW === 1 &&
    s.groups === 1 &&
    s.ic % 4 === 0 &&
    s.oc % 4 === 0
  );
}

// Direct convolution.

/** Bytes of a filter packed by `f32_conv2d_pack`: per group, panels of 8 output columns, each [taps * K][8]. */
export function conv2dFilterBytes(columns: number, k: number, groups: number, taps: number): number {
  return groups * roundUp(columns / groups, 8) * taps * (k / groups) * 4;
}

/** Output rows that a thread computes at a time: its padded copy of the input rows stays in the L2 cache. */
export function conv2dBand(oh: number): number {
  return evenPart(oh, 8);
}

/** Input rows (or columns) under `outputs` output rows (columns). */
function window(outputs: number, kernel: number, stride: number, dilation: number): number {
  return kernel === 0 ? 0 : (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

/** The padded input rows of one band. */
function slabBytes(s: Conv2dShape): number {
  const rows = window(conv2dBand(s.oh), s.kh, s.strideH, s.dilationH);
  return rows * window(s.ow, s.kw, s.strideW, s.dilationW) * s.ic * 4;
}

/** Scratch of `f32_conv2d`, for each thread: the sums of 64 pixels and of a tile, an offset for each pixel of a band, the
 * slab, packed inputs of at most 12 tiles of up to 6 pixels. */
export function conv2dScratch(s: Conv2dShape): number {
  const tile = roundUp((s.kh * s.kw * s.ic * 24) / s.groups, 64) + 64;
  const packed = Math.min(12 * tile, Math.max(tile, 512 * 1024));
  return roundUp(64 * 32 + 192 + roundUp(conv2dBand(s.oh) * s.ow, 4) * 4 + slabBytes(s) + 64 + packed, 64);
}

/** Scratch of `f32_conv2d_dw`, for each thread: a tile, a strip of 8 columns, dy in panels of 4 channels, the slab. */
export function conv2dDwScratch(s: Conv2dShape): number {
  const pixels = conv2dBand(s.oh) * s.ow;
  const panels = s.groups * Math.ceil(s.oc / s.groups / 4);
  return roundUp(128 + pixels * (32 + panels * 16) + slabBytes(s), 64);
}

/** One axis of one phase of a data gradient. */
export interface DxPhase {
  /** First output index of the phase; the others follow at steps of `stride`. */
  start: number;
  count: number;
  /** Filter taps first, first + step, … that reach these outputs. */
  first: number;
  step: number;
  taps: number;
  /** The phase as a convolution of dy with stride 1. */
  dilation: number;
  padding: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * The data gradient along one axis as one stride-1 convolution of dy for each residue of the stride. From
 *   y[o] += x[o * stride - padding + k * dilation] * w[k]
 * follows dx[i] = sum of dy[o] * w[k] over o * stride + k * dilation = i + padding: only taps k with
 * k * dilation ≡ i + padding (mod stride) reach output i. Those are k = first + j * step with step = stride / gcd, and
 * o = (i + padding - first * dilation) / stride - j * dilation / gcd: a convolution with the taps in reverse order.
 */
export function dxPhases(size: number, kernel: number, stride: number, padding: number, dilation: number): DxPhase[] {
  const common = gcd(dilation, stride);
  const step = stride / common;
  const phases: DxPhase[] = [];
  for (let start = 0; start < Math.min(stride, size); start++) {
    const count = Math.ceil((size - start) / stride);
    let first = 0;
    while (first < step && (start + padding - first * dilation) % stride !== 0) first++;
    const taps = first < step && first < kernel ? Math.floor((kernel - 1 - first) / step) + 1 : 0;
    const reach = dilation / common;
    const origin = (start + padding - first * dilation) / stride;
    phases.push(
      taps > 0
        ? { start, count, first, step, taps, dilation: reach, padding: (taps - 1) * reach - origin }
        : { start, count, first: 0, step: 1, taps: 0, dilation: 1, padding: 0 },
    );
  }
  return phases;
}

/** One phase of a data gradient: the shape of its convolution of dy, and the taps and outputs it takes. */
export interface Conv2dDxPhase {
  /** x is dy and y is the part of dx that the phase writes; `kh` x `kw` are its taps (0 x 0: it writes zeros). */
  shape: Conv2dShape;
  rows: DxPhase;
  cols: DxPhase;
}

/** The phases of the data gradient of `s`: one for stride 1, four for stride 2. Each dx is written by just one. */
export function conv2dDxPhases(s: Conv2dShape): Conv2dDxPhase[] {
  const rowPhases = dxPhases(s.h, s.kh, s.strideH, s.padTop, s.dilationH);
  const colPhases = dxPhases(s.w, s.kw, s.strideW, s.padLeft, s.dilationW);
  return rowPhases.flatMap((rows) =>
    colPhases.map((cols) => {
      const empty = rows.taps === 0 || cols.taps === 0;
      const shape = {
        batch: s.batch,
        h: s.oh,
        w: s.ow,
        ic: s.oc,
        oh: rows.count,
        ow: cols.count,
        oc: s.ic,
        kh: empty ? 0 : rows.taps,
        kw: empty ? 0 : cols.taps,
        strideH: 1,
        strideW: 1,
        dilationH: rows.dilation,
        dilationW: cols.dilation,
        padTop: rows.padding,
        padLeft: cols.padding,
        groups: s.groups,
      };
      return { shape, rows, cols };
    }),
  );
}

// Winograd F(4x4, 3x3): tiles of 6x6 inputs give 4x4 outputs; 36 planes, one for each element of a tile.

/**
 * Bytes from one plane to the next. 64 bytes more than its contents, and an odd number of cache lines: planes at
 * power-of-two distances fall into the same cache sets and make the transforms up to 8 times slower.
 */
function planeBytes(bytes: number): number {
  const padded = roundUp(bytes, 64) + 64;
  return (padded >> 6) % 2 === 0 ? padded + 64 : padded;
}

/** Bytes of a filter transformed by `f32_winograd_f4x3_filter`: 36 planes of panels [k][8], 4 times the weights. */
export function winogradFilterBytes(columns: number, k: number): number {
  return 36 * planeBytes(roundUp(columns, 8) * k * 4);
}

/** Scratch of `f32_winograd_f4x3_filter`, for each thread: 36 float64 vectors, 36 planes of 4 x 4 channels, a row. */
export const WINOGRAD_FILTER_SCRATCH = 576 + 2304 + 192;

/** A tile being transformed and the constants of the transforms. */
const WINOGRAD_TEMP = 768;

export function winogradTiles(s: Conv2dShape): number {
  return s.batch * Math.ceil(s.oh / 4) * Math.ceil(s.ow / 4);
}

/** The data gradient of `s` as a forward convolution of dy by the rotated filter. */
export function winogradDxShape(s: Conv2dShape): Conv2dShape {
  const sizes = { h: s.oh, w: s.ow, ic: s.oc, oh: s.h, ow: s.w, oc: s.ic };
  return { ...s, ...sizes, padTop: 2 - s.padTop, padLeft: 2 - s.padLeft };
}

/** Splits n into equal parts of at most `largest`. */
function evenPart(n: number, largest: number): number {
  return Math.ceil(n / Math.ceil(n / largest));
}

/** Tiles whose inputs and products, in all planes, fill `bytes`. */
function tilesWithin(bytes: number, s: Conv2dShape): number {
  return Math.floor(bytes / (144 * (s.ic + s.oc)));
}

/** Tiles that a thread takes at a time: inputs and products of a block should stay within 256 KB of the L2 cache, but
 * fewer than 32 tiles would read the filters too often. Whole micro-kernel tiles of 4. */
export function winogradBlock(s: Conv2dShape): number {
  return roundUp(evenPart(winogradTiles(s), Math.min(Math.max(tilesWithin(256 * 1024, s), 32), 192)), 4);
}

/** Scratch of `f32_conv2d_winograd_f4x3`, for each thread: what the transforms need, a patch at the border,
 * the planes of transformed inputs and of products. */
export function winogradScratch(s: Conv2dShape): number {
  const block = winogradBlock(s);
  const planes = planeBytes(block * s.ic * 4) + planeBytes(block * roundUp(s.oc, 8) * 4);
  return WINOGRAD_TEMP + 36 * roundUp(s.ic * 4, 64) + 36 * planes;
}

/** Bytes of the sums of products of one chunk of a weight gradient: 36 planes. */
function winogradDwSums(s: Conv2dShape): number {
  return 36 * planeBytes(s.oc * roundUp(s.ic, 8) * 4);
}

/** Parts that the tiles of a weight gradient are cut into, the units of work of its threads: a power of two, at least 96
 * tiles each, at most 4 MB of sums in all. Depends on the shape alone, as the sums' order does. */
export function winogradDwChunks(s: Conv2dShape): number {
  const most = Math.min(8, winogradTiles(s) / 96, (4 << 20) / winogradDwSums(s));
  return [8, 4, 2].find((chunks) => chunks <= most) ?? 1;
}

/** Tiles that a thread takes at a time: all within 128 KB or, with more channels, enough to pay for the sums, which are
 * read and written once a block. */
export function winogradDwBlock(s: Conv2dShape): number {
  const fit = tilesWithin(128 * 1024, s);
  return evenPart(Math.ceil(winogradTiles(s) / winogradDwChunks(s)), fit < 24 ? 96 : Math.min(fit, 192));
}

/** Whether the Winograd weight gradient is faster than the direct one: with few tiles it only moves sums about. */
export function winogradDwPays(s: Conv2dShape): boolean {
  return winogradTiles(s) >= 12;
}

/** Bytes of `partial` of `f32_conv2d_winograd_f4x3_dw`. */
export function winogradDwPartial(s: Conv2dShape): number {
  return winogradDwChunks(s) * winogradDwSums(s);
}

/** Scratch of `f32_conv2d_winograd_f4x3_dw`, for each thread. */
export function winogradDwScratch(s: Conv2dShape): number {
  const block = winogradDwBlock(s);
  const planes = planeBytes(block * roundUp(s.ic, 8) * 4) + planeBytes(block * s.oc * 4);
  return roundUp(WINOGRAD_TEMP + 36 * roundUp(s.ic * 4, 64) + 16 * roundUp(s.oc * 4, 64) + 36 * planes, 64);
}

/** Scratch of `f32_dwconv` and `f32_dwconv_dx`, for each thread: the transposed filter and a list of taps. */
export function dwconvScratch(s: Conv2dShape): number {
  return roundUp(s.kh * s.kw * (s.ic * 4 + 8), 64);
}
