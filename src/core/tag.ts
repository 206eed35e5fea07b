/**
 * The class of an object by its tag, which `instanceof` cannot tell of objects from another realm: a frame, a vm context.
 * What only calls itself a typed array, and what cannot be asked (a proxy that was revoked), is an "Object".
 */
export function tagOf(value: unknown): string {
  try {
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    return /.Array$/.test(tag) && !ArrayBuffer.isView(value) ? "Object" : tag;
  } catch {
    return "Object";
  }
}

interface Tagged {
  Uint8Array: Uint8Array;
  Float32Array: Float32Array;
  ArrayBuffer: ArrayBuffer;
  SharedArrayBuffer: SharedArrayBuffer;
  Map: Map<unknown, unknown>;
  RegExp: RegExp;
}

/** `instanceof` for objects of any realm. */
export const isTagged = <K extends keyof Tagged>(value: unknown, tag: K): value is Tagged[K] => tagOf(value) === tag;

/** The entries of a map or a record. */
export const entriesOf = <V>(given: ReadonlyMap<string, V> | Readonly<Record<string, V>>): Iterable<[string, V]> =>
  isTagged(given, "Map") ? (given as unknown as Map<string, V>) : Object.entries(given as Record<string, V>);
