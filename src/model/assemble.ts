/** What every model is made of: kernels and threads for the runtime at hand, and the memory, laid out. */

import { asBytes } from "../core/bytes.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import type { Shape } from "../core/shape.js";
import { messageOf } from "../core/thrown.js";
import { readGiven } from "../data/given.js";
import type { FileSource } from "../data/places.js";
import { NOWHERE } from "../graph/context.js";
import { readOwn } from "../io/own-safetensors.js";
import { planBytes } from "../plan/arrange.js";
import type { Differentiate } from "../plan/autodiff.js";
import { stepMacs, stepWork } from "../plan/cost.js";
import { encode } from "../program/encode.js";
import { Executor } from "../runtime/executor.js";
import { hasRelaxedSimd, hasSimd } from "../runtime/features.js";
import type { Host } from "../runtime/host.js";
import { createMemory, ModelMemory } from "../runtime/memory.js";
import { type Architecture, readArchitecture } from "./architecture.js";
import { readClassNames } from "./class-names.js";
import { type Described, describeNetwork, Engine } from "./engine.js";
import { isModule, type LoadOptions, MAX_THREADS, readLoadOptions, type Settings, type Threads } from "./options.js";
import type { Extras, ModelInfo } from "./predictor.js";
import { matchStateDict, writeFound } from "./state.js";

/** Multiply-adds of one sample below which "auto" starts threads only when large batches come. */
const MACS_FOR_AUTO_THREADS = 1e6;

/**
 * What `loadModel` lets a file ask for by default, for a prediction of one sample. A weight of 8 bits takes 4 bytes in memory,
 * and transformed for Winograd 16 more.
 */
const FILE_MEMORY = 2 ** 30;
const MEMORY_OF_BYTE = 20;
const FILE_WORK = 1e12;

function expectAtMost(where: string, name: "maxMemory" | "maxWork", needs: number, limit: number): void {
  if (needs > limit) throw new RuntimeSupportError(expectation(where, name, `at least ${needs} for one sample`, limit));
}

/** An engine without weights, for a network on a host; `memory` and `work` are the limits where the options name none. */
export async function assemble(
  host: Host,
  description: Described,
  settings: Settings,
  differentiate: Differentiate | undefined,
  { where, memory: most, work } = { where: "createModel", memory: Infinity, work: Infinity },
): Promise<{ engine: Engine; info: ModelInfo }> {
  const { seed, threads, prefer, wasm, workerUrl, createWorker, maxMemory, maxWork = work } = settings;
  const { graph, prepare, step } = description.plan;
  const nodes = [...prepare, ...step];
  const { info, mostThreads } = choose(
    host,
    settings,
    stepMacs(graph, nodes),
    threads.count === "auto" ? await host.cores() : 1,
  );
  expectAtMost(where, "maxMemory", planBytes(description.plan, mostThreads), maxMemory ?? most);
  expectAtMost(where, "maxWork", stepWork(graph, nodes), maxWork);
  const shared = mostThreads > 1;
  // What a network's gradients take lies in the groups of its forward ops or in the first.
  const { group } = encode(description.plan, NOWHERE);
  const wide =
    settings.wide &&
    (await (await demanded(where, import("./wide.js"))).chooseWide(where, host, settings, shared, group, info));
  const module =
    wide ||
    (wasm === undefined
      ? await host.kernels(info.relaxedSimd ? "relaxed" : "simd", shared, group)
      : isModule(wasm)
        ? wasm
        : await (await demanded(where, import("../runtime/own-kernels.js"))).compileFile(wasm, shared));
  const memory = new ModelMemory(await createMemory(shared, maxMemory), maxMemory);
  const executor = new Executor(memory, module, description.parameters, description.buffers);
  executor.expectGroup("createModel", group);
  const engine = new Engine(description, executor, seed, prefer, differentiate);
  executor.allThreads = threads.forced;
  executor.mostThreads = mostThreads;
  const startPool = async () => {
    try {
      const { ThreadPool } = await import("../runtime/pool.js");
      const start = { module, memory: memory.memory, threads: mostThreads };
      const pool = await ThreadPool.start(executor, host, start, { workerUrl, createWorker });
      if (executor.disposed) pool.stop();
      executor.pool = pool;
      if (info.threads < mostThreads) info.why += `; ${mostThreads} threads since steps are long`;
      info.threads = mostThreads;
    } catch (error) {
      info.threads = 1;
      info.why += `; one thread, because no worker started: ${messageOf(error)}`;
    }
  };
  if (info.threads > 1) await startPool();
  else if (shared) executor.startPool = startPool;
  return { engine, info };
}

/** Finds out what network a file has, and may bring its tensors into the form that the network takes. */
export type ReadArchitecture = (
  metadata: Readonly<Record<string, string>>,
  tensors: Map<string, { data: ArrayLike<number>; shape: Shape }>,
) => Promise<Architecture>;

/**
 * An engine with the weights of a file that `model.save()` wrote. Throws `FormatError` when the bytes are not such a
 * file, `StateDictError` when its weights are not those of its network; nothing is allocated for such a model.
 */
export async function assembleSaved(
  host: Host,
  source: FileSource,
  options: LoadOptions | undefined,
  differentiate?: Differentiate,
  read: ReadArchitecture = readArchitecture,
): Promise<{ engine: Engine; info: ModelInfo } & Extras> {
  const settings = readLoadOptions(options);
  const bytes = asBytes("loadModel", await readGiven("loadModel", source, settings.name));
  const { verify } = settings;
  const { tensors, metadata } =
    readOwn(bytes, verify) ??
    (await demanded("loadModel", import("../io/safetensors.js"))).readSafetensors(bytes, { fileName: "model", verify });
  const { inputShape, network, transform, classNames, temperature } = await read(metadata, tensors);
  const described = describeNetwork(network, inputShape, settings.prefer);
  const names = readClassNames("loadModel", settings.classNames ?? classNames, described.outputShape);
  const { found } = matchStateDict(described, tensors);
  const limits = { where: "loadModel", memory: FILE_MEMORY + MEMORY_OF_BYTE * bytes.byteLength, work: FILE_WORK };
  const { engine, info } = await assemble(host, described, settings, differentiate, limits);
  writeFound(engine, found);
  return {
    engine,
    info,
    transform: settings.transform === undefined ? transform : settings.transform,
    classNames: names,
    temperature,
  };
}

function choose(
  host: Host,
  { threads, relaxedSimd: relaxed, wasm }: Settings,
  macs: number,
  /** Asked for where `threads` is "auto". */
  cores: number,
): { info: ModelInfo; mostThreads: number } {
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
  const obstacleToThreads = isModule(wasm) ? "a module of your own works on plain memory" : host.noThreads();
  const [count, threadWhy, mostThreads = count] = chooseThreads(threads, macs, cores, obstacleToThreads);
  const why = `${simdWhy}; ${count === 1 ? "one thread" : `${count} threads`}: ${threadWhy}`;
  return { info: { simd: true, relaxedSimd, threads: count, why }, mostThreads };
}

/** How many threads there are from the beginning, why, and how many there may come to be. */
function chooseThreads(
  { count, forced }: Threads,
  macs: number,
  available: number,
  obstacle: string | null,
): [number, string, number?] {
  if (count === 1) return [1, "as asked"];
  if (obstacle) return [1, obstacle];
  if (count !== "auto") return [count, forced ? "as asked, in every step" : "as asked"];
  const cores = Math.min(available, MAX_THREADS);
  if (cores === 1) return [1, "one core"];
  if (macs < MACS_FOR_AUTO_THREADS) return [1, `the network is small (${macs} multiply-adds for one sample)`, cores];
  return [cores, `${cores} cores`];
}
