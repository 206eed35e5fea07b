/** The public face of a network with weights: predict, forward, backward, state. */

import { ArgumentError, expectation, ResnetWasmError } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { flag, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { numel } from "../core/shape.js";
import { type Tensor, type TensorLike, toBatch } from "../core/tensor.js";
import { saveArguments, writeGiven } from "../data/given.js";
import type { FileTarget } from "../data/places.js";
import { byName, type OutputGradients, type Outputs } from "../nn/outputs.js";
import { nameState, namesWith } from "./class-names.js";
import { describeNetwork } from "./engine.js";
import { copyInto, fillInput, toInput } from "./input.js";
import { type MemoryPlan, type MemoryPlanOptions, planMemory } from "./memory-plan.js";
import { MODEL_NAME } from "./options.js";
import { Predictor } from "./predictor.js";
import type { ProfileOptions } from "./profile.js";
import type { Profile } from "./profile-report.js";
import {
  type LoadReport,
  type LoadStateDictOptions,
  readParameter,
  readStateDict,
  type StateDict,
  type StateDictLike,
  writeStateDict,
} from "./state.js";
import type { BackwardStep } from "./step.js";
import { summarize } from "./summary.js";

export type { MemoryPlan, MemoryPlanOptions } from "./memory-plan.js";
export type { ModelInfo, PredictOptions } from "./predictor.js";

export interface SaveOptions {
  /**
   * The type of weights with two and more dimensions; norms and biases are F32 always. "F16" has 11 digits and ends at 65,504,
   * "BF16" has 8 digits and float32's range, "I8" a scale for each output channel and 127 steps up to the largest weight of it. Default
   * "F32": loaded again, the model is the same to the last bit.
   */
  dtype?: "F32" | "F16" | "BF16" | "I8";
  /** What the file is called in a store. Default "model.safetensors". */
  name?: string;
}

const saving = () =>
  ({
    dtype: oneOf(["F32", "F16", "BF16", "I8"], "F32"),
    name: optional(text, MODEL_NAME),
  }) satisfies Schema<SaveOptions>;

export interface ForwardOptions {
  /** Switches Dropout on and BatchNorm to the batch's own statistics. Default false. */
  training?: boolean;
}

export interface BackwardOptions {
  /**
   * Add to the gradients of earlier calls since the last step of an optimiser, so that a batch may pass in parts: dy of each
   * part is then that of the whole batch's loss. Default false.
   */
  accumulate?: boolean;
}

/**
 * A network with weights and a memory to run in; made by `createModel` or `loadModel`.
 *
 * @example
 * const { data, shape } = model.predict(x);
 * const file = await model.save();
 * model.dispose();
 */
export class Model extends Predictor {
  /** The last `forward`, for `backward`. */
  #pending: BackwardStep | null = null;

  /**
   * Outputs for one whole batch, keeping what `backward` needs. `training` (default false) switches Dropout on and
   * BatchNorm to the batch's own statistics. A network with several outputs gives a record of them by name.
   */
  forward<Y extends Tensor | Outputs = Tensor>(x: TensorLike, options?: ForwardOptions): Y {
    const engine = this.use("forward");
    const schema = () => ({ training: flag(false) }) satisfies Schema<ForwardOptions>;
    const { training } = readOptions("forward", options, schema);
    const { data, batchSize } = toInput("forward", x, this);
    const step = engine.step({ batchSize, training, backward: "output" });
    fillInput(step.input, data);
    step.run();
    this.#pending = step;
    return byName(this.network, step.tensor(step.plan.output));
  }

  /**
   * Propagates dy, the gradient of a loss with respect to the output of the last `forward`. Returns the gradient with
   * respect to its input and sets `gradients()`, or with `accumulate` adds to those that no step of an optimiser has used yet.
   * Throws when nothing has been kept, because another call used the memory. Of a network with several outputs, a record by
   * name; outputs left out have a gradient of 0.
   */
  backward(dy: TensorLike | OutputGradients, options?: BackwardOptions): Tensor {
    const engine = this.use("backward");
    const schema = () => ({ accumulate: flag(false) }) satisfies Schema<BackwardOptions>;
    const { accumulate } = readOptions("backward", options, schema);
    const step = this.#pending;
    if (!step?.isCurrent)
      throw new ResnetWasmError(
        expectation("backward", "call", "directly after forward", "nothing kept", {
          hint: "predict, step and evaluate use the same memory",
        }),
      );
    const { plan } = step;
    const whole = this.network.outputs?.()?.join("backward", dy) ?? (dy as TensorLike); // toBatch refuses what is none
    const { data, batchSize } = toBatch("backward", "dy", whole, this.outputShape);
    if (batchSize !== plan.batchSize)
      throw new ArgumentError(expectation("backward", "batch size", plan.batchSize, batchSize));
    copyInto(step.outputGradient, data);
    const { executor } = engine;
    const sum = accumulate && engine.hasGradients ? executor.regionView("gradients").slice() : [];
    step.run("backward");
    const gradients = executor.regionView("gradients");
    for (let i = 0; i < sum.length; i++) gradients[i] += sum[i];
    engine.hasGradients = true;
    this.#pending = null;
    if (plan.inputGradient !== undefined) return step.tensor(plan.inputGradient);
    const shape = [batchSize, ...this.inputShape];
    return { data: new Float32Array(numel(shape)), shape };
  }

  /** The gradients of the last `backward` or training step, by parameter name, in PyTorch's layouts. */
  gradients(): StateDict {
    const engine = this.use("gradients");
    const { parameters } = engine.description;
    if (parameters.length > 0 && !engine.executor.hasRegion("gradients"))
      throw new ResnetWasmError(expectation("gradients", "call", "after backward or a training step", "neither"));
    return new Map(parameters.map((entry) => [entry.name, readParameter(engine, entry, "gradients")]));
  }

  /** Copies of all parameters and buffers, in PyTorch's names, order and layouts. */
  stateDict(): StateDict {
    return nameState(readStateDict(this.use("stateDict")), this.classNames);
  }

  /**
   * Replaces weights, and with all of those that another model's `stateDict()` gave names classes as that one does; other
   * names than this model has are refused with `DataError`. The prefixes `module.`, `model.` and `_orig_mod.` are stripped where they are not ours. Throws one
   * `StateDictError` that lists everything missing, unexpected or wrongly shaped; nothing is written then.
   */
  loadStateDict(state: StateDictLike, options?: LoadStateDictOptions): LoadReport {
    const engine = this.use("loadStateDict");
    const names = namesWith(this.classNames, state, options);
    const report = writeStateDict(engine, state, options);
    this.classNames = names;
    this.temperature = undefined; // that of the weights before
    return report;
  }

  /**
   * Bytes that prediction or training at a batch size takes, known before anything is allocated. Training: by
   * `crossEntropy` on class indices; another loss moves the total by the size of its targets.
   */
  memoryPlan(options?: MemoryPlanOptions): MemoryPlan {
    return planMemory(this.engine, options);
  }

  /** The network as a table: layer, output shape, parameters, multiply-adds for one sample. */
  summary(): string {
    const { network, inputShape } = this.engine.description;
    const description = describeNetwork(network, inputShape);
    return summarize(description, description.plan);
  }

  /**
   * Runs x as one batch, several times, and tells where the time goes: ms, GFLOPS and bytes of each layer and of each op in
   * it, as data and as a table. With `training` it is a whole training step, after which weights, statistics, gradients
   * and optimiser state are put back. Runs on the calling thread for about a second.
   */
  async profile(x: TensorLike, options?: ProfileOptions): Promise<Profile> {
    const { profile } = await demanded("profile", import("./profile.js"));
    return profile(this.use("profile"), x, options);
  }

  /**
   * Weights and architecture as one safetensors file; `loadModel` restores both, PyTorch reads the weights. With a `dtype` of
   * 16 bits the file is half as large; weights have some three decimals then, and are float32 again when they are loaded.
   *
   * With a target the file is also written there, whole or not at all: to a store, or to a path or file: URL in Node, Deno
   * and Bun. Throws `QuotaError` where there is no room.
   */
  save(options?: SaveOptions): Promise<Uint8Array<ArrayBuffer>>;
  save(target: FileTarget, options?: SaveOptions): Promise<Uint8Array<ArrayBuffer>>;
  async save(first?: SaveOptions | FileTarget, second?: SaveOptions): Promise<Uint8Array<ArrayBuffer>> {
    const [target, options] = saveArguments(first, second);
    const { dtype, name } = readOptions("save", options, saving);
    const state = this.stateDict();
    const { inputShape, network, transform, classNames, temperature } = this;
    const { writeModel } = await demanded("save", import("./saving.js"));
    const bytes = writeModel({ inputShape, network, transform, classNames, temperature }, state, dtype);
    await writeGiven("save", target, name, bytes);
    return bytes;
  }
}
