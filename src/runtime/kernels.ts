/** The compiled kernels: unpacked from their embedded text and compiled once for each group and variant. */

import type { Group } from "../abi/records.js";
import { demanded } from "../core/on-demand.js";
import { compileBytes } from "./compile.js";
import type { Host, Variant } from "./host.js";
import { unpack } from "./unpack.js";

const compiled = new Map<string, Promise<WebAssembly.Module>>();

type Loader = () => Promise<{ default: string[] }>;

/** A module by its name, made at the first call. */
export function once(name: string, make: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  let module = compiled.get(name);
  if (!module) {
    module = make();
    module.catch(() => compiled.delete(name));
    compiled.set(name, module);
  }
  return module;
}

export const compileOnce = (name: string, shared: boolean, load: Loader): Promise<WebAssembly.Module> =>
  once(`${name} ${shared}`, () =>
    demanded("createModel", load()).then(({ default: texts }) => compileBytes(unpack(texts), shared)),
  );

/** The groups of networks in float32: those in eight bits have an entry of their own, which brings their kernels. */
type FloatGroup = Exclude<Group, "int8">;

/** The embedded files by group and variant. Bundlers follow literal paths only. */
type Files = Record<FloatGroup, Record<Variant, Loader>>;

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
  compileOnce(`${group} ${variant}`, shared, TRAINING[group as FloatGroup][variant]);

/** All of them, for programs that are one file: it holds them once. */
export const compileAllKernels: Host["kernels"] = (variant, shared) =>
  compileOnce(
    variant,
    shared,
    variant === "simd" ? () => import("../../build/kernels/simd.js") : () => import("../../build/kernels/relaxed.js"),
  );

/** `compileKernels` without the kernels of training. */
export const compileInferenceKernels: Host["kernels"] = (variant, shared, group) =>
  compileOnce(`inference ${group} ${variant}`, shared, INFERENCE[group as FloatGroup][variant]);
