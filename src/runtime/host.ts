/** What the library asks of a JavaScript runtime; one small `host.<runtime>.ts` answers for each. */
export interface Host {
  readonly name: string;
  /** Cores that may be used, 1 where the runtime does not tell. */
  cores(): number;
  /** Why workers cannot be had, or null when they can. */
  noThreads(): string | null;
  /** Whether the calling thread may sleep in `Atomics.wait`. */
  mayWait(): boolean;
  /** Starts a worker that serves programs; `failed` hears of its death. */
  startWorker(start: WorkerStart, failed: (error: Error) => void): WorkerHandle;
}

/** What a worker needs to take part in a model's programs. */
export interface WorkerStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  thread: number;
  threads: number;
  /** Programs announced before the worker started. */
  seen: number;
}

export interface WorkerHandle {
  /** Resolves when the worker waits for programs. */
  ready: Promise<void>;
  terminate(): void;
}

/** Any runtime of which nothing more is known: one thread. */
export const defaultHost: Host = {
  name: "default",
  cores: () => 1,
  noThreads: () => "this entry point of the package runs on one thread",
  mayWait: () => false,
  startWorker: () => {
    throw new Error("no workers");
  },
};
