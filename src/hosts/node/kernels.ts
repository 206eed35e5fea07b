/** Kernels as the files of the package, which spares a cold start the unpacking of text: 4 to 7 ms (bench/NOTES.md). */
import checksums from "../../../build/kernels/checksums.js";
import { checksum } from "../../runtime/checksum.js";
import { compileBytes } from "../../runtime/compile.js";
import type { Host } from "../../runtime/host.js";
import { once } from "../../runtime/kernels.js";

/** A file of dist/kernels, where it can be read and is this version's. */
function read(name: string): Uint8Array<ArrayBuffer> | undefined {
  const { process } = globalThis;
  // Deno would ask for a permission. The first versions of Node 20 give no module without an import, which takes 2 ms.
  if (process.versions.deno || !process.getBuiltinModule) return undefined;
  // This module lies in dist/chunks; in a bundle there is no such file beside it, or another's.
  const here = import.meta.url;
  try {
    const { readFileSync } = process.getBuiltinModule("node:fs");
    const bytes = new Uint8Array(readFileSync(new URL(`../kernels/${name}.wasm`, here)));
    return checksum(bytes) === checksums[name] ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Kernels of files whose names begin so, and embedded ones where there are none. */
export const kernelsFrom =
  (prefix: string, embedded: Host["kernels"]): Host["kernels"] =>
  (variant, shared, group) => {
    const name = `${prefix}${group === "classic" || group === "further" ? `${group}-` : ""}${variant}`;
    return once(`${name}.wasm ${shared}`, async () => {
      const bytes = read(name);
      return bytes ? compileBytes(bytes, shared) : embedded(variant, shared, group);
    });
  };
