/** Starts `data-worker`, which makes the batches of a dataset. */
import { Worker } from "node:worker_threads";
import { expectation, RuntimeSupportError } from "../../core/errors.js";
import { demanded } from "../../core/on-demand.js";
import { messageOf } from "../../core/thrown.js";

const where = "prefetch";
const OPTIONS = { execArgv: [] };

/** A worker that says nothing for this long is given up (ms). */
const START_TIMEOUT = 30_000;

/** A worker that has answered. Without an address its program is the file beside this one, or in bundles, which have none, a text. */
export async function startDataWorker(address: string | URL | undefined): Promise<Worker> {
  try {
    if (address !== undefined)
      return await ready(
        new Worker(typeof address === "string" && /^file:/.test(address) ? new URL(address) : address, OPTIONS),
      );
    return await fromFile().catch(fromText);
  } catch (cause) {
    if (cause instanceof RuntimeSupportError) throw cause;
    const hint =
      "Give the path of a copy of resnet-wasm/data/program as worker, or leave prefetch out: batches are the same";
    throw new RuntimeSupportError(expectation(where, "worker", "one that starts", messageOf(cause), { hint }), {
      cause,
    });
  }
}

// A literal URL, which bundlers recognise.
const fromFile = async () => ready(new Worker(new URL("./data-worker.node.js", import.meta.url), OPTIONS));

/** By the one form that Node, Deno and Bun all start. */
async function fromText(): Promise<Worker> {
  const { default: text } = await demanded(where, import("../../../build/worker/worker-data.js"));
  return ready(new Worker(new URL(`data:text/javascript;base64,${btoa(text)}`), OPTIONS));
}

/** Its first message says that it listens. */
function ready(worker: Worker): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void worker.terminate();
      reject(new Error(`no answer within ${START_TIMEOUT} ms`));
    }, START_TIMEOUT);
    const failed = (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    };
    const left = (code: number) => failed(new Error(`one that left with code ${code}`));
    worker.once("error", failed).once("exit", left);
    worker.once("message", () => {
      clearTimeout(timer);
      worker.off("error", failed).off("exit", left);
      resolve(worker);
    });
  });
}
