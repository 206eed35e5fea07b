/** Node, Deno and Bun: threads by node:worker_threads. */
import source from "../../../build/thread.node.js";
import { messageOf } from "../../core/thrown.js";
import type { Runtime } from "../../runtime/host.js";
import { expectRoomFor } from "./address-space.js";

export const nodeHost: Runtime = {
  name: "node",
  noRelaxed: () => null,
  // Deno asks for a permission before it answers node:os; Node 20 has no navigator, and importing the module takes time.
  cores: async () => globalThis.navigator?.hardwareConcurrency || (await import("node:os")).availableParallelism(),
  noThreads: () => (typeof SharedArrayBuffer === "function" ? null : "SharedArrayBuffer is missing"),
  mayWait: () => true,
  async startThread(start, failed) {
    // The first asks for all: they start at the same time.
    if (start.thread === 1) expectRoomFor(start.threads - 1, (await import("node:fs")).readFileSync);
    const { Worker } = await import("node:worker_threads"); // takes a cold start 2 ms
    // A data: URL is the one form that Node, Deno and Bun all start, from any bundle.
    const url = new URL(`data:text/javascript;base64,${btoa(source)}`);
    const worker = new Worker(url, { workerData: start });
    worker.unref(); // parked or spinning, it does not keep the process alive
    const ready = new Promise<void>((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.once("error", (error) => reject(error));
      worker.once("exit", (code) => reject(new Error(`a worker left with code ${code}`)));
    });
    ready.catch(() => {}); // whoever awaits `ready` hears of it; `failed` reports later deaths
    worker.on("error", (error) => failed(error instanceof Error ? error : new Error(messageOf(error))));
    worker.on("exit", (code) => failed(new Error(`a worker left with code ${code}`)));
    return { ready, terminate: () => void worker.terminate() };
  },
};
