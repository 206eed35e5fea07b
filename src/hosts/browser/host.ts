/** Browsers: threads by Web Workers, in pages that are cross-origin isolated. */
import type { Runtime } from "../../runtime/host.js";

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

export const browserHost: Runtime = {
  name: "browser",
  noRelaxed: () => null,
  cores: () => globalThis.navigator?.hardwareConcurrency || 1, // worklets have none
  noThreads,
  mayWait,
  startThread: async (...given) => (await import("./start-thread.js")).startThread(...given),
};
