/** `resnet-wasm/thread`: the program of a worker thread in browsers, also for pages that host it as a file of their own. */
import type { ThreadStart } from "../../runtime/host.js";
import { serveThread } from "../../runtime/serve.js";

addEventListener("message", ({ data }: MessageEvent<ThreadStart>) => serveThread(data, () => postMessage("ready")), {
  once: true,
});
