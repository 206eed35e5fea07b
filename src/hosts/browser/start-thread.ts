/** Starts threads in browsers. Loaded with the first. */
import source from "../../../build/thread.browser.js";
import type { Runtime, ThreadHandle, ThreadSource, ThreadWorker } from "../../runtime/host.js";

let blobUrl: string | undefined;

function createThreadWorker({ workerUrl, createWorker }: ThreadSource): ThreadWorker {
  if (createWorker) return createWorker();
  if (workerUrl !== undefined) return new Worker(workerUrl);
  blobUrl ??= URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  return new Worker(blobUrl);
}

const unloaded = ({ workerUrl, createWorker }: ThreadSource): string =>
  (workerUrl ?? createWorker)
    ? "the file of the worker could not be loaded"
    : "the page's policy forbids blob: workers; give a workerUrl";

export function startThread(...[start, failed, source = {}]: Parameters<Runtime["startThread"]>): ThreadHandle {
  const worker = createThreadWorker(source);
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => {
      reject(error);
      failed(error);
    };
    worker.onmessage = () => resolve();
    worker.onerror = (event: ErrorEvent) => fail(new Error(event.message || unloaded(source)));
    worker.onmessageerror = () => fail(new Error("it could not read the memory that it was sent"));
  });
  ready.catch(() => {}); // whoever awaits `ready` hears of it; `failed` reports later deaths
  worker.postMessage(start);
  return { ready, terminate: () => worker.terminate() };
}
