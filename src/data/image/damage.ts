/**
 * What a decoder finds wrong with a file. `decodeImage` adds the file's name and makes a FormatError of it; any other
 * error that leaves a decoder is a fault of this library and passes as it is.
 */

/** The part of the file that is wrong, what it should be, and what it is. */
export class Damage extends Error {
  constructor(
    readonly part: string,
    readonly expected: unknown,
    readonly got: unknown,
    readonly hint?: string,
  ) {
    super(`${part} expected ${expected}, got ${got}`);
  }
}

/** The longest side: rows of one pixel each cost time that pixels do not tell. libpng has the same limit. */
const MAX_SIDE = 1_000_000;

/** Refuses sizes of no pixels and of too many, before memory is asked for. */
export function checkPixels(width: number, height: number, maxPixels: number): void {
  if (Math.max(width, height) > MAX_SIDE)
    throw new Damage("size", `sides of at most ${MAX_SIDE} pixels`, `${width} x ${height}`);
  const pixels = width * height;
  if (pixels > 0 && pixels <= maxPixels) return;
  throw new Damage("size", `1 to ${maxPixels} pixels`, `${width} x ${height}, ${pixels} pixels`);
}
