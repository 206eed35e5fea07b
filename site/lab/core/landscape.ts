/**
 * A slice through the loss around a net's weights w: L(w + a d + b e) for a and b from -1 to 1, d and e random directions whose
 * filters each have the norm of the net's own (Li et al. 2018, arXiv:1712.09913, section 4). Biases and norms stay.
 */
import type { Model, StateDict } from "resnet-wasm";
import type { Batch } from "./datasets.js";
import { scoreOf } from "./loss.js";
import { normals } from "./random.js";

/** The same for weights of all shapes: the first dimension counts filters, or the neurons of a layer. */
export function filterNormalised(weight: Float32Array, filters: number, normal: () => number): Float64Array {
  const size = weight.length / filters;
  const direction = Float64Array.from(weight, () => normal());
  for (let f = 0; f < filters; f++) {
    let [own, drawn] = [0, 0];
    for (let i = f * size; i < (f + 1) * size; i++) {
      own += weight[i] * weight[i];
      drawn += direction[i] * direction[i];
    }
    const scale = Math.sqrt(own / drawn);
    for (let i = f * size; i < (f + 1) * size; i++) direction[i] *= scale;
  }
  return direction;
}

/** Two directions in the space of a net's weights, by name; for one seed, the twins' are drawn from the same numbers. */
export type Plane = Map<string, [Float64Array, Float64Array]>;

export function planeOf(state: StateDict, seed: number): Plane {
  const [first, second] = [normals(2 * seed), normals(2 * seed + 1)];
  const weights = [...state].filter(([, { shape }]) => shape.length > 1);
  return new Map(
    weights.map(([name, { data, shape }]) => {
      const direction = (normal: () => number) => filterNormalised(data, shape[0], normal);
      return [name, [direction(first), direction(second)]];
    }),
  );
}

/** w + a d + b e. */
export function moved(state: StateDict, plane: Plane, a: number, b: number): StateDict {
  return new Map(
    [...state].map(([name, tensor]) => {
      const directions = plane.get(name);
      if (!directions) return [name, tensor];
      const [d, e] = directions;
      return [name, { shape: tensor.shape, data: tensor.data.map((w, i) => w + a * d[i] + b * e[i]) }];
    }),
  );
}

/** A place of the grid of `side` by `side` points over [-1, 1]². */
export interface GridPoint {
  column: number;
  row: number;
  /** Side of the square that this point stands for until finer ones come, in places of the grid. */
  spread: number;
}

/** All places, the coarse before the fine: of side 33 those of 5 by 5 first, then of 9, 17 and 33. */
export function coarseToFine(side: number, first = 5): GridPoint[] {
  const points: GridPoint[] = [];
  const start = (side - 1) / (first - 1);
  if (!Number.isInteger(Math.log2(start))) throw new Error(`coarseToFine: ${side} is not 2^n (${first} - 1) + 1`);
  for (let spread = start; spread >= 1; spread /= 2)
    for (let row = 0; row < side; row += spread)
      for (let column = 0; column < side; column += spread)
        if (spread === start || row % (2 * spread) !== 0 || column % (2 * spread) !== 0)
          points.push({ column, row, spread });
  return points;
}

/** -1 to 1 over a side of the grid. */
export const coordinate = (index: number, side: number): number => (2 * index) / (side - 1) - 1;

export interface LandscapePoint extends GridPoint {
  /** Mean cross-entropy; Infinity or NaN where the net gives no numbers. */
  loss: number;
}

/**
 * The loss at each place of a grid, coarse to fine. `model` is a copy of the net, which this takes through all weights; after
 * it, it has none in particular.
 */
export function* landscapeOf(
  model: Model,
  trained: StateDict,
  plane: Plane,
  { x, labels }: Batch,
  side: number,
): Generator<LandscapePoint> {
  for (const point of coarseToFine(side)) {
    const a = coordinate(point.column, side);
    const b = coordinate(point.row, side);
    model.loadStateDict(moved(trained, plane, a, b));
    yield { ...point, loss: scoreOf(model.predict(x).data, labels).loss };
  }
}
