/** Runs plans: keeps their values and programs in the model's memory and calls into the kernels once for each run. */

import { GROUPS, type Group } from "../abi/records.js";
import { Scalars } from "../abi/scalars.js";
import { now } from "../core/ability.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { numel, roundUp } from "../core/shape.js";
import type { Addresses } from "../graph/context.js";
import type { Parameter } from "../graph/graph.js";
import type { Stage } from "../graph/op.js";
import { ALIGNMENT, layoutParameters, type ParameterLayout } from "../graph/regions.js";
import { type ArrayOf, bytesOf, type DType, FLOAT, type ValueId, viewOf } from "../graph/value.js";
import type { Plan } from "../plan/plan.js";
import { encode, type Program } from "../program/encode.js";
import { notCompiled } from "./features.js";
import { instantiate, type KernelExports } from "./instance.js";
import type { ModelMemory } from "./memory.js";
import type { ThreadPool } from "./pool.js";

/** Flat regions that run parallel to the parameters; `optimizer.<name>` holds what an optimiser keeps under that name. */
export type ParameterRegion = "parameters" | "gradients" | "sum" | "ema" | `optimizer.${string}`;

/** Bytes of a word of a program. */
const WORD = 4;

/** Below this many multiply-adds in a step, waking threads costs more than they save (bench/NOTES.md, Threads). */
const MACS_FOR_THREADS = 2e6;

/** Milliseconds of steps longer than that before threads are started for them: a thread takes 30 to start. */
const MS_FOR_THREADS = 50;

/** A plan's program in the arena, from address `base` on, after its values. */
export interface Bound {
  program: Program;
  epoch: number;
  base: number;
  addresses: Addresses;
  /** The weights from which `prepare` was last run. */
  weights: number;
}

type Kernels = Pick<KernelExports, "submit" | "groups">;

function findKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  let cause: unknown = "a module without submit() and groups()";
  try {
    const { submit, groups } = instantiate(module, memory);
    if (submit && groups) return { submit, groups };
  } catch (error) {
    cause = error;
  }
  // WebKit compiles, and asks the page's policy, only here.
  if (Object(cause).name === "CompileError") throw notCompiled(cause);
  const expected = "the kernels of this version of resnet-wasm";
  throw new RuntimeSupportError(expectation("createModel", "wasm", expected, String(cause)), { cause });
}

export class Executor {
  readonly memory: ModelMemory;
  readonly scalars: Scalars;
  pool: ThreadPool | null = null;
  /** Threads that there may come to be; each has scratch from the beginning. */
  mostThreads = 1;
  /** Starts the pool; kept until steps have been long enough for it, or the model is not used any more. */
  startPool: (() => void) | undefined;
  /** Milliseconds of such steps. */
  #threadsMissed = 0;
  disposed = false;
  /** All threads take part in every step, however short it is and however long it takes. */
  allThreads = false;
  /** Why no program may run any more: one stopped halfway, and late threads may still write its results. */
  #broken: unknown = null;
  /** Changes whenever parameters or buffers do; prepared values of other versions are stale. */
  weightsVersion = 1;
  readonly #kernels: Kernels;
  #bound = new WeakMap<Plan, Bound>();
  #active: Plan | null = null;
  readonly #layout: ParameterLayout;
  #byName = new Map<string, number>();
  #buffers = new Map<string, Parameter>();

  constructor(
    memory: ModelMemory,
    module: WebAssembly.Module,
    parameters: readonly Parameter[],
    buffers: readonly Parameter[],
  ) {
    this.memory = memory;
    this.#kernels = findKernels(module, memory.memory);
    this.scalars = new Scalars(memory.memory);
    this.#layout = layoutParameters(parameters);
    for (const [i, { name }] of parameters.entries()) this.#byName.set(name, i);
    for (const buffer of buffers) this.#buffers.set(buffer.name, buffer);
    const regions = buffers.map(
      ({ name, shape, dtype = "f32" }) => [`buffer ${name}`, bytesOf({ shape, dtype })] as const,
    );
    memory.reserveAll(new Map([["parameters", this.regionBytes], ...regions]));
  }

  /** Throws when the module lacks kernels of `group`: a file of one's own may have the first only. */
  expectGroup(where: string, group: Group): void {
    const groups = this.#kernels.groups();
    if (groups > GROUPS.indexOf(group)) return;
    const hint = "The files without a group in their name have all kernels";
    throw new RuntimeSupportError(
      expectation(where, "wasm", `the kernels of the group "${group}"`, `those of "${GROUPS[groups - 1]}"`, { hint }),
    );
  }

  /** Floats in each parameter region. */
  get floats(): number {
    return this.#layout.floats;
  }

  /** Bytes of each parameter region. */
  get regionBytes(): number {
    return this.floats * FLOAT;
  }

  /** Bytes of neighbouring parameters, with the gaps between them. */
  runBytes(first: number, count: number): number {
    const end = this.#layout.places[first + count - 1];
    return (end.offset + end.floats - this.#layout.places[first].offset) * FLOAT;
  }

  /** Address of a region, reserved at the first call. */
  region(region: ParameterRegion): number {
    return this.memory.reserve(region, this.regionBytes);
  }

  hasRegion(region: ParameterRegion): boolean {
    return this.memory.address(region) !== undefined;
  }

  /** One parameter's slice of a region, in the kernels' layout. */
  parameterView(name: string, region: ParameterRegion, length: number): Float32Array {
    const base = this.region(region);
    return this.memory.f32(base + this.#layout.places[lookUp(this.#byName, name)].offset * FLOAT, length);
  }

  bufferView(name: string): Float32Array {
    const { shape, dtype = "f32" } = lookUp(this.#buffers, name);
    // Weights of eight bits are set and read as any numbers are.
    return viewOf(this.memory.memory, this.memory.addressOf(`buffer ${name}`), dtype, numel(shape)) as Float32Array;
  }

  regionView(region: ParameterRegion): Float32Array {
    return this.memory.f32(this.region(region), this.floats);
  }

  /** A value of the plan, which becomes the active one. */
  view(plan: Plan, id: ValueId): Float32Array {
    return this.numbers(plan, id, "f32");
  }

  /** A value that may be of several types, as the array of its own. */
  numbers<D extends DType>(plan: Plan, id: ValueId, ...types: D[]): ArrayOf<D> {
    const { shape, dtype } = plan.graph.values[id];
    const type = types.find((expected) => expected === dtype);
    if (!type) throw new RuntimeSupportError(expectation("view", `value ${id}`, types.join(" or "), dtype));
    return viewOf(this.memory.memory, this.activate(plan).addresses.value(id), type, numel(shape));
  }

  isActive(plan: Plan): boolean {
    return this.#active === plan && this.#bound.get(plan)?.epoch === this.memory.epoch;
  }

  /** Brings a plan's program into the arena; the values of the plan that was there before are lost. */
  activate(plan: Plan): Bound {
    const known = this.#bound.get(plan);
    if (known && this.#active === plan && known.epoch === this.memory.epoch) return known;
    const bound = known?.epoch === this.memory.epoch ? known : this.#bind(plan);
    this.memory.i32(bound.base, bound.program.words.length).set(bound.program.words);
    this.#active = plan;
    return bound;
  }

  /** Bytes of the parts that a plan has in the arena, in this order. */
  layout(plan: Plan): { values: number; workspace: number; scratch: number; program: number } {
    // Addresses do not change the length of a program.
    const { byteLength } = encode(plan, this.#addresses(plan, 0, 0)).words;
    return { ...this.#sizes(plan), program: roundUp(byteLength, ALIGNMENT) };
  }

  #sizes(plan: Plan): { values: number; workspace: number; scratch: number } {
    const scratch = roundUp(plan.scratchBytes, ALIGNMENT) * this.mostThreads;
    return {
      values: roundUp(plan.arena.bytes, ALIGNMENT),
      workspace: roundUp(plan.workspaceBytes, ALIGNMENT),
      scratch,
    };
  }

  #bind(plan: Plan): Bound {
    const regions = new Map([...plan.prepared].map(([id, key]) => [key, bytesOf(plan.graph.values[id])]));
    if (plan.step.some(({ stage }) => stage === "backward")) regions.set("gradients", this.regionBytes);
    const bytes = this.#sizes(plan);
    this.memory.reserveAll(regions, bytes.values + bytes.workspace + bytes.scratch);
    const values = this.memory.arena;
    const workspace = values + bytes.values;
    const scratch = workspace + bytes.workspace;
    const base = scratch + bytes.scratch;
    const addresses = { ...this.#addresses(plan, values, roundUp(plan.scratchBytes, ALIGNMENT)), workspace, scratch };
    const program = encode(plan, addresses);
    this.expectGroup("run", program.group);
    this.memory.ensure(base + roundUp(program.words.byteLength, ALIGNMENT));
    const bound = { program, epoch: this.memory.epoch, base, addresses, weights: 0 };
    this.#bound.set(plan, bound);
    return bound;
  }

  #addresses(plan: Plan, arena: number, scratchStride: number): Addresses {
    return this.addresses(plan, (region) => this.memory.address(region), { arena, scratchStride });
  }

  /**
   * Where a plan's values stand, in this memory or another one: regions, by the names that they have here, at `address`,
   * none where they have not been reserved; what lives within a step from `arena` on.
   */
  addresses(
    plan: Plan,
    address: (region: string) => number | undefined,
    {
      arena,
      scratchStride,
      workspace = 0,
      scratch = 0,
    }: Pick<Addresses, "scratchStride"> & Partial<Addresses> & { arena: number },
  ): Addresses {
    const { graph } = plan;
    const region = (name: ParameterRegion) => address(name) ?? 0;
    const offset = (name: string) => this.#layout.places[lookUp(this.#byName, name)].offset * FLOAT;
    const value = (id: ValueId): number => {
      const { role, name } = graph.values[id];
      if (role === "parameter") return region("parameters") + offset(name);
      if (role === "gradient") return region("gradients") + offset(name);
      if (role === "buffer") return address(`buffer ${name}`) ?? 0;
      const prepared = plan.prepared.get(graph.root(id));
      // Without an address yet where a plan is laid out that never ran.
      if (prepared !== undefined) return address(prepared) ?? 0;
      return arena + lookUp(plan.arena.offsets, id);
    };
    const run = (first: number, count: number) => {
      const start = this.#layout.places[first].offset;
      const at = (name: ParameterRegion) => (region(name) ? region(name) + start * FLOAT : 0);
      const n = this.runBytes(first, count) / FLOAT;
      return { w: at("parameters"), g: at("gradients"), n, state: (name: string) => at(`optimizer.${name}`) };
    };
    const all = {
      w: region("parameters"),
      g: region("gradients"),
      sum: region("sum"),
      ema: region("ema"),
      n: this.floats,
    };
    return { value, run, all, workspace, scratch, scratchStride };
  }

  /**
   * Runs the stages `from` to `to` of a plan, after `prepare` where weights have changed. Returns false when the guard
   * stopped the program because loss or gradients were not finite.
   */
  execute(plan: Plan, from: Stage, to: Stage): boolean {
    const bound = this.activate(plan);
    const { program, base } = bound;
    const all = this.threadsFor(plan.macs);
    const begins = { forward: program.prepare, backward: program.forward, update: program.backward };
    let stopped = 0;
    const run = (threads: number) => {
      if (from === "forward" && program.prepare > 0 && bound.weights !== this.weightsVersion) {
        this.submit(base, base + program.prepare * WORD, threads);
        bound.weights = this.weightsVersion;
      }
      stopped = this.submit(base + begins[from] * WORD, base + program[to] * WORD, threads);
    };
    const stages = `${from} ${to}`;
    if (all > 1 && !this.allThreads) this.pool?.run(bound, stages, (...records) => this.submit(...records), run);
    else if (this.startPool && plan.macs >= MACS_FOR_THREADS) this.#runWithout(run);
    else run(all);
    if (stopped !== 0) return false;
    if (plan.changesWeights) this.weightsVersion++;
    return true;
  }

  /** Runs a program that threads would pay for, and starts them once there have been so many. */
  #runWithout(run: (threads: number) => void): void {
    const start = now();
    run(1);
    this.#threadsMissed += now() - start;
    if (this.#threadsMissed < MS_FOR_THREADS) return;
    this.startPool?.();
    this.startPool = undefined;
  }

  /** Ends the threads, and those that are about to start. */
  dispose(): void {
    this.startPool = undefined;
    this.disposed = true;
    this.pool?.stop();
  }

  /** Threads that take part in a step of this many multiply-adds. */
  threadsFor(macs: number): number {
    return this.pool && (this.allThreads || macs >= MACS_FOR_THREADS) ? this.pool.threads : 1;
  }

  /** Runs the records between two addresses. Returns 0, or the address of the guard that stopped them. */
  submit(begin: number, end: number, threads: number): number {
    if (begin === end) return 0;
    const failure = threads > 1 ? this.pool?.failure : null;
    if (failure)
      throw new RuntimeSupportError(expectation("run", "worker threads", "alive", failure.message), { cause: failure });
    if (this.#broken) {
      const hint = "Go on from a checkpoint, in a new model";
      const got = "a model whose step was interrupted";
      throw new RuntimeSupportError(expectation("run", "model", "one whose steps were all completed", got, { hint }), {
        cause: this.#broken,
      });
    }
    try {
      return this.#kernels.submit(begin, end, threads);
    } catch (cause) {
      // After a barrier that a thread has missed, no thread can be relied on.
      if (threads > 1) {
        this.#broken = cause;
        this.pool?.fail(cause instanceof Error ? cause : new Error(String(cause)));
      }
      const hint = "Weights may be half updated: go on from a checkpoint, in a new model";
      throw new RuntimeSupportError(expectation("run", "kernels", "to finish", String(cause), { hint }), { cause });
    }
  }
}
