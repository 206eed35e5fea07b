/** What `createModel` and `loadModel` are told. */
import { expectInteger } from "../core/check.js";
import {
  as,
  checked,
  flag,
  integer,
  number,
  type Option,
  oneOf,
  optional,
  readOptions,
  type Schema,
  text,
} from "../core/options.js";

import type { Shape } from "../core/shape.js";
import { tagOf } from "../core/tag.js";
import type { ThreadSource } from "../runtime/host.js";
import { MOST_MEMORY, PAGE } from "../runtime/memory.js";
import { isSampleShape } from "./architecture.js";

/** What a model may take. `model.memoryPlan()` and `model.summary()` tell what one does. */
export interface Limits {
  /**
   * Bytes of the model's memory; needs above it are refused before memory is asked for. Default 4 GiB, all that there can be;
   * `loadModel` refuses by default, before anything is computed, a file of which one sample takes more than 1 GiB and 20
   * times the file's size.
   */
  maxMemory?: number | undefined;
  /**
   * Multiply-adds of a prediction of one sample, with the numbers written and those that pools read. By default there is no
   * limit for `createModel`, and 10^12 for the file of `loadModel`, some minutes.
   */
  maxWork?: number | undefined;
}

/** What `createModel` is told. All but `inputShape` have defaults. */
export interface ModelOptions extends ThreadSource, Limits {
  /** Shape of one sample: [features], or [height, width, channels]. */
  inputShape: Shape;
  /** Decides initial weights and dropout. Default 0. */
  seed?: number;
  /**
   * Default "auto": as many as there are cores, where threads can be had; for a small network they start once steps on large
   * batches have taken 50 ms. A number: so many from the beginning, in steps that are long enough to gain by them; a step of
   * less than 2 million multiply-adds runs on one. While another process has the cores, so do all.
   * `{ force: n }`: n in every step, however short and however slow that is; for tests and measurements.
   */
  threads?: number | "auto" | { force: number };
  /** Fused multiply-adds where the runtime has them: faster, but bits differ between machines. Default "auto". */
  relaxedSimd?: boolean | "auto";
  /**
   * Kernels that V8 turns into instructions of 256 bits, with the bits of the usual ones, about 1.5 times as fast. They rest on an
   * experimental flag of V8, which is set for the whole process: true in Node 24 or later on x86-64, elsewhere `RuntimeSupportError`;
   * "auto" where a probe of some milliseconds finds them faster, `info.why` tells. Default false.
   */
  wide?: boolean | "auto";
  /** Default "speed"; "memory" avoids transformed copies of the weights. */
  prefer?: "speed" | "memory";
  /**
   * A file of `resnet-wasm/kernels/` in place of the embedded kernels: as bytes, or as a compiled module where it must be
   * imported statically. A module works on plain memory, so on one thread.
   */
  wasm?: WebAssembly.Module | Uint8Array | ArrayBuffer;
  /** How inputs are prepared (resizing, normalisation), as JSON: kept as `model.transform` and saved with the weights. */
  transform?: unknown;
  /** What the classes are called, in the order of the outputs: kept as `model.classNames`, saved with the model. */
  classNames?: readonly string[];
}

/** What `loadModel` is told; the input shape is in the file. */
export interface LoadOptions extends Omit<ModelOptions, "inputShape"> {
  /** Whether the file's digest is checked; false takes what another program changed. Default true. */
  verify?: boolean;
  /** Which file of a store. Default "model.safetensors". */
  name?: string;
}

/** What a model is called in a store. */
export const MODEL_NAME = "model.safetensors";

/** How many threads are wanted, and whether for every step. */
export interface Threads {
  count: number | "auto";
  forced: boolean;
}

export const MAX_THREADS = 64;

const threads: Option<Threads, ModelOptions["threads"]> = (where, name, value = "auto") => {
  if (value === "auto") return { count: value, forced: false };
  const forced = typeof value === "object" && value !== null && "force" in value;
  const count = forced ? value.force : value;
  return { count: expectInteger(where, forced ? `${name}.force` : name, count, 1, MAX_THREADS), forced };
};

const choice = <D extends boolean | "auto">(otherwise: D) => oneOf([true, false, "auto"], otherwise);

export const isModule = (wasm: unknown): wasm is WebAssembly.Module => tagOf(wasm) === "WebAssembly.Module";

const isKernels = (wasm: unknown): wasm is WebAssembly.Module | Uint8Array | ArrayBuffer =>
  isModule(wasm) || ["Uint8Array", "ArrayBuffer"].includes(tagOf(wasm));

const isAddress = (value: unknown): value is string | URL => typeof value === "string" || tagOf(value) === "URL";
const isFunction = (value: unknown): value is NonNullable<ThreadSource["createWorker"]> => typeof value === "function";

const given: Option<unknown> = (_where, _name, value) => value;

const commonSchema = () =>
  ({
    seed: integer({ max: Number.MAX_SAFE_INTEGER, default: 0 }),
    threads,
    relaxedSimd: choice("auto"),
    wide: choice(false),
    prefer: oneOf(["speed", "memory"], "speed"),
    maxMemory: optional(integer({ min: PAGE, max: MOST_MEMORY })),
    maxWork: optional(number({ min: 1 })),
    wasm: optional(checked("a WebAssembly.Module or the bytes of one", isKernels)),
    transform: given,
    classNames: as<readonly string[] | undefined>(), // readClassNames checks them, by the outputs
    workerUrl: optional(checked("an address", isAddress)),
    createWorker: optional(checked("a function", isFunction)),
  }) satisfies Schema<Omit<ModelOptions, "inputShape">>;

const loadSchema = () =>
  ({ ...commonSchema(), verify: flag(true), name: optional(text, MODEL_NAME) }) satisfies Schema<LoadOptions>;

const modelSchema = () =>
  ({
    inputShape: checked<Shape>("[features] or [height, width, channels]", isSampleShape),
    ...commonSchema(),
  }) satisfies Schema<ModelOptions>;

export const readModelOptions = (given: unknown) => readOptions("createModel", given, modelSchema);
export const readLoadOptions = (given: unknown) => readOptions("loadModel", given, loadSchema);

/** The options as they are meant, defaults filled in. */
export type Settings = Omit<ReturnType<typeof readLoadOptions>, "verify" | "name">;
