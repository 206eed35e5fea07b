/** Sizes of images and windows: one number for both directions, or two. */
import { expectInteger } from "./check.js";
import type { Option } from "./options.js";

/** One number for both directions, or [height, width]. */
export type Size = number | readonly [number, number];

/** A `Size`, as [height, width]. */
export const pair =
  <D extends Size | undefined = undefined>(
    min: number,
    fallback?: D,
  ): Option<[number, number], [D] extends [undefined] ? Size : Size | undefined> =>
  (where, name, value = fallback) => {
    if (!Array.isArray(value) || value.length !== 2) {
      const both = expectInteger(where, name, value, min);
      return [both, both];
    }
    return [expectInteger(where, `${name}[0]`, value[0], min), expectInteger(where, `${name}[1]`, value[1], min)];
  };
