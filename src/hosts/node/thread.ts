/** The program of a worker thread in Node, Deno and Bun. */
import { parentPort, workerData } from "node:worker_threads";
import type { ThreadStart } from "../../runtime/host.js";
import { serveThread } from "../../runtime/serve.js";

serveThread(workerData as ThreadStart, () => parentPort?.postMessage("ready"));
