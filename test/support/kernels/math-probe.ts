// Access to the vector functions of assembly/math, which the shipped module does not export: compiles a small module
// of its own that maps an array through one of them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import type { Variant } from "./harness.js";

export const MATH_FUNCTIONS = [
  "exp",
  "expm1_negative",
  "log",
  "log1p",
  "tanh",
  "sigmoid",
  "erf",
  "normal_cdf",
  "gate",
  "even_gate",
] as const;
export type MathFunction = (typeof MATH_FUNCTIONS)[number];

const entry = `
import { exp_v128, expm1_negative_v128 } from "./assembly/math/exp";
import { log_v128, log1p_v128 } from "./assembly/math/log";
import { even_gate_v128, gate_v128, sigmoid_v128, tanh_v128 } from "./assembly/math/tanh";
import { erf_v128 } from "./assembly/math/erf";
import { normal_cdf_v128 } from "./assembly/math/normal";
${MATH_FUNCTIONS.map(
  (name) => `export function ${name}(x: usize, y: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, ${name}_v128(v128.load(x + i)));
}`,
).join("\n")}
`;

/** Numbers that one call maps, a multiple of 4. */
export const BATCH = 65536;

export interface MathProbe {
  /** Arguments: fill before calling. */
  x: Float32Array;
  bits: Uint32Array;
  y: Float32Array;
  apply(name: MathFunction, count?: number): void;
}

export async function createMathProbe(variant: Variant): Promise<MathProbe> {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const features = variant === "relaxed" ? ["--enable", "relaxed-simd"] : [];
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", ...features];
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    ["probe.ts", "-o", "probe.wasm", "--baseDir", root, "--initialMemory", "16", ...options],
    {
      // asc takes null for a file that does not exist and looks elsewhere, its own library included.
      readFile: (name) => {
        if (name === "probe.ts") return entry;
        const path = join(root, name);
        return existsSync(path) ? readFileSync(path, "utf8") : null;
      },
      writeFile: (_, contents) => {
        if (typeof contents !== "string") binary = contents as Uint8Array<ArrayBuffer>;
      },
    },
  );
  if (error || !binary) throw new Error(`math probe: ${stderr}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { abort: () => {} } });
  const memory = exports.memory as WebAssembly.Memory;
  const [x, y] = [131072, 131072 + BATCH * 4];
  return {
    x: new Float32Array(memory.buffer, x, BATCH),
    bits: new Uint32Array(memory.buffer, x, BATCH),
    y: new Float32Array(memory.buffer, y, BATCH),
    apply: (name, count = BATCH) => (exports[name] as (x: number, y: number, bytes: number) => void)(x, y, count * 4),
  };
}
