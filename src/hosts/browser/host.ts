/** Browsers: threads by Web Workers, in pages that are cross-origin isolated. */
import source from "../../../build/thread.browser.js";
import type { Runtime, ThreadSource, ThreadWorker } from "../../runtime/host.js";

/** Only what a worker would be sent tells whether it can be shared: outside isolated pages posting it throws. */
function noThreads(): string | null {
  if (typeof Worker !== "function") return "this scope cannot start workers";
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
    return typeof SharedArrayBuffer === "function" ? null : "SharedArrayBuffer is missing";
  } catch {
    // WebKitGTK calls pages isolated and shares nothing all the same.
    const reason = globalThis.crossOriginIsolated
      ? "this browser does not share it"
      : "the page is not cross-origin isolated (headers COOP and COEP)";
    return `memory cannot be shared: ${reason}`;
  } finally {
    port1.close();
    port2.close();
  }
}

/** A page may not sleep, a worker may; asking is the one test that holds in every scope. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}

let blobUrl: string | undefined;

function createThreadWorker({ workerUrl, createWorker }: ThreadSource): ThreadWorker {
  if (createWorker) return createWorker();
  if (workerUrl !== undefined) return new Worker(workerUrl);
  blobUrl ??= URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  return new Worker(blobUrl);
}

const unloaded = ({ workerUrl, createWorker }: ThreadSource): string =>
  (workerUrl ?? createWorker)
    ? "the file of the worker could not be loaded"
    : "the page's policy forbids blob: workers; give a workerUrl";

export const browserHost: Runtime = {
  name: "browser",
  noRelaxed: () => null,
  cores: () => navigator.hardwareConcurrency || 1,
  noThreads,
  mayWait,
  startThread(start, failed, source = {}) {
    const worker = createThreadWorker(source);
    const ready = new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => {
        reject(error);
        failed(error);
      };
      worker.onmessage = () => resolve();
      worker.onerror = (event: ErrorEvent) => fail(new Error(event.message || unloaded(source)));
      worker.onmessageerror = () => fail(new Error("it could not read the memory that it was sent"));
    });
    ready.catch(() => {}); // whoever awaits `ready` hears of it; `failed` reports later deaths
    worker.postMessage(start);
    return { ready, terminate: () => worker.terminate() };
  },
};
