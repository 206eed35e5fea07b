/** Workers in browsers. */
import { demanded } from "../../core/on-demand.js";
import type { Link, ReadText, WorkerSource } from "../../worker/link.js";

/**
 * Between a model's threads and the worker that started them (ms). Terminated while these are still ending, one of them
 * stays for good in one case of three (Chromium 156).
 */
const TERMINATE_DELAY = 100;

/** Its address stays: the worker's threads start from it, too. */
export const readBrowserText: ReadText = async () => {
  const [core, own] = await demanded(
    "worker",
    Promise.all([import("../../../build/worker/worker-core.js"), import("../../../build/worker/worker-browser.js")]),
  );
  const blob = new Blob([core.default, own.default], { type: "text/javascript" });
  return () => new Worker(URL.createObjectURL(blob), { type: "module" });
};

function startWorker(source: WorkerSource | undefined): Worker {
  if (typeof source === "function") return source() as Worker;
  if (typeof Worker !== "function") throw new Error("this scope cannot start workers");
  // A literal URL within the constructor's call, which bundlers recognise.
  if (source === undefined) return new Worker(new URL("./model-worker.js", import.meta.url), { type: "module" });
  return new Worker(source, { type: "module" });
}

export function startBrowserLink(source: WorkerSource | undefined): Link {
  const worker = startWorker(source);
  const closed = new AbortController();
  let lock = "";
  /** Nobody tells a page that a worker was terminated; but its locks come free. */
  const watch = async (died: (reason: string) => void) => {
    const { signal } = closed;
    try {
      await navigator.locks?.request(lock, { signal }, () => died("it was terminated"));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };
  return {
    post(request, transfer) {
      if ("hello" in request) lock = request.hello;
      worker.postMessage(request, transfer);
    },
    listen(received, died) {
      worker.addEventListener("message", ({ data }) => {
        if ("ready" in data && data.locked) void watch(died);
        received(data);
      });
      worker.addEventListener("error", ({ message }) => died(message || "its file could not be loaded"));
      worker.addEventListener("messageerror", () => died("a message that cannot be read"));
    },
    keepAlive: () => {}, // a page lives by itself
    terminate() {
      closed.abort();
      setTimeout(() => worker.terminate(), TERMINATE_DELAY);
    },
  };
}
