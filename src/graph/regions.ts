/** How parameters stand in memory: side by side, alike in each region that has a number for every weight. */
import { numel, roundUp } from "../core/shape.js";
import type { Parameter } from "./graph.js";
import { FLOAT } from "./value.js";

/** Bytes between values: a cache line; also more than any vector load needs. */
export const ALIGNMENT = 64;

/** Where each parameter begins and how many numbers it takes with the gap after it, and how many all of them take. */
export interface ParameterLayout {
  places: readonly { offset: number; floats: number }[];
  floats: number;
}

export function layoutParameters(parameters: readonly Pick<Parameter, "shape">[]): ParameterLayout {
  let floats = 0;
  const places = parameters.map(({ shape }) => {
    const place = { offset: floats, floats: roundUp(numel(shape), ALIGNMENT / FLOAT) };
    floats += place.floats;
    return place;
  });
  return { places, floats };
}
