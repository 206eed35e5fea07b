/** The program of a worker thread in Node, Deno and Bun. */
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerStart } from "./host.js";
import { serveThread } from "./serve.js";

serveThread(workerData as WorkerStart, () => parentPort!.postMessage("ready"));
