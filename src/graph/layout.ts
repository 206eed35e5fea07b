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
  for (let o = 0; o < outer; o++)
    for (let c = 0; c < channels; c++)
      for (let t = 0; t < taps; t++) {
        const outside = (o * channels + c) * taps + t;
        const inside = (o * taps + t) * channels + c;
        if (direction === "toMemory") to[inside] = from[outside];
        else to[outside] = from[inside];
      }
}
