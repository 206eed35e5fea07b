/**
 * How reductions are cut, and the `partial` buffers that their threads share: sums over many rows are taken in chunks, and
 * the chunks added up in order (`assembly/reduce/chunks.ts`). All depends on the shape alone, never on the number of threads.
 */
import { roundUp } from "../core/shape.js";

/** Chunks of `chunk` rows or elements; each leaves `chunkBytes` in `partial`, which takes `bytes` in all. */
export interface Cut {
  chunk: number;
  chunkBytes: number;
  bytes: number;
}

function cut(n: number, chunk: number, chunkBytes: number): Cut {
  return { chunk, chunkBytes, bytes: Math.ceil(n / chunk) * chunkBytes };
}

const MOST_CHUNKS = 64;

/** A chunk below this costs less than the barrier. */
const LEAST_ELEMENTS = 8192;

/** Rows in chunks of a multiple of 8; each keeps `bytes` for each column, up to a whole vector of columns. */
function cutRows(rows: number, cols: number, bytes: number): Cut {
  const chunk = roundUp(Math.max(Math.ceil(rows / MOST_CHUNKS), Math.ceil(LEAST_ELEMENTS / cols)), 8);
  return cut(rows, chunk, roundUp(cols, 4) * bytes);
}

const F64 = 8;
const F32 = 4;

/** The cut of each kernel that has a `partial` of chunks. */
export const cuts = {
  /** One float64 sum for each column. */
  columnSum: (rows: number, cols: number): Cut => cutRows(rows, cols, F64),
  /** Two float64 sums and a float32 shift. */
  batchNormStats: (rows: number, channels: number): Cut => cutRows(rows, channels, 2 * F64 + F32),
  /** Two float64 sums. */
  batchNormDw: (rows: number, channels: number): Cut => cutRows(rows, channels, 2 * F64),
  layerNormDw: (rows: number, cols: number): Cut => cutRows(rows, cols, 2 * F64),
  /** One float64 a chunk. */
  regressionLoss: (n: number): Cut => cut(n, 4096, F64),
  gradNorm: (n: number): Cut => cut(n, 16384, F64),
};

/** Bytes of `partial` of `f32_cross_entropy`: the loss of each row. */
export const crossEntropyPartial = (rows: number): number => rows * F32;
