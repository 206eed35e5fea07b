import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What the matrix product needs of the sources, as a module. `options`: further ones of esbuild's. */
export function bundleKernels(outfile, options = {}) {
  const entry = fileURLToPath(new URL("kernels.ts", import.meta.url));
  return build({ entryPoints: [entry], bundle: true, format: "esm", outfile, ...options });
}
