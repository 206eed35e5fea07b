// What a decoder finds wrong with a file. `decodeImage` adds the file's name and makes a FormatError of it; any other error
// that leaves a decoder is a fault of this library and passes as it is.

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

/** Refuses sizes of no pixels and of too many, before memory is asked for. */
export function checkPixels(width: number, height: number, maxPixels: number): void {
  const pixels = width * height;
  if (pixels > 0 && pixels <= maxPixels) return;
  throw new Damage("size", `1 to ${maxPixels} pixels`, `${width} x ${height}, ${pixels} pixels`);
}
