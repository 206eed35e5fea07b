/** Objects by what they say that they are. */
import { ArgumentError, expectation } from "./errors.js";

/**
 * The class of an object by its tag, which `instanceof` cannot tell of objects from another realm: a frame, a vm context.
 * What only calls itself a typed array, and what cannot be asked (a proxy that was revoked), is an "Object".
 */
export function tagOf(value: unknown): string {
  try {
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    return tag.endsWith("Array") && tag !== "Array" && !ArrayBuffer.isView(value) ? "Object" : tag;
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

/** Whether something is bytes: what pictures are made of, 0 to 255. */
export const isBytes = (value: unknown): value is Uint8Array | Uint8ClampedArray =>
  /^Uint8(Clamped)?Array$/.test(tagOf(value));

/** What hints say of proxies that hide their object. */
export const UNWRAP = "itself, not a proxy of it: Vue's toRaw, Immer's original or a copy";

/** The entries of a map or a record. Throws `ArgumentError` on a map's proxy, which has none. */
export function entriesOf<V>(where: string, given: ReadonlyMap<string, V> | Readonly<Record<string, V>>) {
  try {
    const entries = isTagged(given, "Map")
      ? (given as unknown as Map<string, V>)
      : Object.entries(given as Record<string, V>);
    return [...entries];
  } catch (cause) {
    throw new ArgumentError(expectation(where, "state", `a Map or a record ${UNWRAP}`, given), { cause });
  }
}
