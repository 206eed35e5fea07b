/**
 * Bytes of the `partial` buffers that reductions share between threads: the formulas of `assembly/reduce/chunks.ts`.
 * They depend on the shape alone, never on the number of threads.
 */
import { roundUp } from "../core/shape.js";

const MOST_CHUNKS = 64;
const LEAST_ELEMENTS = 8192;

function chunksOf(rows: number, cols: number): number {
  const size = roundUp(Math.max(Math.ceil(rows / MOST_CHUNKS), Math.ceil(LEAST_ELEMENTS / cols)), 8);
  return Math.ceil(rows / size);
}

/** `partial` of each kernel that has one, in bytes. */
export const partialBytes = {
  /** One float64 sum for each column (up to a whole vector) and chunk. */
  columnSum: (rows: number, cols: number): number => chunksOf(rows, cols) * roundUp(cols, 4) * 8,
  /** Two float64 sums and a float32 shift. */
  batchNormStats: (rows: number, channels: number): number => chunksOf(rows, channels) * roundUp(channels, 4) * 20,
  /** Two float64 sums. */
  batchNormDw: (rows: number, channels: number): number => chunksOf(rows, channels) * roundUp(channels, 4) * 16,
  layerNormDw: (rows: number, cols: number): number => chunksOf(rows, cols) * roundUp(cols, 4) * 16,
  /** The loss of each row, float32. */
  crossEntropy: (rows: number): number => rows * 4,
  /** One float64 for each 4096 elements. */
  regressionLoss: (n: number): number => Math.ceil(n / 4096) * 8,
  /** One float64 for each 16384 elements. */
  gradNorm: (n: number): number => Math.ceil(n / 16384) * 8,
};
