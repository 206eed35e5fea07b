/** What recipes need of an entry that makes models, so that they run on this thread and in workers by the same lines. */
import type { Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import type { Dataset } from "../data/dataset.js";
import type { LoadReport, LoadStateDictOptions, StateDict, StateDictLike } from "../model/state.js";
import type { Layer } from "../nn/layer.js";
import type { History } from "../train/callback.js";
import type { FitOptions } from "../train/fit.js";
import type { TrainerOptions } from "../train/options.js";

/** At once, or from a worker. */
type Maybe<T> = T | Promise<T>;

/** A model of `resnet-wasm` or `resnet-wasm/worker`. */
export interface AnyModel {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  classNames: readonly string[] | undefined;
  transform: unknown;
  predict(x: { data: Float32Array; shape: Shape }): Maybe<Tensor>;
  stateDict(): Maybe<StateDict>;
  loadStateDict(state: StateDictLike, options?: LoadStateDictOptions): Maybe<LoadReport>;
  dispose(): Maybe<void>;
}

/** What recipes tell of the models that they make. */
export interface MakeOptions {
  inputShape: Shape;
  seed?: number;
  threads?: number | "auto";
  transform?: unknown;
  classNames?: readonly string[];
}

/** The functions of an entry that recipes call: `import * as worker from "resnet-wasm/worker"` is one. */
export interface Entry<M extends AnyModel> {
  createModel(network: Layer, options: MakeOptions): Promise<M>;
  createTrainer(
    model: M,
    options: TrainerOptions,
  ): Maybe<{ fit(data: Dataset, options: FitOptions): Promise<History> }>;
  freeze(model: M, pattern: string): unknown;
}
