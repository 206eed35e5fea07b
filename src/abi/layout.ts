/** Where the parts of a piece of memory stand: their offsets in bytes, by name, and the bytes of all. */
import { keysOf, recordOf } from "../core/keys.js";
import { roundUp } from "../core/shape.js";

export interface Layout<K extends string> {
  at: Record<K, number>;
  bytes: number;
}

/** Cache lines: each part begins with one. */
const LINE = 64;

/** Lays out parts of these sizes, in bytes, one after the other. */
export function layout<K extends string>(sizes: Record<K, number>): Layout<K> {
  let bytes = 0;
  const at = recordOf(keysOf(sizes), (name) => {
    const start = bytes;
    bytes += roundUp(sizes[name], LINE);
    return start;
  });
  return { at, bytes };
}
