/**
 * Kernels of 16 columns, which V8 turns into instructions of 256 bits where its flag --experimental-wasm-revectorize is set.
 * Loaded for `createModel({ wide })`.
 */
import { encodeRecord } from "../../abi/encode.js";
import { gemmScratch, gemmSizes } from "../../abi/gemm.js";
import { now } from "../../core/ability.js";
import type { Host, Variant } from "../../runtime/host.js";
import { instantiate } from "../../runtime/instance.js";
import { compileOnce } from "../../runtime/kernels.js";

const FLAG = "experimental-wasm-revectorize";
/** V8 of Node 24, the first in which the flag does something; Node 22 takes it and does nothing. */
const FIRST_V8 = 13.6;

/** Why this runtime has no wide kernels. */
function obstacle(): string | undefined {
  const { versions, arch } = globalThis.process;
  if (versions.deno || versions.bun || Number.parseFloat(versions.v8) < FIRST_V8) return "it takes Node 24 or later";
  return arch === "x64" ? undefined : "it takes a processor of the kind x86-64";
}

/** A product of [48, 128] by [128, 64], from numbers that stand in memory as zeros: 0.8 million operations, some 10 microseconds. */
const [M, N, K] = [48, 64, 128];
const AT = { program: 1024, a: 4096, b: 65536, y: 131072, scratch: 196608 };
/** Products between two looks at the clock. */
const PRODUCTS = 16;
/** By how much wide kernels have to be faster: the micro-kernel is 1.4 times as fast where V8 widens, 0.7 times where not. */
const PAYS = 1.12;
/** More than that one of them is not compiled by the optimising compiler yet. */
const MOST = 2.5;
/** How long to wait for that compiler (ms). */
const PATIENCE = 40;

/** Times products by a module's kernels; gives a function that tells the milliseconds of some. */
function products(module: WebAssembly.Module, shared: boolean): () => number {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared });
  const words: number[] = [];
  const operands = { a: AT.a, lda: K, aTransposed: 0, b: AT.b, ldy: N, m: M, n: N, k: K };
  const epilogue = { y: AT.y, bias: 0, residual: 0, source: 0, activation: 0, param: 0 };
  const scratch = { scratch: AT.scratch, scratchStride: gemmScratch(M, K), ...gemmSizes(M, K) };
  encodeRecord(words, "f32_gemm", { ...operands, ...epilogue, ...scratch });
  new Int32Array(memory.buffer, AT.program).set(words);
  const { run } = instantiate(module, memory);
  return () => {
    const start = now();
    for (let i = 0; i < PRODUCTS; i++) run?.(AT.program, AT.program + words.length * 4, 0, 1);
    return now() - start;
  };
}

/** How many times as fast the wide kernels are, by the best of many short stretches in turns. */
function gain(narrow: WebAssembly.Module, wide: WebAssembly.Module, shared: boolean): number {
  const ways = [narrow, wide].map((module) => products(module, shared));
  const best = [Infinity, Infinity];
  const start = now();
  let ratio = 0;
  for (let rounds = 0; now() - start < PATIENCE; rounds++) {
    for (const [i, way] of ways.entries()) best[i] = Math.min(best[i], way());
    ratio = best[0] / best[1];
    if (rounds > 10 && ratio > PAYS && ratio < MOST) break;
  }
  return ratio;
}

const probed = new Map<Variant, number>();

/** The host's answer to `createModel({ wide })`, by the embedded kernels of each variant. */
export async function wideKernels(
  files: Record<Variant, () => Promise<{ default: string[] }>>,
  ...[variant, shared, narrow]: Parameters<NonNullable<Host["wide"]>>
): Promise<WebAssembly.Module | string> {
  const why = obstacle();
  if (why) return why;
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString(`--${FLAG}`);
  const module = await compileOnce(`wide ${variant}`, shared, files[variant]);
  if (!narrow) return module;
  const ratio = probed.get(variant) ?? gain(await narrow(), module, shared);
  probed.set(variant, ratio);
  if (ratio > PAYS) return module;
  setFlagsFromString(`--no-${FLAG}`);
  return `a probe found them ${ratio.toFixed(2)} times as fast`;
}
