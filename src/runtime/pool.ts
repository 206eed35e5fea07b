/** The worker threads of one model. They sleep or spin inside WASM and take part in every announced program. */

import { CONTROL } from "../abi/control.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import type { Host, ThreadHandle, ThreadSource } from "./host.js";

/** A worker that takes longer than this to start is given up. */
const START_TIMEOUT = 5000;

export class ThreadPool {
  readonly threads: number;
  #workers: ThreadHandle[];
  #control: Int32Array;
  #failure: Error | null = null;

  private constructor(workers: ThreadHandle[], control: Int32Array) {
    this.#workers = workers;
    this.#control = control;
    this.threads = workers.length + 1;
  }

  /** Starts `threads - 1` workers on `memory` and waits until they serve. */
  static async start(
    host: Host,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    threads: number,
    source?: ThreadSource,
  ): Promise<ThreadPool> {
    const control = new Int32Array(memory.buffer, 0, CONTROL.bytes / 4);
    control[CONTROL.mayWait / 4] = host.mayWait() ? 1 : 0;
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
    return pool;
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
    Atomics.store(this.#control, CONTROL.exit / 4, 1);
    Atomics.add(this.#control, CONTROL.jobs / 4, 1);
    Atomics.notify(this.#control, CONTROL.jobs / 4);
    for (const worker of this.#workers) worker.terminate();
  }
}
