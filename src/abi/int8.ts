/** What the kernels of assembly/int8/ find in memory: packed weights, and a thread's scratch. */
import { roundUp } from "../core/shape.js";
import { type Conv2dShape, evenPart } from "./conv.js";
import { PANEL } from "./gemm.js";
import { layout } from "./layout.js";

/** Forms of values: bytes of 0 to 127, or float32. */
export const FORMS = { bytes: 0, floats: 1 } as const;

/** The largest of a byte's values, and of a weight's. */
export const MOST = 127;

/** Inputs of one step of the kernels. */
const QUAD = 4;

/** Bytes of a quad of 4 rows as the build without relaxed SIMD packs it; the other takes half of it. */
const QUAD_BYTES = 32;

/** How the inputs under one output follow each other: `segments` runs of `length` bytes, each filled up to whole quads. */
export function quadsOf({ kh, kw, ic, dilationW }: Pick<Conv2dShape, "kh" | "kw" | "ic" | "dilationW">) {
  const [segments, length] = dilationW === 1 ? [kh, kw * ic] : [kh * kw, ic];
  return { segments, length, quads: roundUp(segments * Math.ceil(length / QUAD), 2) };
}

/** The largest sum of four weights, all of which are above 0 or all below, of which 127 times is below 2^15. */
const SUM_OF_FOUR = 258;

/**
 * Which weights of a row are added up in 16 bits: of two quads the first halves, and the second. `fit`: no four of a row are
 * beyond what 16 bits hold, whatever the inputs.
 */
export function sumsOfFour({ segments, length }: ReturnType<typeof quadsOf>) {
  const filled = roundUp(length, QUAD);
  const lanes = 4 * Math.ceil((segments * filled) / (2 * QUAD));
  const above = new Int32Array(lanes);
  const below = new Int32Array(lanes);
  return {
    fit(row: ArrayLike<number>): boolean {
      above.fill(0);
      below.fill(0);
      for (let i = 0; i < row.length; i++) {
        const at = Math.floor(i / length) * filled + (i % length);
        // In eight inputs: 0, 1, 4 and 5 to one lane, 2, 3, 6 and 7 to the other.
        const lane = (at >> 3) * 2 + ((at >> 1) & 1);
        if (row[i] > 0) above[lane] += row[i];
        else below[lane] -= row[i];
      }
      return above.every((sum) => sum <= SUM_OF_FOUR) && below.every((sum) => sum <= SUM_OF_FOUR);
    },
  };
}

/** Packed weights: multipliers and offsets of each panel's columns, what panels are, the panels [quad][8][4]. */
function weightsLayout(s: Conv2dShape) {
  const columns = roundUp(s.oc, PANEL);
  return layout({
    columns: columns * 8,
    narrow: (columns / PANEL) * 4,
    panels: columns * quadsOf(s).quads * QUAD,
  });
}

export const int8FilterBytes = (s: Conv2dShape): number => weightsLayout(s).bytes;

/** What a record of `s8_conv2d_pack` says of sizes. */
export const int8FilterSizes = (s: Conv2dShape) => ({ ...weightsLayout(s).at, ...quadsOf(s) });

/** Rows of tiles: 4, or 6 with VNNI. Chunks have whole tiles of either. */
const ROWS = 12;

/** Pixels whose inputs are packed at a time, at most, and bytes of these: half of a 512 KB L2. */
const CHUNK_PIXELS = 72;
const CHUNK_BYTES = 256 * 1024;

/** Output rows that a thread takes at a time. */
const bandOf = ({ oh, ow }: Conv2dShape): number => evenPart(oh, Math.max(8, Math.ceil(CHUNK_PIXELS / ow)));

/** Pixels of a chunk: whole tiles, alike in size. */
function chunkOf(s: Conv2dShape): number {
  const fit = Math.floor(CHUNK_BYTES / (quadsOf(s).quads * QUAD_BYTES)) * 4;
  return roundUp(evenPart(bandOf(s) * s.ow, Math.max(ROWS, Math.min(fit, CHUNK_PIXELS))), ROWS);
}

const window = (outputs: number, kernel: number, stride: number, dilation: number): number =>
  (outputs - 1) * stride + (kernel - 1) * dilation + 1;

/** Bytes of the padded input rows under a band. */
const slabBytes = (s: Conv2dShape): number =>
  window(bandOf(s), s.kh, s.strideH, s.dilationH) * window(s.ow, s.kw, s.strideW, s.dilationW) * s.ic;

/** Bytes of what follows sums (`Following` in assembly/int8/epilogue.ts). */
const FOLLOWING_BYTES = 256;

/** Scratch of `s8_conv2d`, for each thread. Segments are read by whole vectors, and written by 64 bytes. */
function int8Layout(s: Conv2dShape) {
  return layout({
    following: FOLLOWING_BYTES,
    sums: chunkOf(s) * PANEL * 4,
    table: roundUp(bandOf(s) * s.ow, ROWS) * 4,
    slab: slabBytes(s) + 16,
    packed: (chunkOf(s) / 4) * quadsOf(s).quads * QUAD_BYTES + 64,
  });
}

export const int8Scratch = (s: Conv2dShape): number => int8Layout(s).bytes;

/** What a record of `s8_conv2d` says of sizes. */
export const int8Sizes = (s: Conv2dShape) => ({
  ...weightsLayout(s).at,
  ...int8Layout(s).at,
  quads: quadsOf(s).quads,
  band: bandOf(s),
  chunk: chunkOf(s),
});
