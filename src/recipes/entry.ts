/** What recipes need of an entry that makes models, so that they run on this thread and in workers by the same lines. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { checked, type Option } from "../core/options.js";
import type { Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import type { Dataset } from "../data/dataset.js";
import type { NamePattern } from "../model/names.js";
import type { LoadReport, LoadStateDictOptions, StateDict, StateDictLike } from "../model/state.js";
import type { Layer, LayerJSON } from "../nn/layer.js";
import type { Outputs } from "../nn/outputs.js";
import type { History } from "../train/callback.js";
import type { EvaluateOptions, Evaluation } from "../train/evaluate.js";
import type { FitOptions } from "../train/fit.js";
import type { TrainerOptions } from "../train/options.js";

/** At once, or from a worker. */
type Maybe<T> = T | Promise<T>;

/** A model of `resnet-wasm` or `resnet-wasm/worker`. */
export interface AnyModel {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly network: Layer | LayerJSON;
  classNames: readonly string[] | undefined;
  transform: unknown;
  predict(x: { data: Float32Array; shape: Shape }): Maybe<Tensor | Outputs>;
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

/** A trainer of either. */
export interface AnyTrainer {
  fit(data: Dataset, options: FitOptions): Promise<History>;
  evaluate(data: Dataset, options?: EvaluateOptions): Promise<Evaluation>;
}

/** The functions of an entry that recipes call: `import * as worker from "resnet-wasm/worker"` has them. */
export interface Entry<M extends AnyModel> {
  createModel(network: Layer, options: MakeOptions): Promise<M>;
  createTrainer(model: M, options: TrainerOptions): Maybe<AnyTrainer>;
  freeze(model: M, pattern: NamePattern): unknown;
  unfreeze(model: M, pattern: NamePattern): unknown;
  activations(
    model: M,
    x: { data: Float32Array; shape: Shape },
    layers: readonly string[],
  ): Maybe<ReadonlyMap<string, Tensor>>;
}

const VERBS = ["createModel", "createTrainer", "freeze", "unfreeze", "activations"] as const;

/** The functions of the entry that a recipe is told, or of its own. */
export function entryOf<M extends AnyModel>(where: string, given: Entry<M> | undefined, own: Entry<M>): Entry<M> {
  if (given === undefined || VERBS.every((name) => typeof given[name] === "function")) return given ?? own;
  const expected = "an entry that makes models: all that resnet-wasm/worker exports";
  throw new ArgumentError(expectation(where, "on", expected, describe(given)));
}

/** Where the lines of a recipe go. */
export const printer: Option<(line: string) => void, ((line: string) => void) | null | undefined> = (
  where,
  name,
  value = (line: string) => console.log(line),
) => {
  if (value === null) return () => {};
  return checked("a function, or null", (given): given is (line: string) => void => typeof given === "function")(
    where,
    name,
    value,
  );
};
