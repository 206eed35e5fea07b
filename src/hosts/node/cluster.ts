/** `resnet-wasm/cluster`, for Node, Deno and Bun: training on many machines over Redis, by BullMQ. */
import { Worker } from "node:worker_threads";
import type { ThreadData } from "../../cluster/compute.js";
import { type ComputeThread, workerServer } from "../../cluster/worker.js";
import { messageOf } from "../../core/thrown.js";

export { type Cluster, type ClusterOptions, openCluster } from "../../cluster/cluster.js";
export type { ClusterEvent, WorkerInfo } from "../../cluster/events.js";
export type { DatasetName } from "../../cluster/named.js";
export type { ClusterTrainer, ClusterTrainerOptions } from "../../cluster/trainer.js";
export type { ServeWorkerOptions } from "../../cluster/worker.js";
export * from "../../core/errors.js";

function startCompute(data: ThreadData): ComputeThread {
  // A literal URL, which bundlers recognise.
  const worker = new Worker(new URL("./cluster-worker.node.js", import.meta.url), { workerData: data, execArgv: [] });
  return {
    post: (question) => worker.postMessage(question),
    listen(received, ended) {
      worker.on("message", received);
      worker.on("error", (error) => ended(messageOf(error)));
      worker.on("exit", (code) => ended(`a thread that left with code ${code}`));
    },
    terminate: () => worker.terminate(),
  };
}

/**
 * Makes this process a machine of a cluster: it opens model and data of each training that a coordinator begins, compares them, and
 * computes parts of its steps, until `signal`. `npx resnet-wasm worker` does the same.
 * @function
 *
 * @example
 * await serveWorker({ redis: "redis://localhost:6379", data: "/data" });
 */
export const serveWorker = /* @__PURE__ */ workerServer(startCompute);
