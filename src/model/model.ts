/** The public face of a network with weights: predict, forward, backward, state. */
import { expectBoolean, expectInteger, expectOptions } from "../core/check.js";
import { ArgumentError, expectation, ResnetWasmError, RuntimeSupportError } from "../core/errors.js";
import { numel, roundUp, type Shape } from "../core/shape.js";
import { type Tensor, type TensorLike, toBatch } from "../core/tensor.js";
import type { ValueId } from "../graph/graph.js";
import { writeSafetensors } from "../io/safetensors.js";
import type { Layer } from "../nn/layer.js";
import type { Plan } from "../plan/plan.js";
import { SCALARS } from "../program/abi.js";
import { describeNetwork, type Engine } from "./engine.js";
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
import { summarize } from "./summary.js";

/** Which path runs, and why. */
export interface ModelInfo {
  simd: boolean;
  relaxedSimd: boolean;
  threads: number;
  why: string;
}

export interface MemoryPlanOptions {
  /** Default 1. */
  batchSize?: number;
  /** With everything that training needs. Default false. */
  training?: boolean;
  /** Floats that the trainer keeps for each weight. Default 1 (SGD with momentum); Adam keeps 2, `ema` one more. */
  optimizerStates?: 0 | 1 | 2 | 3;
}

/** Bytes of each part of the model's memory. */
export interface MemoryPlan {
  parameters: number;
  buffers: number;
  gradients: number;
  optimizer: number;
  /** Weights in the form the kernels read, made at the first prediction. */
  prepared: number;
  /** The instructions of a step, scalars, and what threads meet by. */
  program: number;
  activations: number;
  scratch: number;
  /** The WASM memory is this, rounded up to pages of 64 KB. */
  total: number;
}

export interface PredictOptions {
  /** Samples that pass through the network at once. Default: as many as keep the activations within 64 MB, at most 256. */
  batchSize?: number;
}

const ARENA_TARGET = 64 * 2 ** 20;

export class Model {
  #engine: Engine | null;
  readonly info: ModelInfo;
  /** How inputs are to be prepared, as JSON; saved with the weights. See `transformImage` of resnet-wasm/data. */
  transform: unknown;
  readonly #metadata: () => Record<string, string>;
  readonly #release: () => void;
  #predictBatch = 0;
  #pending: { plan: Plan; training: boolean } | null = null;

  /** @internal Models are made by `createModel` and `loadModel`. */
  constructor(engine: Engine, info: ModelInfo, metadata: () => Record<string, string>, release: () => void) {
    this.#engine = engine;
    this.info = info;
    this.#metadata = metadata;
    this.#release = release;
  }

  /** @internal Used by the trainer. */
  get engine(): Engine {
    return this.#use("model");
  }

  get network(): Layer {
    return this.engine.description.network;
  }

  /** Shape of one sample. */
  get inputShape(): Shape {
    return this.engine.description.inputShape;
  }

  /** Shape of one output. */
  get outputShape(): Shape {
    return this.engine.description.outputShape;
  }

  /**
   * Outputs in evaluation mode, [n, …outputShape]. The batch size follows from the input. Throws `ShapeError` when the
   * input does not fit the network.
   */
  predict(x: TensorLike, options?: PredictOptions): Tensor {
    const engine = this.#use("predict");
    const { batchSize } = expectOptions("predict", options, ["batchSize"]);
    if (batchSize !== undefined) expectInteger("predict", "batchSize", batchSize, 1);
    const batch = toBatch("predict", "input", x, this.inputShape);
    const [from, to] = [numel(this.inputShape), numel(this.outputShape)];
    const data = allocate("predict", batch.batchSize * to);
    const step = Math.min(batchSize ?? this.#defaultBatch(), batch.batchSize);
    for (let at = 0; at < batch.batchSize; at += step) {
      const n = Math.min(step, batch.batchSize - at);
      const plan = engine.plan({ batchSize: n, training: false, backward: "none" });
      copyInto(engine.executor.view(plan, plan.input), batch.data, at * from);
      engine.run(plan, "forward", "forward", false);
      data.set(engine.executor.view(plan, plan.output), at * to);
    }
    return { data, shape: [batch.batchSize, ...this.outputShape] };
  }

  #defaultBatch(): number {
    if (this.#predictBatch === 0) {
      const { bytes } = this.engine.plan({ batchSize: 1, training: false, backward: "none" }).arena;
      this.#predictBatch = Math.max(1, Math.min(256, Math.floor(ARENA_TARGET / Math.max(1, bytes))));
    }
    return this.#predictBatch;
  }

  /**
   * Outputs for one whole batch, keeping what `backward` needs. `training` (default false) switches Dropout on and
   * BatchNorm to the batch's own statistics.
   */
  forward(x: TensorLike, options?: { training?: boolean }): Tensor {
    const engine = this.#use("forward");
    const { training = false } = expectOptions("forward", options, ["training"]);
    expectBoolean("forward", "training", training);
    const { data, batchSize } = toBatch("forward", "input", x, this.inputShape);
    const plan = engine.plan({ batchSize, training, backward: "output" });
    copyInto(engine.executor.view(plan, plan.input), data, 0);
    engine.run(plan, "forward", "forward", training);
    this.#pending = { plan, training };
    return this.#read(plan, plan.output);
  }

  /**
   * Propagates dy, the gradient of a loss with respect to the output of the last `forward`. Returns the gradient with
   * respect to its input and sets `gradients()`. Throws when nothing has been kept, because another call used the memory.
   */
  backward(dy: TensorLike): Tensor {
    const engine = this.#use("backward");
    const pending = this.#pending;
    if (!pending || !engine.executor.isActive(pending.plan))
      throw new ResnetWasmError(
        expectation("backward", "call", "directly behind forward", "nothing kept", {
          hint: "predict, step and evaluate use the same memory",
        }),
      );
    const { plan, training } = pending;
    const { data, batchSize } = toBatch("backward", "dy", dy, this.outputShape);
    if (batchSize !== plan.batchSize)
      throw new ArgumentError(expectation("backward", "batch size", plan.batchSize, batchSize));
    copyInto(engine.executor.view(plan, plan.outputGradient!), data, 0);
    engine.run(plan, "backward", "backward", training);
    this.#pending = null;
    if (plan.inputGradient === undefined)
      return { data: new Float32Array(numel([batchSize, ...this.inputShape])), shape: [batchSize, ...this.inputShape] };
    return this.#read(plan, plan.inputGradient);
  }

  #read(plan: Plan, id: ValueId): Tensor {
    return { data: new Float32Array(this.engine.executor.view(plan, id)), shape: [...plan.graph.shape(id)] };
  }

  /** The gradients of the last `backward` or training step, by parameter name, in PyTorch's layouts. */
  gradients(): StateDict {
    const engine = this.#use("gradients");
    const { parameters } = engine.description;
    if (parameters.length > 0 && !engine.executor.hasRegion("gradients"))
      throw new ResnetWasmError(expectation("gradients", "call", "behind backward or a training step", "neither"));
    return new Map(parameters.map((entry) => [entry.name, readParameter(engine, entry, "gradients")]));
  }

  /** Copies of all parameters and buffers, in PyTorch's names, order and layouts. */
  stateDict(): StateDict {
    return readStateDict(this.#use("stateDict"));
  }

  /**
   * Replaces weights. The prefixes `module.`, `model.` and `_orig_mod.` are stripped where they are not ours. Throws one
   * `StateDictError` that lists everything missing, unexpected or wrongly shaped; nothing is written then.
   */
  loadStateDict(state: StateDictLike, options?: LoadStateDictOptions): LoadReport {
    const engine = this.#use("loadStateDict");
    return writeStateDict(engine, state, expectOptions("loadStateDict", options, ["strict", "rename", "skip"]));
  }

  /**
   * Bytes that prediction or training at a batch size takes, known before anything is allocated. Training: by
   * `crossEntropy` on class indices; another loss moves the total by the size of its targets.
   */
  memoryPlan(options?: MemoryPlanOptions): MemoryPlan {
    const { engine } = this;
    const {
      batchSize = 1,
      training = false,
      optimizerStates = 1,
    } = expectOptions("memoryPlan", options, ["batchSize", "training", "optimizerStates"]);
    expectInteger("memoryPlan", "batchSize", batchSize, 1);
    expectBoolean("memoryPlan", "training", training);
    expectInteger("memoryPlan", "optimizerStates", optimizerStates, 0, 3);
    const plan = training
      ? engine.trainingPlan(batchSize, optimizerStates)
      : engine.plan({ batchSize, training, backward: "none" });
    const { program, values, workspace, scratch } = engine.executor.layout(plan);
    const bytes = (shape: Shape) => roundUp(numel(shape) * 4, 64);
    const sum = (shapes: Shape[]) => shapes.reduce((total, shape) => total + bytes(shape), 0);
    const prepared = new Map([...plan.prepared].map(([id, key]) => [key, plan.graph.shape(id)]));
    const parameters = engine.executor.floats * 4;
    const parts = {
      parameters,
      buffers: sum(engine.description.buffers.map(({ shape }) => shape)),
      gradients: training ? parameters : 0,
      optimizer: training ? parameters * optimizerStates : 0,
      prepared: sum([...prepared.values()]),
      program: SCALARS.end + program,
      activations: values,
      scratch: workspace + scratch,
    };
    return { ...parts, total: Object.values(parts).reduce((a, b) => a + b, 0) };
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
    const { profile } = await import("./profile.js");
    return profile(this.#use("profile"), x, options);
  }

  /** Weights and architecture as one safetensors file; `loadModel` restores both, PyTorch reads the weights. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const isCounter = (name: string) => name.endsWith("num_batches_tracked");
    return writeSafetensors(this.stateDict(), {
      metadata: this.#metadata(),
      dtype: (name) => (isCounter(name) ? "I64" : "F32"),
    });
  }

  /** Releases memory and worker threads now; forgetting the model does the same later. */
  dispose(): void {
    if (this.#engine) this.#release();
    this.#engine = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #use(where: string): Engine {
    if (!this.#engine) throw new ResnetWasmError(expectation(where, "model", "in use", "disposed"));
    return this.#engine;
  }
}

/** Room for a result. Throws `RuntimeSupportError` where the runtime has none. */
function allocate(where: string, length: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(length);
  } catch (cause) {
    const hint = "Predict fewer samples at a time";
    throw new RuntimeSupportError(
      expectation(where, "output", "a size this runtime can hold", `${length} numbers`, { hint }),
      { cause },
    );
  }
}

/** target = source[from, from + target.length). */
function copyInto(target: Float32Array, source: ArrayLike<number>, from: number): void {
  if (source instanceof Float32Array)
    target.set(from === 0 && source.length === target.length ? source : source.subarray(from, from + target.length));
  else for (let i = 0; i < target.length; i++) target[i] = source[from + i];
}
