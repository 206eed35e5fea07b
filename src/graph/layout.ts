/** How weights stand in memory, and in a state dict. */
import { numel, type Shape } from "../core/shape.js";

/**
 * - `same`: as in the state dict
 * - `channelsLast`: the second dimension of the state dict is the innermost one in memory. PyTorch's convolutions
 *   [out, in / groups, ...window] are [out, ...window, in / groups] to the kernels, in one, two or three dimensions; its
 *   transposed convolutions [in, out / groups, ...window] are [in, ...window, out / groups].
 */
export type Layout = "same" | "channelsLast";

/** The shape in memory of a weight with this shape in the state dict. */
export function memoryShape(shape: Shape, layout: Layout): Shape {
  if (layout === "same") return shape;
  const [outer, channels, ...window] = shape;
  return [outer, ...window, channels];
}

/** Copies weights of this shape (in the state dict) from the state dict's order to that of memory, or back. */
export function copyWeights(
  from: ArrayLike<number>,
  to: Float32Array,
  { shape, layout }: { shape: Shape; layout: Layout },
  direction: "toMemory" | "toStateDict",
): void {
  if (layout === "same") {
    to.set(from);
    return;
  }
  const [outer, channels, ...window] = shape;
  const taps = numel(window);
  const [rows, cols] = direction === "toMemory" ? [channels, taps] : [taps, channels];
  for (let o = 0; o < outer; o++) transpose(from, to, o * rows * cols, rows, cols);
}

/** A matrix turned, at the same place of both. By itself, and short: a cold start compiles what is called often, not what loops. */
function transpose(from: ArrayLike<number>, to: Float32Array, base: number, rows: number, cols: number): void {
  let at = base;
  for (let row = 0; row < rows; row++)
    for (let col = 0, i = base + row; col < cols; col++, i += rows) to[i] = from[at++];
}
