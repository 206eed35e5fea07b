/** A tensor's dimensions, outermost first; the batch is dimension 0. */
export type Shape = readonly number[];

/** Number of elements. */
export function numel(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** A shape as error messages show it: `[32, 28, 28, 1]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The smallest multiple of `unit` that is not below `n`. */
export function roundUp(n: number, unit: number): number {
  return Math.ceil(n / unit) * unit;
}
