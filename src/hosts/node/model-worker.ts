/** `resnet-wasm/worker/program` for Node, Deno and Bun: what the worker of a model runs. */
import { parentPort } from "node:worker_threads";
import { modelCreator, modelLoader } from "../../model/create.js";
import { compileAllKernels } from "../../runtime/kernels.js";
import { type Endpoint, Server } from "../../worker/server.js";
import { nodeHost } from "./host.js";

if (!parentPort) throw new Error("resnet-wasm/worker/program is the program of a worker");
const port = parentPort;
const endpoint: Endpoint = {
  post: (response, transfer) => port.postMessage(response, transfer),
  listen: (received) => port.on("message", received),
  hold: async () => false, // the thread that started this one hears of its end
};
new Server(endpoint, {
  createModel: modelCreator(nodeHost, compileAllKernels),
  loadModel: modelLoader(nodeHost, compileAllKernels),
});
