/** The compiled kernels: unpacked from their embedded text and compiled once for each group and variant. */
import checksums from "../../build/kernels/checksums.js";
import type { Group } from "../abi/records.js";
import { asBytes } from "../core/bytes.js";
import { crc32 } from "../core/crc32.js";
import { foreign, formatError } from "../io/safetensors-header.js";
import { notCompiled } from "./features.js";
import type { Host, Variant } from "./host.js";
import { unpack } from "./unpack.js";

const compiled = new Map<string, Promise<WebAssembly.Module>>();

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
async function compileBytes(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Promise<WebAssembly.Module> {
  setShared(bytes, shared);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw notCompiled(cause);
  }
}

/**
 * Compiles a file of `resnet-wasm/kernels/` that somebody has fetched. Kernels of another version would read programs as
 * something else, and one changed byte gives other numbers or never ends: only the files of this version are taken.
 */
export async function compileFile(file: Uint8Array | ArrayBuffer, shared: boolean): Promise<WebAssembly.Module> {
  const bytes = asBytes("createModel", file, "wasm");
  if (checksums.includes(crc32(bytes))) return compileBytes(bytes.slice(), shared);
  const hint = foreign(bytes) ?? "It is of another version, or damaged: fetch it anew";
  throw formatError({ where: "createModel" }, "wasm", "a file of resnet-wasm/kernels/", `${bytes.length} bytes`, hint);
}

type Loader = () => Promise<{ default: string[] }>;

function compileOnce(name: string, shared: boolean, load: Loader): Promise<WebAssembly.Module> {
  const key = `${name} ${shared}`;
  let module = compiled.get(key);
  if (!module) {
    module = load().then(({ default: texts }) => compileBytes(unpack(texts), shared));
    module.catch(() => compiled.delete(key));
    compiled.set(key, module);
  }
  return module;
}

/** The embedded files by group and variant. Bundlers follow literal paths only. */
type Files = Record<Group, Record<Variant, Loader>>;

const TRAINING: Files = {
  classic: {
    simd: () => import("../../build/kernels/classic-simd.js"),
    relaxed: () => import("../../build/kernels/classic-relaxed.js"),
  },
  further: {
    simd: () => import("../../build/kernels/further-simd.js"),
    relaxed: () => import("../../build/kernels/further-relaxed.js"),
  },
  rare: {
    simd: () => import("../../build/kernels/simd.js"),
    relaxed: () => import("../../build/kernels/relaxed.js"),
  },
};

const INFERENCE: Files = {
  classic: {
    simd: () => import("../../build/kernels/inference-classic-simd.js"),
    relaxed: () => import("../../build/kernels/inference-classic-relaxed.js"),
  },
  further: {
    simd: () => import("../../build/kernels/inference-further-simd.js"),
    relaxed: () => import("../../build/kernels/inference-further-relaxed.js"),
  },
  rare: {
    simd: () => import("../../build/kernels/inference-simd.js"),
    relaxed: () => import("../../build/kernels/inference-relaxed.js"),
  },
};

/** The embedded kernels up to a group, of a variant, for shared or plain memory. */
export const compileKernels: Host["kernels"] = (variant, shared, group) =>
  compileOnce(`${group} ${variant}`, shared, TRAINING[group][variant]);

/** All of them, for programs that are one file: it holds them once. */
export const compileAllKernels: Host["kernels"] = (variant, shared) =>
  compileOnce(
    variant,
    shared,
    variant === "simd" ? () => import("../../build/kernels/simd.js") : () => import("../../build/kernels/relaxed.js"),
  );

/** `compileKernels` without the kernels of training. */
export const compileInferenceKernels: Host["kernels"] = (variant, shared, group) =>
  compileOnce(`inference ${group} ${variant}`, shared, INFERENCE[group][variant]);
