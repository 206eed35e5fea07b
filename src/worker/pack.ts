/** Makes values ready for `postMessage`: without copies where allowed, with one copy elsewhere. */
import { isTagged, tagOf } from "../core/tag.js";

const isShared = (buffer: ArrayBufferLike): buffer is SharedArrayBuffer => isTagged(buffer, "SharedArrayBuffer");

/**
 * `value` with every array buffer in it copied, or kept when `transfer` is set; the buffers to transfer are added to
 * `list`. Views on a part of a buffer are always copied, alone: posted as they are, the whole buffer would go with them.
 * Memory that is shared stays shared.
 */
export function pack<T>(value: T, transfer: boolean, list: Set<ArrayBuffer>): T {
  return packValue(value, transfer, list) as T;
}

function packValue(value: unknown, transfer: boolean, list: Set<ArrayBuffer>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const each = (item: unknown) => packValue(item, transfer, list);
  if (ArrayBuffer.isView(value)) return packView(value, transfer, list);
  if (isTagged(value, "ArrayBuffer")) return packBuffer(value, transfer, list);
  // Lists of numbers may be long: of these only the first element is looked at.
  if (Array.isArray(value)) return value.length < 16 || typeof value[0] === "object" ? value.map(each) : value;
  if (isTagged(value, "Map")) return new Map([...value].map(([key, item]) => [key, each(item)]));
  if (tagOf(value) !== "Object") return value; // a WebAssembly.Module, a regular expression
  // Those of tensors may be getters of a class.
  const keys = new Set([...Object.keys(value), ...["data", "shape"].filter((key) => key in value)]);
  return Object.fromEntries([...keys].map((key) => [key, each(Reflect.get(value, key))]));
}

function packBuffer(buffer: ArrayBuffer, transfer: boolean, list: Set<ArrayBuffer>): ArrayBuffer {
  const own = transfer ? buffer : buffer.slice(0);
  list.add(own);
  return own;
}

function packView(view: ArrayBufferView, transfer: boolean, list: Set<ArrayBuffer>): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  if (isShared(buffer)) return view;
  if (transfer && byteLength === buffer.byteLength) {
    list.add(buffer);
    return view;
  }
  const copy = buffer.slice(byteOffset, byteOffset + byteLength);
  list.add(copy);
  // By its tag: a Node Buffer becomes a Uint8Array.
  const View = (globalThis as unknown as Record<string, new (buffer: ArrayBuffer) => ArrayBufferView>)[tagOf(view)];
  return new View(copy);
}
