/** Where a net sees which class: its answers for points all over the plane. */
import type { Model } from "resnet-wasm";
import { probabilityOf } from "./loss.js";
import { POINT_CLASSES } from "./points.js";

/** Half the side of the square that is shown. */
export const REACH = 1.15;

/** The middles of the squares of a grid, row by row from the top left. */
export function gridPoints(side: number): Float32Array {
  const xy = new Float32Array(2 * side * side);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const at = 2 * (row * side + column);
      xy[at] = ((2 * column + 1) / side - 1) * REACH;
      xy[at + 1] = (1 - (2 * row + 1) / side) * REACH;
    }
  return xy;
}

/** Probability of class 1 in each square. */
export const borderOf = (model: Model, side: number): Float32Array =>
  probabilityOf(model.predict(gridPoints(side)).data, POINT_CLASSES, 1);
