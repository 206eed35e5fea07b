/** A model whose memory, threads and work are in a worker. */

import { ArgumentError, expectation } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { signal as abortSignal, expectOptions, flag, readOptions, type Schema } from "../core/options.js";
import type { Shape } from "../core/shape.js";
import { entriesOf, tagOf } from "../core/tag.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import { saveArguments, writeGiven } from "../data/given.js";
import type { ImageSource } from "../data/image/source.js";
import type { FileTarget } from "../data/places.js";
import { nameState, namesWith, readClassNames } from "../model/class-names.js";
import type { Classification, ClassifyOptions } from "../model/classify.js";
import type { GradCamOptions } from "../model/features.js";
import type {
  BackwardOptions,
  MemoryPlan,
  MemoryPlanOptions,
  Model,
  ModelInfo,
  PredictOptions,
  SaveOptions,
} from "../model/model.js";
import { type NamePattern, namePattern } from "../model/names.js";
import { MODEL_NAME } from "../model/options.js";
import type { ProfileOptions } from "../model/profile.js";
import type { Profile } from "../model/profile-report.js";
import {
  type LoadReport,
  type LoadStateDictOptions,
  localName,
  type StateDict,
  type StateDictLike,
} from "../model/state.js";
import { readTemperature } from "../model/temperature.js";
import type { LayerJSON } from "../nn/layer.js";
import type { OutputGradients, Outputs } from "../nn/outputs.js";
import type { Answer, Arguments, CallName, ModelFacts, Remote } from "./calls.js";
import type { CallOptions, Connection } from "./connection.js";
import { sendPattern } from "./patterns.js";
import { SentDatasets } from "./send-dataset.js";

export interface TransferOption {
  /**
   * Hands the buffers of the arguments over instead of copying them: no copy is made, and the caller's arrays are empty
   * from then on. Views on a part of a buffer are copied all the same. Default false.
   */
  transfer?: boolean;
}

export interface SignalOption {
  signal?: AbortSignal;
}

/** The options of a call: those of this thread, and those of the worker, which it checks itself. */
export function sendOptions<O extends object>(where: string, options: O | undefined) {
  if (options !== undefined) expectOptions(where, options);
  const { transfer, signal, ...rest } = (options ?? {}) as O & TransferOption & SignalOption;
  return { transfer: flag(false)(where, "transfer", transfer), signal: abortSignal(where, "signal", signal), rest };
}

const transferSchema = () => ({ transfer: flag(false) }) satisfies Schema<TransferOption>;

/** Pictures that cannot be sent to a worker, as pixels; others as they are. */
async function toSendable(image: unknown): Promise<unknown> {
  if (!/^(HTML(Canvas|Image|Video)Element|OffscreenCanvas)$/.test(tagOf(image))) return image;
  const { readHere } = await demanded("classify", import("./picture.js"));
  return readHere(image as ImageSource);
}

/** Closes the workers of models that were dropped without `dispose`. */
const dropped = new FinalizationRegistry<Connection>((connection) => void connection.close());

/**
 * A model in a worker of its own: the methods of `Model`, as promises.
 *
 * @example
 * const { data } = await model.predict(x);
 * const file = await model.save();
 */
export class WorkerModel implements Remote<Omit<Model, "network" | "engine" | "dispose" | typeof Symbol.dispose>> {
  readonly #connection: Connection;
  readonly info: ModelInfo;
  /** Shape of one sample. */
  readonly inputShape: Shape;
  /** Shape of one output. */
  readonly outputShape: Shape;
  /** The shape of each output by name, where there are several. */
  readonly outputShapes: Readonly<Record<string, Shape>> | undefined;
  /** The network as JSON; `layerFromJSON` makes it again. */
  readonly network: LayerJSON;
  #transform: unknown;
  #classNames: readonly string[] | undefined;
  #temperature: number | undefined;
  /** @internal */
  readonly datasets: SentDatasets;

  /** @internal Models are made by `createModel` and `loadModel`. */
  constructor(
    connection: Connection,
    { info, inputShape, outputShape, outputShapes, network, transform, classNames, temperature }: ModelFacts,
  ) {
    this.#connection = connection;
    this.info = info;
    connection.info = info;
    this.inputShape = inputShape;
    this.outputShape = outputShape;
    this.outputShapes = outputShapes;
    this.network = network;
    this.#transform = transform;
    this.#classNames = classNames;
    this.#temperature = temperature;
    this.datasets = new SentDatasets(connection);
    dropped.register(this, connection, this);
  }

  /** @internal Vue makes no proxy of what has it: private members are not those of a proxy. */
  get __v_skip(): boolean {
    return true;
  }

  /** How inputs are to be prepared, as JSON; saved with the weights. */
  get transform(): unknown {
    return this.#transform;
  }

  set transform(transform: unknown) {
    this.#connection.tell("prepare", [{ transform }]);
    this.#transform = transform;
  }

  /** What the classes are called, in the order of the outputs; saved with the weights. */
  get classNames(): readonly string[] | undefined {
    return this.#classNames;
  }

  set classNames(names: readonly string[] | undefined) {
    const classNames = readClassNames("model", names, this.outputShape);
    this.#connection.tell("prepare", [{ classNames }]);
    this.#classNames = classNames;
  }

  /** By which `classify` divides logits, as `calibrate` found it; saved with the weights, undefined when they have changed. */
  get temperature(): number | undefined {
    return this.#temperature;
  }

  set temperature(given: number | undefined) {
    const temperature = readTemperature("model", given);
    this.#connection.tell("prepare", [{ temperature }]);
    this.#temperature = temperature;
  }

  /** @internal The worker's model has other weights now. */
  changed(): void {
    this.#temperature = undefined;
  }

  /** @internal Takes the names that the worker's model has got. */
  named(names: readonly string[] | undefined): void {
    this.#classNames = names;
  }

  /** @internal Used by the trainer: a call that keeps this model alive. */
  call<K extends CallName>(method: K, args: Arguments<K>, options?: CallOptions): Promise<Answer<K>> {
    return this.#connection.call(method, args, { ...options, owner: this });
  }

  /**
   * Outputs in evaluation mode, [n, …outputShape]; of a network with several outputs, a record by name. `signal` stops it
   * between two batches, with its reason as an error.
   */
  async predict<Y extends Tensor | Outputs = Tensor>(
    x: TensorLike,
    options?: PredictOptions & SignalOption & TransferOption,
  ): Promise<Y> {
    const { transfer, signal, rest } = sendOptions("predict", options);
    return (await this.call("predict", [x, rest], { transfer, signal })) as Y;
  }

  /**
   * The most probable classes of a picture, or of each of an array of pictures. What can be drawn in a page alone (canvas, image,
   * video) is read here; all else is decoded and prepared in the worker.
   */
  classify(image: ImageSource, options?: ClassifyOptions & TransferOption): Promise<Classification[]>;
  classify(images: readonly ImageSource[], options?: ClassifyOptions & TransferOption): Promise<Classification[][]>;
  async classify(
    given: unknown,
    options?: ClassifyOptions & TransferOption,
  ): Promise<Classification[] | Classification[][]> {
    const { transfer, signal, rest } = sendOptions("classify", options);
    const sent = Array.isArray(given) ? await Promise.all(given.map(toSendable)) : await toSendable(given);
    return this.call("classify", [sent, rest], { transfer, signal });
  }

  /** Outputs for one whole batch, keeping what `backward` needs. */
  async forward<Y extends Tensor | Outputs = Tensor>(
    x: TensorLike,
    options?: { training?: boolean } & TransferOption,
  ): Promise<Y> {
    const { transfer, rest } = sendOptions("forward", options);
    return (await this.call("forward", [x, rest], { transfer })) as Y;
  }

  /** Propagates the gradient of a loss with respect to the output of the last `forward`. */
  async backward(dy: TensorLike | OutputGradients, options?: BackwardOptions & TransferOption): Promise<Tensor> {
    const { transfer, ...rest } = options ?? {};
    return this.call("backward", [dy, rest], { transfer });
  }

  /** The gradients of the last `backward` or training step, in PyTorch's names and layouts. */
  gradients(): Promise<StateDict> {
    return this.call("gradients", []);
  }

  /** Copies of all parameters and buffers, in PyTorch's names, order and layouts. */
  async stateDict(): Promise<StateDict> {
    return nameState(await this.call("stateDict", []), this.#classNames);
  }

  /** Replaces weights, all or none. */
  async loadStateDict(state: StateDictLike, options?: LoadStateDictOptions & TransferOption): Promise<LoadReport> {
    const names = namesWith(this.#classNames, state, options);
    const { transfer, rest: all } = sendOptions("loadStateDict", options);
    const { rename, skip, ...rest } = all;
    if (rename !== undefined && typeof rename !== "function")
      throw new ArgumentError(expectation("loadStateDict", "rename", "a function", rename));
    // Functions cannot be sent; the names that they give can.
    const given = entriesOf("loadStateDict", state ?? {}).map(([name]) => name);
    const renamed = typeof rename === "function" ? given.map((name): [string, string] => [name, rename(name)]) : rename;
    const skipped =
      typeof skip === "function"
        ? sendPattern(skip, [
            ...(await this.names()),
            ...given,
            ...given.map((name) => localName(name, new Map(), rename)),
          ])
        : skip;
    const report = await this.call("loadStateDict", [state, { ...rest, rename: renamed, skip: skipped }], { transfer });
    if (names !== this.#classNames) this.classNames = names;
    this.changed();
    return report;
  }

  /** Bytes that prediction or training at a batch size takes. */
  memoryPlan(options?: MemoryPlanOptions): Promise<MemoryPlan> {
    return this.call("memoryPlan", [options]);
  }

  /** The network as a table: layer, output shape, parameters, multiply-adds for one sample. */
  summary(): Promise<string> {
    return this.call("summary", []);
  }

  /** Runs x as one batch, several times, and tells where the time goes. */
  async profile(x: TensorLike, options?: ProfileOptions & TransferOption): Promise<Profile> {
    const { transfer, rest } = sendOptions("profile", options);
    const data = await this.call("profile", [x, rest], { transfer });
    const { Profile } = await demanded("profile", import("../model/profile-report.js"));
    return new Profile(data);
  }

  /** Weights and architecture as one safetensors file, half as large with a `dtype` of 16 bits; also written to a target. */
  save(options?: SaveOptions): Promise<Uint8Array<ArrayBuffer>>;
  save(target: FileTarget, options?: SaveOptions): Promise<Uint8Array<ArrayBuffer>>;
  async save(first?: SaveOptions | FileTarget, second?: SaveOptions): Promise<Uint8Array<ArrayBuffer>> {
    const [target, options] = saveArguments(first, second);
    const { rest } = sendOptions("save", options);
    const bytes = await this.call("save", [this.transform, rest]);
    await writeGiven("save", target, options?.name ?? MODEL_NAME, bytes);
    return bytes;
  }

  /** The outputs of single layers for one batch. */
  async activations(x: TensorLike, layers: readonly string[], options?: TransferOption): Promise<Map<string, Tensor>> {
    const { transfer } = readOptions("activations", options, transferSchema);
    return this.call("activations", [x, layers], { transfer });
  }

  /** What in each image spoke for a class. */
  async gradCam(x: TensorLike, options: GradCamOptions & TransferOption): Promise<Tensor> {
    const { transfer, rest } = sendOptions("gradCam", options);
    return this.call("gradCam", [x, rest], { transfer });
  }

  /** Keeps all parameters and buffers that match as they are. Returns their names. */
  freeze(pattern: NamePattern): Promise<string[]> {
    return this.#match("freeze", pattern);
  }

  /** Undoes `freeze`. Returns the names. */
  unfreeze(pattern: NamePattern): Promise<string[]> {
    return this.#match("unfreeze", pattern);
  }

  async #match(method: "freeze" | "unfreeze", pattern: NamePattern): Promise<string[]> {
    namePattern()(method, "pattern", pattern);
    if (typeof pattern !== "function") return this.call(method, [pattern]);
    const names = (await this.names()).filter(pattern);
    if (names.length > 0) return this.call(method, [{ names }]);
    throw new ArgumentError(expectation(method, "pattern", "a match among the state dict's names", String(pattern)));
  }

  /** @internal Names of the state dict. */
  names(): Promise<string[]> {
    return this.call("names", []);
  }

  /** Ends the worker. Calls that are pending fail; forgetting the model ends its worker later. */
  async dispose(): Promise<void> {
    dropped.unregister(this);
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** A model in a worker, among arguments. */
export function expectWorkerModel(where: string, model: unknown): WorkerModel {
  if (model instanceof WorkerModel) return model;
  const expected = "a model from createModel or loadModel of resnet-wasm/worker";
  throw new ArgumentError(expectation(where, "model", expected, model));
}
