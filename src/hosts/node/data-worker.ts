/** What the workers of `prefetch` run, in Node, Deno and Bun. */
import { parentPort } from "node:worker_threads";
import { serveBatches } from "../../worker/batches.js";

if (!parentPort) throw new Error("data-worker is the program of a worker");
const port = parentPort;
serveBatches({
  post: (answer, transfer) => port.postMessage(answer, transfer),
  listen: (received) => port.on("message", received),
});
port.postMessage({ ready: true });
