/** The program of a worker thread: joins the model's memory and serves programs until told to leave. */
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerStart } from "./host.js";

const { module, memory, thread, threads, seen } = workerData as WorkerStart;
const instance = new WebAssembly.Instance(module, { env: { memory } });
const { serve } = instance.exports as { serve(thread: number, threads: number, seen: number): void };
parentPort!.postMessage("ready");
serve(thread, threads, seen);
