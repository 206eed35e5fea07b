/** Workers in Node, Deno and Bun: node:worker_threads. */
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { demanded } from "../../core/on-demand.js";
import { messageOf } from "../../core/thrown.js";
import type { Link, ReadText, WorkerLike, WorkerSource } from "../../worker/link.js";
import { expectRoomFor } from "./address-space.js";

// Options of the process such as --input-type or --import are not meant for the worker's file.
const OPTIONS = { execArgv: [] };

/** By the one form that Node, Deno and Bun all start. */
export const readNodeText: ReadText = async () => {
  const [core, own] = await demanded(
    "worker",
    Promise.all([import("../../../build/worker/worker-core.js"), import("../../../build/worker/worker-node.js")]),
  );
  const url = new URL(`data:text/javascript;base64,${btoa(core.default + own.default)}`);
  return () => new Worker(url, OPTIONS) as WorkerLike;
};

function startWorker(source: WorkerSource | undefined): Worker {
  expectRoomFor(1, readFileSync);
  if (typeof source === "function") return source() as unknown as Worker;
  // A literal URL, which bundlers recognise.
  if (source === undefined) return new Worker(new URL("./model-worker.node.js", import.meta.url), OPTIONS);
  return new Worker(typeof source === "string" && /^(file|data):/.test(source) ? new URL(source) : source, OPTIONS);
}

export function startNodeLink(source: WorkerSource | undefined): Link {
  const worker = startWorker(source);
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    listen(received, died) {
      worker.on("message", received);
      worker.on("error", (error) => died(messageOf(error)));
      worker.on("exit", (code) => died(`a worker left with code ${code}`));
      worker.on("messageerror", (error) => died(`a message that cannot be read (${error.message})`));
      worker.unref();
    },
    keepAlive: (pending) => (pending ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}
