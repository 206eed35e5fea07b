/**
 * Arithmetic of convolutions and pools: output sizes, and the sizes of the buffers that the direct kernels of
 * assembly/conv/ are given. Pure functions of shapes; all sizes in bytes. See winograd.ts for that algorithm.
 */
import { roundUp } from "../core/shape.js";
import { PANEL, packedBytes, packedSize, SECOND_PANEL, TILE_BYTES } from "./gemm.js";
import { type Layout, layout } from "./layout.js";

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
  after = padding,
): number {
  return Math.floor((size + padding + after - dilation * (kernel - 1) - 1) / stride) + 1;
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

// Direct convolution.

/** Bytes of a filter packed by `f32_conv2d_pack`: per group, panels of 8 output columns, each [taps * K][8]. */
export function conv2dFilterBytes(columns: number, k: number, groups: number, taps: number): number {
  return groups * packedSize(taps * (k / groups), columns / groups) * 4;
}

/** Output rows that a thread computes at a time: its padded copy of the input rows stays in the L2 cache. */
function bandRows(oh: number): number {
  return evenPart(oh, 8);
}

/** Input rows (or columns) under `outputs` output rows (columns). */
function window(outputs: number, kernel: number, stride: number, dilation: number): number {
  return kernel === 0 ? 0 : (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

/** The padded input rows of one band. */
function slabBytes(s: Conv2dShape): number {
  const rows = window(bandRows(s.oh), s.kh, s.strideH, s.dilationH);
  return rows * window(s.ow, s.kw, s.strideW, s.dilationW) * s.ic * 4;
}

/** Pixels whose sums wait in L1 for bias, residual and activation: 64 rows of a panel, 2 KB. */
const CHUNK_PIXELS = SECOND_PANEL / (PANEL * 4);

/**
 * From this many panels on, packing a chunk's inputs costs less than the larger tiles of f32_gemm's micro-kernels gain: 5
 * to 20 % without FMA, 2 to 14 % with. With 4 to 8 panels it is 2 % to one side or the other.
 */
const PACK_PANELS = 12;

/** Packed inputs of a chunk. 256 KB, f32_gemm's limit, hold only two tiles at k = 4608: 8 % slower. */
const CHUNK_BYTES = 512 * 1024;

/** Room for the packed inputs of a chunk; 0: they are read in place. */
function chunkBytes(s: Conv2dShape): number {
  const packs = Math.ceil(s.oc / s.groups / PANEL) >= PACK_PANELS;
  return packs ? packedBytes(CHUNK_PIXELS, taps(s), CHUNK_BYTES) : 0;
}

/** Products for one output. */
const taps = (s: Conv2dShape): number => (s.kh * s.kw * s.ic) / s.groups;

/** Scratch of `f32_conv2d`, for each thread: sums of a chunk and of a tile, an offset for each pixel of a band in whole
 * vectors, the slab, packed inputs. */
function conv2dLayout(s: Conv2dShape): Layout<"sums" | "spare" | "table" | "slab" | "packed"> {
  return layout({
    sums: 2 * SECOND_PANEL,
    spare: TILE_BYTES,
    table: roundUp(bandRows(s.oh) * s.ow, 4) * 4,
    slab: slabBytes(s),
    packed: chunkBytes(s),
  });
}

export const conv2dScratch = (s: Conv2dShape): number => conv2dLayout(s).bytes;

/** What a record of `f32_conv2d` says of its scratch and of how the work is cut. */
export function conv2dSizes(s: Conv2dShape) {
  return { ...conv2dLayout(s).at, packedBytes: chunkBytes(s), band: bandRows(s.oh), chunk: CHUNK_PIXELS };
}

/** Columns of a tile of a weight gradient are a panel, its rows 4 output channels. */
const DW_ROWS = 4;

/** Scratch of `f32_conv2d_dw`, for each thread: a tile, two strips of 8 columns, dy in panels of 4 channels, the slab. */
function conv2dDwLayout(s: Conv2dShape): Layout<"tile" | "strip" | "dyPanels" | "slab"> {
  const pixels = bandRows(s.oh) * s.ow;
  const panels = s.groups * Math.ceil(s.oc / s.groups / DW_ROWS);
  return layout({
    tile: DW_ROWS * PANEL * 4,
    strip: 2 * pixels * PANEL * 4,
    dyPanels: panels * pixels * DW_ROWS * 4,
    slab: slabBytes(s),
  });
}

export const conv2dDwScratch = (s: Conv2dShape): number => conv2dDwLayout(s).bytes;

export const conv2dDwSizes = (s: Conv2dShape) => ({ ...conv2dDwLayout(s).at, band: bandRows(s.oh) });

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
function dxPhases(size: number, kernel: number, stride: number, padding: number, dilation: number): DxPhase[] {
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

// Depthwise convolution. A tile is 7 pixels by 4 channels.

const DW_PIXELS = 7;
const DW_CHANNELS = 4;

/** Bytes of a filter packed by `f32_dwconv_pack`: [block of 4 channels][taps][4]. */
export const dwconvFilterBytes = (channels: number, taps: number): number => roundUp(channels, DW_CHANNELS) * taps * 4;

/** Columns of a slab under whole tiles of outputs. */
const dwconvCols = (s: Conv2dShape): number => window(roundUp(s.ow, DW_PIXELS), s.kw, s.strideW, s.dilationW);

/** Bytes of a slab, of which the larger part of the L2 cache is let to one. */
const SLAB_BYTES = 512 * 1024;

/** Bytes of `rows` rows of the slab: pixels of whole vectors, and up to a cache line between them. */
const dwconvSlab = (s: Conv2dShape, rows: number): number =>
  window(rows, s.kh, s.strideH, s.dilationH) * dwconvCols(s) * (roundUp(s.ic, DW_CHANNELS) * 4 + 64);

/** Output rows that a thread computes at a time. */
function dwconvBand(s: Conv2dShape): number {
  let rows = Math.min(s.oh, 8);
  while (rows > 1 && dwconvSlab(s, rows) > SLAB_BYTES) rows--;
  return evenPart(s.oh, rows);
}

/**
 * Scratch of `f32_dwconv` and `f32_dwconv_dw`, for each thread: the slab, sums of one row of outputs and 32 bytes, or
 * [tap][8], and [channels / 8][tap][8].
 */
function dwconvLayout(s: Conv2dShape): Layout<"slab" | "sums" | "totals"> {
  const slab = dwconvSlab(s, dwconvBand(s));
  const taps = s.kh * s.kw * 4;
  return layout({ slab, sums: s.ow * s.oc * 4 + taps * 8 + 32, totals: roundUp(s.ic, 8) * taps });
}

export const dwconvScratch = (s: Conv2dShape): number => dwconvLayout(s).bytes;

export const dwconvSizes = (s: Conv2dShape) => ({ ...dwconvLayout(s).at, band: dwconvBand(s), cols: dwconvCols(s) });

/** Splits n into equal parts of at most `largest`. */
export function evenPart(n: number, largest: number): number {
  return Math.ceil(n / Math.ceil(n / largest));
}
