/** Shapes: what they hold, how they compare, and how they are shown. */
import { describe } from "./errors.js";

/** A tensor's dimensions, outermost first; the batch is dimension 0. */
export type Shape = readonly number[];

/** Whether something is a number of features, channels, pixels or the like. */
export const isSize = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0;

/** Number of elements. */
export function numel(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** A shape as error messages show it: `[32, 28, 28, 1]`. */
export function formatShape(shape: Shape): string {
  return describe(shape);
}

/** The smallest multiple of `unit` that is not below `n`. */
export function roundUp(n: number, unit: number): number {
  return Math.ceil(n / unit) * unit;
}

/** Size of the innermost dimension. */
export const last = (shape: Shape): number => shape[shape.length - 1];

/** Product of all dimensions but the innermost. */
export const rows = (shape: Shape): number => numel(shape) / last(shape);

/** [h, w, c] of images [n, h, w, c]; signals [n, length, c] are images of height 1. */
export type ImageShape = readonly [number, number, number];

export const imageOf = (x: Shape): ImageShape => [x.length === 3 ? 1 : x[1], x[x.length - 2], last(x)];

/** Images [n, h, w, c] where x are images, signals [n, w, c] where x are. */
export const imagesLike = (x: Shape, image: ImageShape): Shape => [x[0], ...image.slice(4 - x.length)];

/** Vertical and horizontal. */
export type Pair = readonly [number, number];
