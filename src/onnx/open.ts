/** Any file for `loadOnnx`, by all of `importOnnx`: what a file takes that no classic one does. */
import { ArgumentError, expectation } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { integer, optional, text } from "../core/options.js";
import type { Engine } from "../model/engine.js";
import { initialise } from "../model/initialise.js";
import type { ModelOptions } from "../model/options.js";
import { writeStateDict } from "../model/state.js";
import type { OnnxNetwork } from "../nn/imported/network.js";
import type { Layer } from "../nn/layer.js";
import { type Change, type ImportedNetwork, type ImportOptions, importModel } from "./import.js";
import type { ExternalData } from "./tensor.js";
import { isQuantized, type UnsupportedOpError } from "./unsupported.js";

/** Those of `importOnnx` and of `createModel`; external data may come later. */
export interface LoadOnnxOptions extends Omit<ImportOptions, "externalData">, Omit<ModelOptions, "inputShape"> {
  /** Replace the head by one for so many classes, as `replaceHead` does: its weights are new. Default: the file's. */
  classes?: number;
  /** The head that `classes` replaces, by its node's name or path. Default: the last product. */
  head?: string;
  /** As for `importOnnx`, or a promise of the bytes. */
  externalData?: (...args: Parameters<ExternalData>) => Uint8Array | PromiseLike<Uint8Array>;
}

type OpenOptions = Pick<LoadOnnxOptions, "classes" | "head" | "externalData"> & Omit<ImportOptions, "externalData">;

/** A network, and what writes its weights. */
export interface OpenedModel {
  network: Layer;
  inputShape: readonly number[];
  fill: (engine: Engine) => void;
}

export async function open(
  bytes: Uint8Array | ArrayBuffer,
  { classes, head, externalData, ...options }: OpenOptions,
): Promise<OpenedModel> {
  expectHead(classes, head);
  const imported = (change?: Change) => withData(bytes, options, externalData, change);
  const { network, inputShape, state } = await imported().catch(async (error: Partial<UnsupportedOpError>) => {
    if (isQuantized(error.nodes)) return imported((await demanded("loadOnnx", import("./dequantize.js"))).dequantize);
    throw error;
  });
  return { inputShape, ...(classes === undefined ? whole(network, state) : tuned(network, state, classes, head)) };
}

type Made = Pick<OpenedModel, "network" | "fill">;
type State = ImportedNetwork["state"];

const whole = (network: OnnxNetwork, state: State): Made => ({
  network,
  fill: (engine) => {
    writeStateDict(engine, state);
  },
});

/** With a head that starts from random weights. */
function tuned(imported: OnnxNetwork, state: State, classes: number, named: string | undefined): Made {
  const { network, head } = imported.withHead(classes, named);
  const fill = (engine: Engine) => {
    initialise(engine);
    writeStateDict(engine, state, { skip: head });
  };
  return { network, fill };
}

function expectHead(classes: unknown, head: unknown): void {
  optional(integer({ min: 1 }))("loadOnnx", "classes", classes);
  optional(text)("loadOnnx", "head", head);
  if (head !== undefined && classes === undefined)
    throw new ArgumentError(expectation("loadOnnx", "classes", "a number, where head is given", classes));
}

/**
 * Imports; where data are promised, goes on with zeros to learn of all that is asked for, waits for it and imports again.
 * The reader itself waits for nothing.
 */
async function withData(
  bytes: Uint8Array | ArrayBuffer,
  options: ImportOptions,
  externalData: LoadOnnxOptions["externalData"],
  change: Change | undefined,
) {
  if (externalData === undefined) return importModel(bytes, options, change);
  if (typeof externalData !== "function")
    throw new ArgumentError(expectation("loadOnnx", "externalData", "a function", externalData));
  const held = new Map<string, Uint8Array | PromiseLike<Uint8Array>>();
  for (;;) {
    const promised = new Map<string, PromiseLike<Uint8Array>>();
    const give: ExternalData = (...args) => {
      const key = JSON.stringify(args);
      const data = held.get(key) ?? externalData(...args);
      held.set(key, data);
      if (typeof (data as Partial<PromiseLike<unknown>>)?.then !== "function") return data as Uint8Array;
      promised.set(key, data as PromiseLike<Uint8Array>);
      return new Uint8Array(args[2] ?? 0);
    };
    try {
      const imported = importModel(bytes, { ...options, externalData: give }, change);
      if (promised.size === 0) return imported;
    } catch (error) {
      // With zeros for what is promised, an error may be theirs.
      if (promised.size === 0) throw error;
    }
    await Promise.all([...promised].map(async ([key, data]) => held.set(key, await data)));
  }
}
