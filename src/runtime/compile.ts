/** From the bytes of kernels to a module. */
import { notCompiled } from "./features.js";

/** The kernels' one import, "env"."memory", of the kind 2, up to its limits. */
const IMPORT = [3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2];

/**
 * Sets or clears the shared flag of the module's memory import. Modules for shared and for plain memory differ in this
 * one byte, the limits flag: 1 = has a maximum, 3 = has a maximum and is shared.
 */
export function setShared(bytes: Uint8Array, shared: boolean): void {
  const at = bytes.findIndex((_, i) => IMPORT.every((byte, j) => bytes[i + j] === byte));
  bytes[at + IMPORT.length] = shared ? 3 : 1;
}

/** Compiles the bytes of a kernel file for shared or plain memory; the bytes are changed. */
export async function compileBytes(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Promise<WebAssembly.Module> {
  setShared(bytes, shared);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw notCompiled(cause);
  }
}
