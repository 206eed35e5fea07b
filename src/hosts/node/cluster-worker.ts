/** What the thread of a cluster's worker runs, in Node, Deno and Bun. */
import { parentPort, workerData } from "node:worker_threads";
import { serveCompute, type ThreadData } from "../../cluster/compute.js";
import { createModel } from "./index.js";

if (!parentPort) throw new Error("cluster-worker is the program of a worker");
const port = parentPort;
serveCompute(
  {
    post: (answer) => port.postMessage(answer),
    listen: (received) => port.on("message", received),
  },
  createModel,
  workerData as ThreadData,
);
