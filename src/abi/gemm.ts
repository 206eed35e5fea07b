/** What the kernels of assembly/gemm/ find in memory: panels of B, and a thread's scratch. */
import { roundUp } from "../core/shape.js";
import { type Layout, layout } from "./layout.js";

/** Columns of a tile and of a packed panel: two vectors. */
export const PANEL = 8;

/** Rows of the largest tile; the build without relaxed SIMD takes one less. */
const MOST_ROWS = 6;
const LEAST_ROWS = 5;

/** From the sums of a panel to those of the next where wide kernels have two of them in scratch: 64 rows. */
export const SECOND_PANEL = 64 * PANEL * 4;

/** The sums of one tile, of two panels. */
export const TILE_BYTES = SECOND_PANEL + MOST_ROWS * PANEL * 4;

/** Packed A of a group of tiles: half of a 512 KB L2; 64 to 384 KB make no difference up to 1024, 128 costs 6 % at 2048. */
const GROUP_BYTES = 256 * 1024;

/** Numbers in the packed form of a [k, n] matrix: panels of 8 columns. */
export function packedSize(k: number, n: number): number {
  return roundUp(n, PANEL) * k;
}

/** Bytes of the largest packed tile of A; the last 64 keep tiles of 2^n steps from falling into the same cache sets. */
const tileBytes = (k: number): number => roundUp(k * MOST_ROWS * 4, 64) + 64;

/** Room for the packed tiles of `rows` rows: as many as `most` bytes hold, at least one. The kernels cut it by their own rows. */
export function packedBytes(rows: number, k: number, most: number): number {
  return Math.min(Math.ceil(rows / LEAST_ROWS) * tileBytes(k), Math.max(tileBytes(k), most));
}

/** Scratch of `f32_gemm`, for each thread: a tile, one more for sums beyond the first KC steps, the packed A of a group. */
function gemmLayout(m: number, k: number): Layout<"tile" | "spare" | "packed"> {
  return layout({ tile: TILE_BYTES, spare: TILE_BYTES, packed: packedBytes(m, k, GROUP_BYTES) });
}

/** Bytes of a thread's scratch; `f32_gemv` takes a vector of it. */
export const gemmScratch = (m: number, k: number): number => gemmLayout(m, k).bytes;

/** What a record of `f32_gemm` says of its scratch. */
export function gemmSizes(m: number, k: number) {
  return { ...gemmLayout(m, k).at, packedBytes: packedBytes(m, k, GROUP_BYTES) };
}
