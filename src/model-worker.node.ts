/** `resnet-wasm/worker/program` for Node, Deno and Bun: what the worker of a model runs. */
import { parentPort } from "node:worker_threads";
import { createModelOn, loadModelOn } from "./model/create.js";
import { nodeHost } from "./runtime/host.node.js";
import { compileKernels } from "./runtime/kernels.js";
import { type Endpoint, Server } from "./worker/server.js";

const port = parentPort!;
const host = { ...nodeHost, kernels: compileKernels };
const endpoint: Endpoint = {
  post: (response, transfer) => port.postMessage(response, transfer),
  listen: (received) => port.on("message", received),
  hold: async () => false, // the thread that started this one hears of its end
};
new Server(endpoint, {
  createModel: (network, options) => createModelOn(host, network, options),
  loadModel: (bytes, options) => loadModelOn(host, bytes, options),
});
