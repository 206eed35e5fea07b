// The worker's API on the program that the build made.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FileSource, Layer, ModelOptions } from "../../../src/hosts/node/index.js";
import { createModel, loadModel } from "../../../src/hosts/node/worker.js";
import type { WorkerOption } from "../../../src/worker/create.js";

export const PROGRAM = fileURLToPath(new URL("../../../dist/model-worker.node.js", import.meta.url));
if (!existsSync(PROGRAM)) throw new Error("dist/ is missing: npm test builds it, npm run build does");

/** `createModel` of resnet-wasm/worker, without relaxed SIMD: results are to be equal to the last bit. */
export const openModel = (network: Layer, options: ModelOptions & WorkerOption) =>
  createModel(network, { relaxedSimd: false, worker: PROGRAM, ...options });

export const reopenModel = (source: FileSource, options = {}) =>
  loadModel(source, { relaxedSimd: false, worker: PROGRAM, ...options });

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected a rejection");
}
