/**
 * Winograd F(4x4, 3x3): tiles of 6x6 inputs give 4x4 outputs; 36 planes, one for each element of a tile. Which
 * convolutions take it, and the sizes of the kernels' buffers, in bytes.
 */
import { roundUp } from "../core/shape.js";
import { type Conv2dShape, evenPart } from "./conv.js";
import { PANEL } from "./gemm.js";
import { type Layout, layout } from "./layout.js";

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

/** Bytes of a vector of four numbers. */
const VECTOR = 16;

/** Elements of a tile of inputs or of products. */
const PLANES = 36;

/**
 * Bytes from one plane to the next. 64 bytes more than its contents, and an odd number of cache lines: planes at
 * power-of-two distances fall into the same cache sets and make the transforms up to 8 times slower.
 */
function planeBytes(bytes: number): number {
  const padded = roundUp(bytes, 64) + 64;
  return (padded >> 6) % 2 === 0 ? padded + 64 : padded;
}

/** A plane of a transformed filter: panels [k][8]. */
const filterPlane = (columns: number, k: number): number => planeBytes(roundUp(columns, PANEL) * k * 4);

/** Bytes of a filter transformed by `f32_winograd_f4x3_filter`: 4 times the weights. */
export const winogradFilterBytes = (columns: number, k: number): number => PLANES * filterPlane(columns, k);

/** Scratch of `f32_winograd_f4x3_filter`, for each thread: 18 float64 vectors for each half of the channels, 36 planes of 4
 * x 4 channels, a row of 6 float64 vectors for each half. */
function filterLayout(): Layout<"temp" | "square" | "row"> {
  return layout({ temp: 2 * 18 * VECTOR, square: PLANES * 4 * VECTOR, row: 2 * 6 * VECTOR });
}

export const winogradFilterScratch = (): number => filterLayout().bytes;

/** What a record of `f32_winograd_f4x3_filter` says of its buffers; `dx`: for the data gradient. */
export function winogradFilterSizes({ oc, ic }: { oc: number; ic: number }, dx: boolean) {
  return { ...filterLayout().at, plane: dx ? filterPlane(ic, oc) : filterPlane(oc, ic) };
}

function winogradTiles(s: Conv2dShape): number {
  return s.batch * Math.ceil(s.oh / 4) * Math.ceil(s.ow / 4);
}

/** The data gradient of `s` as a forward convolution of dy by the rotated filter. */
export function winogradDxShape(s: Conv2dShape): Conv2dShape {
  const sizes = { h: s.oh, w: s.ow, ic: s.oc, oh: s.h, ow: s.w, oc: s.ic };
  return { ...s, ...sizes, padTop: 2 - s.padTop, padLeft: 2 - s.padLeft };
}

/** Tiles whose inputs and products, in all planes, fill `bytes`. */
function tilesWithin(bytes: number, s: Conv2dShape): number {
  return Math.floor(bytes / (PLANES * 4 * (s.ic + s.oc)));
}

/** Tiles that a thread takes at a time: inputs and products of a block should stay within 256 KB of the L2 cache, but
 * fewer than 32 tiles would read the filters too often. Whole micro-kernel tiles of 4. */
function blockTiles(s: Conv2dShape): number {
  return roundUp(evenPart(winogradTiles(s), Math.min(Math.max(tilesWithin(256 * 1024, s), 32), 192)), 4);
}

/** The constants of the transforms, one vector each: `assembly/conv/winograd.ts` writes and reads them by these names. */
export const WINOGRAD_CONSTANTS = "p q p2 q2 p3 q3 minusP2 minusQ2 minusSum product";

/**
 * What the transforms of a thread need: the constants, a tile between its two passes (of 8 channels in wide builds), a
 * patch of inputs at the border.
 */
const transform = (s: Conv2dShape) => ({
  constants: WINOGRAD_CONSTANTS.split(" ").length * VECTOR,
  temp: 2 * PLANES * VECTOR,
  patch: PLANES * s.ic * 4,
});

/** Scratch of `f32_conv2d_winograd_f4x3`, for each thread: the transforms', the planes of inputs and of products. */
function winogradLayout(s: Conv2dShape): Layout<"constants" | "temp" | "patch" | "v" | "m"> {
  const { vPlane, mPlane } = planes(s);
  return layout({ ...transform(s), v: PLANES * vPlane, m: PLANES * mPlane });
}

function planes(s: Conv2dShape) {
  const block = blockTiles(s);
  const products = roundUp(s.oc, PANEL);
  return { block, vPlane: planeBytes(block * s.ic * 4), mPlane: planeBytes(block * products * 4) };
}

export const winogradScratch = (s: Conv2dShape): number => winogradLayout(s).bytes;

export function winogradSizes(s: Conv2dShape) {
  return { ...winogradLayout(s).at, ...planes(s), uPlane: filterPlane(s.oc, s.ic) };
}

/** A plane of the sums of products of one chunk of a weight gradient: panels [oc][8]. */
const sumsPlane = (s: Conv2dShape): number => planeBytes(s.oc * roundUp(s.ic, PANEL) * 4);

/** Parts that the tiles of a weight gradient are cut into, the units of work of its threads: a power of two, at least 96
 * tiles each, at most 4 MB of sums in all. Depends on the shape alone, as the sums' order does. */
function dwChunks(s: Conv2dShape): number {
  const most = Math.min(8, winogradTiles(s) / 96, (4 << 20) / (PLANES * sumsPlane(s)));
  return [8, 4, 2].find((chunks) => chunks <= most) ?? 1;
}

/** Tiles that a thread takes at a time: all within 128 KB or, with more channels, enough to pay for the sums, which are
 * read and written once a block. */
function dwBlock(s: Conv2dShape): number {
  const fit = tilesWithin(128 * 1024, s);
  return evenPart(Math.ceil(winogradTiles(s) / dwChunks(s)), fit < 24 ? 96 : Math.min(fit, 192));
}

/** Whether the Winograd weight gradient is faster than the direct one: with few tiles it only moves sums about. */
export function winogradDwPays(s: Conv2dShape): boolean {
  return winogradTiles(s) >= 12;
}

/** Bytes of `partial` of `f32_conv2d_winograd_f4x3_dw`. */
export const winogradDwPartial = (s: Conv2dShape): number => dwChunks(s) * PLANES * sumsPlane(s);

function dwPlanes(s: Conv2dShape) {
  const block = dwBlock(s);
  return { block, vPlane: planeBytes(block * roundUp(s.ic, PANEL) * 4), wPlane: planeBytes(block * s.oc * 4) };
}

/** Scratch of `f32_conv2d_winograd_f4x3_dw`, for each thread: the transforms', a patch of 4x4 pixels of dy, both planes. */
function winogradDwLayout(s: Conv2dShape): Layout<"constants" | "temp" | "patch" | "dyPatch" | "v" | "wt"> {
  const { vPlane, wPlane } = dwPlanes(s);
  return layout({ ...transform(s), dyPatch: 4 * 4 * s.oc * 4, v: PLANES * vPlane, wt: PLANES * wPlane });
}

export const winogradDwScratch = (s: Conv2dShape): number => winogradDwLayout(s).bytes;

export function winogradDwSizes(s: Conv2dShape) {
  return { ...winogradDwLayout(s).at, ...dwPlanes(s), uPlane: sumsPlane(s), chunks: dwChunks(s) };
}
