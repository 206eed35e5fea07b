/** What every model is made of: kernels and threads for the runtime at hand, and the memory, laid out. */
import { expectInteger, expectOneOf, expectOptions } from "../core/check.js";
import { ArgumentError, expectation, RuntimeSupportError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { readSafetensors } from "../io/safetensors.js";
import { expectLayer, type Layer } from "../nn/layer.js";
import { stepMacs } from "../plan/cost.js";
import type { OpSet } from "../program/encode.js";
import { Executor } from "../runtime/executor.js";
import { hasRelaxedSimd, hasSimd } from "../runtime/features.js";
import type { Host, ThreadSource } from "../runtime/host.js";
import { compileBytes } from "../runtime/kernels.js";
import { createMemory, ModelMemory } from "../runtime/memory.js";
import { ThreadPool } from "../runtime/pool.js";
import { isSampleShape, readArchitecture } from "./architecture.js";
import { type Described, describeNetwork, Engine } from "./engine.js";
import type { ModelInfo } from "./predictor.js";
import { matchStateDict, writeStateDict } from "./state.js";

/** What `createModel` is told. All but `inputShape` have defaults. */
export interface ModelOptions extends ThreadSource {
  /** Shape of one sample: [features], or [height, width, channels]. */
  inputShape: Shape;
  /** Decides initial weights and dropout. Default 0. */
  seed?: number;
  /** Default "auto": as many as there are cores, where threads can be had and the network is large enough. */
  threads?: number | "auto";
  /** Fused multiply-adds where the runtime has them: faster, but bits differ between machines. Default "auto". */
  relaxedSimd?: boolean | "auto";
  /** Default "speed"; "memory" avoids transformed copies of the weights. */
  prefer?: "speed" | "memory";
  /**
   * A file of `resnet-wasm/kernels/` in place of the embedded kernels: as bytes, or as a compiled module where it must be
   * imported statically. A module works on plain memory, so on one thread.
   */
  wasm?: WebAssembly.Module | Uint8Array | ArrayBuffer;
  /** How inputs are prepared (resizing, normalisation), as JSON: kept as `model.transform` and saved with the weights. */
  transform?: unknown;
}

const KNOWN = [
  "inputShape",
  "seed",
  "threads",
  "relaxedSimd",
  "prefer",
  "wasm",
  "transform",
  "workerUrl",
  "createWorker",
] as const;

/** What `loadModel` is told; the input shape is in the file. */
export type LoadOptions = Omit<ModelOptions, "inputShape">;

/**
 * Multiply-adds of one sample below which "auto" takes one thread: the ops of small networks are so short that threads
 * wait for each other more than they save when another program needs a core.
 */
const MACS_FOR_AUTO_THREADS = 1e6;

const MAX_THREADS = 64;

/** The class of an object, by its tag: modules and bytes may come from another realm. */
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
const isModule = (wasm: ModelOptions["wasm"]) => tagOf(wasm) === "WebAssembly.Module";

/** An engine without weights, for a network on a host. */
export async function assemble(
  host: Host,
  network: Layer,
  options: ModelOptions,
  { encoders, differentiate }: OpSet,
  described?: Described,
): Promise<{ engine: Engine; info: ModelInfo }> {
  const where = "createModel";
  expectLayer(where, "network", network);
  const {
    inputShape,
    seed = 0,
    threads = "auto",
    relaxedSimd = "auto",
    prefer = "speed",
    wasm,
    workerUrl,
    createWorker,
  } = expectOptions(where, options, KNOWN);
  if (!isSampleShape(inputShape))
    throw new ArgumentError(expectation(where, "inputShape", "[features] or [height, width, channels]", inputShape));
  expectInteger(where, "seed", seed, 0, Number.MAX_SAFE_INTEGER);
  if (threads !== "auto") expectInteger(where, "threads", threads, 1, MAX_THREADS);
  if (typeof relaxedSimd !== "boolean") expectOneOf(where, "relaxedSimd", relaxedSimd, ["auto"]);
  expectOneOf(where, "prefer", prefer, ["speed", "memory"]);
  if (wasm !== undefined && !["WebAssembly.Module", "Uint8Array", "ArrayBuffer"].includes(tagOf(wasm)))
    throw new ArgumentError(expectation(where, "wasm", "a WebAssembly.Module or the bytes of one", wasm));
  if (createWorker !== undefined && typeof createWorker !== "function")
    throw new ArgumentError(expectation(where, "createWorker", "a function", createWorker));

  const description = described ?? describeNetwork(network, [...inputShape], prefer);
  const macs = stepMacs(description.plan.graph, [...description.plan.prepare, ...description.plan.step]);
  const choice = choose(host, threads, relaxedSimd, macs, wasm);
  const shared = choice.info.threads > 1;
  const module =
    wasm === undefined
      ? await host.kernels(choice.info.relaxedSimd ? "relaxed" : "simd", shared)
      : isModule(wasm)
        ? wasm
        : await compileBytes(new Uint8Array(wasm as Uint8Array | ArrayBuffer), shared);
  const memory = new ModelMemory(await createMemory(shared));
  const executor = new Executor(memory, module, description.parameters, description.buffers, encoders);
  const engine = new Engine(description, executor, seed, prefer, differentiate);
  let info = choice.info;
  if (shared) {
    try {
      executor.pool = await ThreadPool.start(host, module, memory.memory, info.threads, { workerUrl, createWorker });
    } catch (error) {
      info = {
        ...info,
        threads: 1,
        why: `${info.why}; one thread, because no worker started: ${(error as Error).message}`,
      };
    }
  }
  return { engine, info };
}

/**
 * An engine with the weights of a file that `model.save()` wrote. Throws `FormatError` when the bytes are not such a
 * file, `StateDictError` when its weights are not those of its network; nothing is allocated for such a model.
 */
export async function assembleSaved(
  host: Host,
  bytes: Uint8Array | ArrayBuffer,
  options: LoadOptions | undefined,
  ops: OpSet,
): Promise<{ engine: Engine; info: ModelInfo; transform: unknown }> {
  const known = KNOWN.filter((name) => name !== "inputShape");
  expectOptions("loadModel", options, known);
  const { tensors, metadata } = readSafetensors(bytes, { fileName: "model" });
  const { inputShape, network, transform } = readArchitecture(metadata);
  const described = describeNetwork(network, inputShape, options?.prefer);
  matchStateDict(described, tensors);
  const given = { transform, ...options, inputShape };
  const { engine, info } = await assemble(host, network, given, ops, described);
  writeStateDict(engine, tensors);
  return { engine, info, transform: given.transform };
}

function choose(
  host: Host,
  threads: number | "auto",
  relaxed: boolean | "auto",
  macs: number,
  wasm: ModelOptions["wasm"],
): { info: ModelInfo } {
  if (!hasSimd()) {
    throw new RuntimeSupportError(expectation("createModel", "WebAssembly", "128-bit SIMD", "a runtime without it"));
  }
  const obstacle = wasm
    ? "the kernels are your own"
    : hasRelaxedSimd()
      ? host.noRelaxed()
      : "this runtime has no relaxed SIMD";
  if (relaxed === true && obstacle)
    throw new RuntimeSupportError(expectation("createModel", "relaxedSimd", "relaxed SIMD", `none: ${obstacle}`));
  const relaxedSimd = relaxed !== false && !obstacle;
  const simdWhy = relaxedSimd
    ? "relaxed SIMD: this runtime has it"
    : `SIMD: ${relaxed === false ? "relaxed SIMD was switched off" : obstacle}`;
  const [count, threadWhy] = chooseThreads(host, threads, macs, isModule(wasm));
  return {
    info: {
      simd: true,
      relaxedSimd,
      threads: count,
      why: `${simdWhy}; ${count === 1 ? "one thread" : `${count} threads`}: ${threadWhy}`,
    },
  };
}

function chooseThreads(host: Host, threads: number | "auto", macs: number, ownModule: boolean): [number, string] {
  const obstacle = ownModule ? "a module of your own works on plain memory" : host.noThreads();
  if (threads === 1) return [1, "as asked"];
  if (obstacle) return [1, obstacle];
  if (threads !== "auto") return [threads, "as asked"];
  const cores = Math.min(host.cores(), MAX_THREADS);
  if (cores === 1) return [1, "one core"];
  if (macs < MACS_FOR_AUTO_THREADS) return [1, `the network is small (${macs} multiply-adds for one sample)`];
  return [cores, `${cores} cores`];
}
