/** Where the parts of a piece of memory stand: their offsets in bytes, by name, and the bytes of all. */
import { roundUp } from "../core/shape.js";

export interface Layout<K extends string> {
  at: Record<K, number>;
  bytes: number;
}

/** Cache lines: each part begins with one. */
const LINE = 64;

/** Lays out parts of these sizes, in bytes, one after the other. */
export function layout<K extends string>(sizes: Record<K, number>): Layout<K> {
  const at = {} as Record<K, number>;
  let bytes = 0;
  for (const name of Object.keys(sizes) as K[]) {
    at[name] = bytes;
    bytes += roundUp(sizes[name], LINE);
  }
  return { at, bytes };
}
