/** `resnet-wasm/worker/program` for browsers: what the worker of a model runs, and the threads that it starts. */
import { type LoadOptions, modelCreator, modelLoader } from "../../model/create.js";
import { compileAllKernels } from "../../runtime/kernels.js";
import { serveThread } from "../../runtime/serve.js";
import { type Endpoint, Server } from "../../worker/server.js";
import { browserHost } from "./host.js";

/** The name by which a thread of the model knows what it is: it runs this same file, the one that the page allows. */
const THREAD = "resnet-wasm thread";

const createWorker = () => new Worker(location.href, { name: THREAD, type: "module" });
const withThreads = <T extends LoadOptions>(options: T | undefined) =>
  ({ ...(options?.workerUrl === undefined && { createWorker }), ...options }) as T;

/** Whether the lock is held; it is until this worker dies. There are none in pages that are not secure contexts. */
const hold = (name: string): Promise<boolean> =>
  new Promise((resolve) => {
    const forever = () => {
      resolve(true);
      return new Promise(() => {});
    };
    if (navigator.locks) navigator.locks.request(name, forever).catch(() => resolve(false));
    else resolve(false);
  });

if (self.name === THREAD)
  addEventListener("message", ({ data }) => serveThread(data, () => postMessage("ready")), { once: true });
else {
  const createModel = modelCreator(browserHost, compileAllKernels);
  const loadModel = modelLoader(browserHost, compileAllKernels);
  const endpoint: Endpoint = {
    post: (response, transfer) => postMessage(response, { transfer }),
    listen: (received) => addEventListener("message", ({ data }) => received(data)),
    hold,
  };
  new Server(endpoint, {
    createModel: (network, options) => createModel(network, withThreads(options)),
    loadModel: (bytes, options) => loadModel(bytes, withThreads(options)),
  });
}
