/** The compiled kernels: unpacked from their embedded text and compiled once for each group and variant. */
import type { Group } from "../abi/records.js";
import { notCompiled } from "./features.js";
import type { Host, Variant } from "./host.js";
import { unpack } from "./unpack.js";

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Sets or clears the shared flag of the module's memory import. Modules for shared and for plain memory differ in this
 * one byte, the limits flag: 1 = has a maximum, 3 = has a maximum and is shared.
 */
export function setShared(bytes: Uint8Array, shared: boolean): void {
  let at = 8;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const skip = (): void => {
    const length = leb();
    at += length;
  };
  const IMPORTS = 2;
  const MEMORY = 2;
  while (at < bytes.length) {
    const section = bytes[at++];
    if (section !== IMPORTS) {
      skip();
      continue;
    }
    leb(); // bytes of the section
    // The kernels import nothing but "env"."memory".
    leb(); // number of imports
    skip(); // "env"
    skip(); // "memory"
    if (bytes[at++] === MEMORY) bytes[at] = shared ? 3 : 1;
    return;
  }
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
