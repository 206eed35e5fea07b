/** Loops over dimensions with a stride for each operand, in as few and as short records as they take. */
import { numel, type Shape } from "../core/shape.js";

/** One dimension of a loop: its size, and how far apart neighbours are in each operand. */
export interface Dimension {
  size: number;
  at: readonly number[];
}

/** How far apart neighbours are along each dimension. */
export const strides = (shape: Shape): number[] => shape.map((_, i) => numel(shape.slice(i + 1)));

/** The strides of `shape` read as `whole`, by NumPy's broadcasting. */
export function broadcastStrides(shape: Shape, whole: Shape): number[] {
  const own = strides(shape);
  const lead = whole.length - shape.length;
  return whole.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : own[i - lead]));
}

/** The same loop in as few dimensions as it has. */
function collapse(dimensions: readonly Dimension[]): Dimension[] {
  const merged: Dimension[] = [];
  for (const inner of dimensions.filter(({ size }) => size > 1)) {
    const outer = merged.at(-1);
    const isOne = outer?.at.every((stride, i) => stride === inner.at[i] * inner.size);
    if (outer && isOne) merged[merged.length - 1] = { ...inner, size: outer.size * inner.size };
    else merged.push(inner);
  }
  return merged;
}

/** Calls `record` with four dimensions and where each operand begins, once for each step of those before. */
export function inFour(
  dimensions: readonly Dimension[],
  starts: readonly number[],
  record: (four: readonly Dimension[], starts: readonly number[]) => void,
): void {
  const [first, ...rest] = collapse(dimensions);
  if (rest.length > 3) {
    for (let i = 0; i < first.size; i++) {
      const moved = starts.map((start, k) => start + i * first.at[k]);
      inFour(rest, moved, record);
    }
    return;
  }
  const one = { size: 1, at: starts.map(() => 1) };
  const all = first ? [first, ...rest] : [];
  record([...new Array<Dimension>(4 - all.length).fill(one), ...all], starts);
}
