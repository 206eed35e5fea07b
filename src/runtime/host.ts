/** What the library asks of a JavaScript runtime; `hosts/<runtime>/host.ts` answers for each. */

import type { Group } from "../abi/records.js";

/** Which instructions kernels may use: fused multiply-adds only in the relaxed ones. */
export type Variant = "simd" | "relaxed";

/** A runtime; the entry points add the kernels that they need. */
export type Runtime = Omit<Host, "kernels">;

export interface Host {
  readonly name: string;
  /** Why the relaxed kernels cannot be had from this entry point, or null when they can. */
  noRelaxed(): string | null;
  /** The module of a variant that has the kernels up to a group, for shared or plain memory. */
  kernels(variant: Variant, shared: boolean, group: Group): Promise<WebAssembly.Module>;
  /**
   * Kernels that V8 widens to vectors of 256 bits, of all groups for float32, or why there are none. With `narrow`, a function
   * that gives the usual kernels: only where a probe finds the others faster. Absent where no runtime of the entry has them.
   */
  wide?(
    variant: Variant,
    shared: boolean,
    narrow?: () => Promise<WebAssembly.Module>,
  ): Promise<WebAssembly.Module | string>;
  /** Cores that may be used, 1 where the runtime does not tell. */
  cores(): number | Promise<number>;
  /** Why workers cannot be had, or null when they can. */
  noThreads(): string | null;
  /** Whether the calling thread may sleep in `Atomics.wait`. */
  mayWait(): boolean;
  /** Starts a thread that serves programs; `failed` hears of its death. */
  startThread(
    start: ThreadStart,
    failed: (error: Error) => void,
    source?: ThreadSource,
  ): ThreadHandle | Promise<ThreadHandle>;
}

/** What a thread needs to take part in a model's programs. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  thread: number;
  threads: number;
  /** Programs announced before the thread started. */
  seen: number;
}

export interface ThreadHandle {
  /** Resolves when the thread waits for programs. */
  ready: Promise<void>;
  terminate(): void;
}

/** What the library uses of a Web Worker. */
export interface ThreadWorker {
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onmessageerror: ((event: never) => unknown) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

/** Where a browser's worker threads come from; by default from a `blob:` URL, which a page's policy may forbid. */
export interface ThreadSource {
  /** Address of the file `resnet-wasm/thread`, for pages whose Content-Security-Policy has no `worker-src blob:`. */
  workerUrl?: string | URL | undefined;
  /** Makes a worker that runs `resnet-wasm/thread`, for bundlers that find workers by their constructor call. */
  createWorker?: (() => ThreadWorker) | undefined;
}

/** The answers of runtimes without threads. */
export const singleThread = (why: string): Pick<Host, "cores" | "noThreads" | "mayWait" | "startThread"> => ({
  cores: () => 1,
  noThreads: () => why,
  mayWait: () => false,
  startThread: () => {
    throw new Error(why);
  },
});
