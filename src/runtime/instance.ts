/** The kernels at work on a memory: their instance, and what the library calls of it. */
import { demangle } from "@assemblyscript/loader";

export type KernelExports = {
  /** How many of the groups of kernels are in the module. */
  groups(): number;
  /** Runs the records in [begin, end) on this thread: 0, or the address of the guard that stopped the program. */
  run(begin: number, end: number, thread: number, threads: number): number;
  /** Runs a program with `threads` threads, of which the caller is the first. */
  submit(begin: number, end: number, threads: number): number;
  /** The life of the thread `thread`: runs every program announced after the first `seen`, until told to leave. */
  serve(thread: number, threads: number, seen: number): void;
};

/** What is left of the exports in the kernels that are shipped. */
export const SHIPPED_EXPORTS: readonly (keyof KernelExports)[] = ["groups", "run", "submit", "serve"];

/** `WebAssembly.Instance` takes modules of other realms as well, which the loader's own `instantiate` does not know. */
export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Partial<KernelExports> =>
  demangle<KernelExports>(new WebAssembly.Instance(module, { env: { memory } }).exports);
