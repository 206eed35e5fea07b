/** The worker threads of one model. They sleep or spin inside WASM and take part in every announced program. */

import { CONTROL } from "../abi/control.js";
import { kernelOf } from "../abi/kernel.js";
import { now } from "../core/ability.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import type { Host, ThreadHandle, ThreadSource, ThreadStart } from "./host.js";
import { Allowance, Pace, probe } from "./pace.js";

/** A worker that takes longer than this to start is given up. */
const START_TIMEOUT = 5000;

/** A guard of three words: a barrier, after which the program goes on. */
const BARRIER = [kernelOf("guard")[0], 3, CONTROL.failed];
const BARRIERS = Math.floor((CONTROL.claims - CONTROL.probe) / (4 * BARRIER.length));
const PROBE_END = CONTROL.probe + 4 * BARRIER.length * BARRIERS;

/** Ends the threads of those that were dropped without `dispose`. */
const dropped = /* @__PURE__ */ new FinalizationRegistry<ThreadPool>((pool) => pool.stop());

/** Runs the records between two addresses on so many threads; not kept, because who runs them owns the pool. */
type Submit = (begin: number, end: number, threads: number) => unknown;

export class ThreadPool {
  readonly threads: number;
  #workers: ThreadHandle[];
  #control: Int32Array;
  #failure: Error | null = null;
  #allowance = new Allowance();
  /** By the programs of stages, and those by their names: how fast they run. */
  #paces = new WeakMap<object, Map<string, Pace>>();

  private constructor(workers: ThreadHandle[], control: Int32Array) {
    this.#workers = workers;
    this.#control = control;
    this.threads = workers.length + 1;
  }

  /** Starts `threads - 1` workers on `memory` and waits until they serve; they end when `owner` is dropped. */
  static async start(
    owner: object,
    host: Host,
    { module, memory, threads }: Pick<ThreadStart, "module" | "memory" | "threads">,
    source?: ThreadSource,
  ): Promise<ThreadPool> {
    const control = new Int32Array(memory.buffer, 0, CONTROL.bytes / 4);
    control[CONTROL.mayWait / 4] = host.mayWait() ? 1 : 0;
    for (let i = 0; i < BARRIERS; i++) control.set(BARRIER, CONTROL.probe / 4 + i * BARRIER.length);
    const seen = Atomics.load(control, CONTROL.jobs / 4);
    let pool: ThreadPool | undefined;
    const failed = (error: Error) => pool?.fail(error);
    const workers: ThreadHandle[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      for (let thread = 1; thread < threads; thread++)
        workers.push(await host.startThread({ module, memory, thread, threads, seen }, failed, source));
      const timeout = new Promise<never>((_, reject) => {
        const late = () =>
          reject(
            new RuntimeSupportError(expectation("threads", "worker start", `under ${START_TIMEOUT} ms`, "no answer")),
          );
        timer = setTimeout(late, START_TIMEOUT);
      });
      await Promise.race([Promise.all(workers.map(({ ready }) => ready)), timeout]);
    } catch (error) {
      for (const worker of workers) worker.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    pool = new ThreadPool(workers, control);
    dropped.register(owner, pool, pool);
    return pool;
  }

  /** Runs a program, one of the `stages` of what is `bound`, on all threads or, where that is faster, on one. */
  run(bound: object, stages: string, submit: Submit, program: (threads: number) => void): void {
    const paces = this.#paces.get(bound) ?? new Map<string, Pace>();
    this.#paces.set(bound, paces);
    const pace = paces.get(stages) ?? new Pace(this.#allowance);
    paces.set(stages, pace);
    const ask = () => probe(() => submit(CONTROL.probe, PROBE_END, this.threads), now);
    const threads = pace.threads(this.threads, ask);
    const start = now();
    program(threads);
    pace.took(now() - start, ask);
  }

  /** Marks the pool as broken, so that nobody waits for a dead worker, and ends the other workers. */
  fail(error: Error): void {
    if (this.#failure) return; // the end of each of the others is told, too
    this.#failure = error;
    Atomics.store(this.#control, CONTROL.failed / 4, 1);
    for (const field of [CONTROL.generation, CONTROL.jobs]) Atomics.notify(this.#control, field / 4);
    for (const worker of this.#workers) worker.terminate();
  }

  get failure(): Error | null {
    return this.#failure;
  }

  /** Lets the workers leave. Holds no reference to the model's memory but the control view. */
  stop(): void {
    this.#failure ??= new Error("the model was disposed");
    dropped.unregister(this);
    Atomics.store(this.#control, CONTROL.exit / 4, 1);
    Atomics.add(this.#control, CONTROL.jobs / 4, 1);
    Atomics.notify(this.#control, CONTROL.jobs / 4);
    for (const worker of this.#workers) worker.terminate();
  }
}
