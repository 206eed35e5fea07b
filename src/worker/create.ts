/** Makes models in workers of their own. */
import { asBytes } from "../core/bytes.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import { readGiven } from "../data/given.js";
import type { FileSource } from "../data/places.js";
import type { LoadOptions, ModelOptions } from "../model/create.js";
import { MODEL_NAME } from "../model/options.js";
import type { Layer, LayerJSON } from "../nn/layer.js";
import type { ModelFacts } from "./calls.js";
import { Connection } from "./connection.js";
import type { ReadText, StartLink, WorkerSource } from "./link.js";
import { sendOptions, type TransferOption, WorkerModel } from "./model.js";

export interface WorkerOption {
  /**
   * Where the worker's program is: the address of a copy of `resnet-wasm/worker/program`, or a function that starts a
   * worker which runs it. Default: the file beside this one, in the form that bundlers recognise; where it is not there, a copy
   * that is loaded as text.
   */
  worker?: WorkerSource;
}

/** `createModel` of an entry point, by the runtime's way of starting workers. */
export const workerModelCreator =
  (start: StartLink, text: ReadText) =>
  async (network: Layer | LayerJSON, options: ModelOptions & WorkerOption): Promise<WorkerModel> => {
    const where = "createModel";
    const json: Partial<LayerJSON> = Object(hasMethod(network, "toJSON") ? network.toJSON() : network);
    if (typeof json.type !== "string")
      throw new ArgumentError(expectation(where, "network", "a layer, or the JSON of one", network));
    if (typeof options !== "object" || options === null)
      throw new ArgumentError(expectation(where, "options", "an object", options));
    return open([start, text], options, (connection, rest) => connection.call("createModel", [json, rest]));
  };

/** `loadModel` of an entry point, by the runtime's way of starting workers. */
export const workerModelLoader =
  (start: StartLink, text: ReadText) =>
  async (source: FileSource, options?: LoadOptions & WorkerOption & TransferOption): Promise<WorkerModel> => {
    const bytes = asBytes("loadModel", await readGiven("loadModel", source, options?.name ?? MODEL_NAME));
    const { transfer, rest } = sendOptions("loadModel", options);
    return open([start, text], rest, (connection, own) => connection.call("loadModel", [bytes, own], { transfer }));
  };

/** Starts a worker and lets it make a model. */
async function open<O extends WorkerOption & Pick<LoadOptions, "workerUrl">>(
  [start, text]: [StartLink, ReadText],
  { worker, ...options }: O,
  make: (connection: Connection, options: Omit<O, "worker">) => Promise<ModelFacts>,
): Promise<WorkerModel> {
  const { workerUrl } = options;
  // The address of a thread's file is meant from the page on, not from the worker's own place.
  const placed =
    workerUrl !== undefined && globalThis.location
      ? { ...options, workerUrl: new URL(workerUrl, globalThis.document?.baseURI ?? location.href).href }
      : options;
  const connection = await Connection.open(start, worker).catch(async (error) => {
    if (worker !== undefined) throw error;
    return Connection.open(start, await text());
  });
  try {
    return new WorkerModel(connection, await make(connection, placed));
  } catch (error) {
    void connection.close();
    throw error;
  }
}
