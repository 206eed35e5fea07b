/** Weights of products as memory has them, [out, in] or OHWI, and in PyTorch's order, OIHW. */
import { last, numel, type Shape } from "../core/shape.js";

/** The shape in PyTorch's order. */
export function stateShape(memory: Shape): Shape {
  if (memory.length === 2) return memory;
  const [out, ...rest] = memory;
  return [out, last(rest), ...rest.slice(0, -1)];
}

/** The shape in memory. */
export function memoryShape([out, channels, ...window]: Shape): Shape {
  return [out, ...window, channels];
}

/** Turns the matrix [rows, cols] of each output channel. */
function turn(data: ArrayLike<number>, out: number, rows: number, cols: number): Float32Array<ArrayBuffer> {
  const turned = new Float32Array(data.length);
  let to = 0;
  for (let o = 0; o < out; o++)
    for (let col = 0; col < cols; col++)
      for (let row = 0; row < rows; row++) turned[to++] = data[(o * rows + row) * cols + col];
  return turned;
}

/** From memory, whose shape this is, to PyTorch's order. */
export function toState(data: ArrayLike<number>, [out, ...rest]: Shape): Float32Array<ArrayBuffer> {
  return turn(data, out, numel(rest.slice(0, -1)), last(rest));
}

/** Back; the shape is that of PyTorch's order. */
export function toMemory(data: ArrayLike<number>, [out, channels, ...window]: Shape): Float32Array<ArrayBuffer> {
  return turn(data, out, channels, numel(window));
}
