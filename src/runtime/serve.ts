/** What every worker thread does, however it was started. */
import { CONTROL } from "../abi/control.js";
import type { ThreadStart } from "./host.js";
import type { KernelExports } from "./instance.js";

/** Joins the model's memory and serves programs until told to leave; `ready` is called before the first. */
export function serveThread({ module, memory, thread, threads, seen }: ThreadStart, ready: () => void): void {
  // Without the loader: this program travels as text in every bundle, which the loader would make 330 bytes larger.
  const { serve } = new WebAssembly.Instance(module, { env: { memory } }).exports as KernelExports;
  ready();
  try {
    serve(thread, threads, seen);
  } catch (error) {
    // The others stop waiting for this thread: they trap at their next barrier.
    const control = new Int32Array(memory.buffer, 0, CONTROL.bytes / 4);
    Atomics.store(control, CONTROL.failed / 4, 1);
    Atomics.notify(control, CONTROL.generation / 4);
    throw error;
  }
}
