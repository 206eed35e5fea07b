import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { COLUMNS, ROWS } from "./kernel.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bytes of a module that exports the variant's largest micro-kernel as `ukernel(a, b, k, c, cStride)`. */
export async function compileMicroKernel(variant) {
  const entry = "micro-kernel.ts";
  const source = `export { f32_gemm_ukernel_packed_${ROWS[variant]}x${COLUMNS} as ukernel } from "./assembly/gemm/ukernel";`;
  let wasm;
  const { error, stderr } = await asc.main(
    [entry, "-o", "out.wasm", "--baseDir", root, "-O3", "--noAssert", "--runtime", "stub", "--initialMemory", "2",
      "--enable", "simd", "--use", "INT8=0", ...(variant === "relaxed" ? ["--enable", "relaxed-simd"] : [])],
    {
      readFile: (name, base) => {
        if (name === entry) return source;
        try {
          return readFileSync(join(base, name), "utf8");
        } catch {
          return null; // asc asks for every place where an import might stand
        }
      },
      writeFile: (name, data) => {
        if (name === "out.wasm") wasm = data;
      },
    },
  ); // biome-ignore format: compiler options
  if (error) throw new Error(stderr.toString());
  return wasm;
}
