/**
 * A size that stands for the batch where a network is looked at for any: a prime that no size is, so that arithmetic on
 * shapes (such as exporters of ONNX leave in files) is arithmetic of plain numbers, and what is a multiple of the batch can be
 * told in the end. Products with anything below 2^22 are exact.
 */
export const BATCH = 2 ** 31 - 19;

export const isBatch = (size: number): boolean => size >= BATCH && size % BATCH === 0;

/** A size for a batch of `n`. */
export const atBatch = (size: number, n: number): number => (isBatch(size) ? (size / BATCH) * n : size);
