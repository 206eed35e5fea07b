/** Kernels as the files of the package, which spares a cold start the unpacking of text: 4 to 7 ms (bench/NOTES.md). */
import checksums from "../../../build/kernels/checksums.js";
import { checksum } from "../../runtime/checksum.js";
import { compileBytes } from "../../runtime/compile.js";
import type { Host } from "../../runtime/host.js";

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** A file of dist/kernels, where it can be read and is this version's. */
function read(name: string): Uint8Array<ArrayBuffer> | undefined {
  const { process } = globalThis;
  // Deno would ask for a permission. The first versions of Node 20 give no module without an import, which takes 2 ms.
  if (process.versions.deno || !process.getBuiltinModule) return undefined;
  // This module lies in dist/chunks; in a bundle there is no such file beside it, or another's.
  const here = import.meta.url;
  try {
    const bytes = process
      .getBuiltinModule("node:fs")
      .readFileSync(new URL(`../kernels/${name}.wasm`, here))
      .slice();
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
    const key = `${name} ${shared}`;
    const known = compiled.get(key);
    if (known) return known;
    const bytes = read(name);
    if (!bytes) return embedded(variant, shared, group);
    const module = compileBytes(bytes, shared);
    module.catch(() => compiled.delete(key));
    compiled.set(key, module);
    return module;
  };
