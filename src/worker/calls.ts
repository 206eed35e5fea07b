/** What a page and its model's worker ask of each other: the arguments and the answer of each call, as they are sent. */
import type { Shape } from "../core/shape.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import type { ClassDataset, Dataset, ValueDataset } from "../data/dataset.js";
import type { AugmentationDescription } from "../data/description.js";
import type { LossFacts, Metric, MetricBatch } from "../metrics/metric.js";
import type { Classification, ClassifyOptions } from "../model/classify.js";
import type { LoadOptions, ModelOptions } from "../model/create.js";
import type { GradCamOptions } from "../model/features.js";
import type { Model, ModelInfo, SaveOptions } from "../model/model.js";
import type { Extras } from "../model/predictor.js";
import type { ProfileOptions } from "../model/profile.js";
import type { ProfileData } from "../model/profile-report.js";
import type { LoadReport, LoadStateDictOptions, StateDictLike } from "../model/state.js";
import type { LayerJSON } from "../nn/layer.js";
import type { EpochRecord, FitFacts, History, StepEvent, Verdict } from "../train/callback.js";
import type { CallbackStates } from "../train/callback-state.js";
import type { CheckpointOptions } from "../train/checkpoint.js";
import type { EvaluateOptions, Evaluation } from "../train/evaluate.js";
import type { FindLearningRateOptions, LearningRates } from "../train/find-learning-rate.js";
import type { FitOptions } from "../train/fit.js";
import type { ParameterGroup } from "../train/groups.js";
import type { TrainerOptions } from "../train/options.js";
import type { RecalibrateOptions } from "../train/recalibrate.js";
import type { Trainer } from "../train/trainer.js";
import type { ErrorRecord } from "./errors.js";

/** What the worker tells of a model when it is made. */
export interface ModelFacts {
  info: ModelInfo;
  inputShape: Shape;
  outputShape: Shape;
  outputShapes: Readonly<Record<string, Shape>> | undefined;
  network: LayerJSON;
  transform: unknown;
  classNames: readonly string[] | undefined;
  temperature: number | undefined;
}

/** How the worker makes a dataset; `dataset` is the id of one that it has. */
export type DatasetRecipe =
  | { type: "array"; options: object }
  | { type: "subset"; dataset: number; indices: Int32Array }
  | { type: "normalise"; dataset: number; mean: number[]; std: number[] }
  | { type: "augment"; dataset: number; augmentations: AugmentationDescription[]; seed: number }
  | { type: "rows"; dataset: number };

/** Everything of a dataset but its functions. `transform` is that of a folder. */
export type DatasetFields = (Omit<ClassDataset, DatasetFunctions> | Omit<ValueDataset, DatasetFunctions>) & {
  weighted: boolean;
  transform?: unknown;
};
type DatasetFunctions = "get" | "getWeights" | "prefetch";

/** A dataset as an argument: one that the worker has, or one that stays here and is asked for batches by `name`. */
export type DatasetReference = { id: number } | PageReference;
export interface PageReference {
  page: number;
  name: DatasetName;
  fields: DatasetFields;
}
export type DatasetName = "train" | "validation" | "dataset";

export interface BatchRequest {
  indices: Uint32Array;
  epoch: number;
}

export interface SentBatch {
  x: Float32Array<ArrayBuffer>;
  y: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  weights?: Float32Array;
}

/** Functions cannot be sent; the names that they choose can. */
export type SentPattern = string | RegExp | { names: readonly string[] };
export type SentGroup = Omit<ParameterGroup, "match"> & { match: SentPattern };

/** Losses, optimisers and schedules are sent as their JSON. */
export type SentTrainerOptions = Omit<TrainerOptions, "loss" | "optimizer" | "schedule" | "ema" | "groups"> & {
  loss?: unknown;
  optimizer?: unknown;
  schedule?: unknown;
  ema?: unknown;
  groups?: readonly SentGroup[];
};

export type SentLoadStateDictOptions = Omit<LoadStateDictOptions, "rename" | "skip"> & {
  skip?: SentPattern | undefined;
  rename?: [from: string, to: string][] | undefined;
};

/** Metrics stay with the page, which is told the outputs. */
export type SentMetrics = readonly Pick<Metric, "name" | "mode">[];

export interface SentFitOptions extends Omit<FitOptions, "validation" | "metrics" | "callbacks" | "signal" | "resume"> {
  metrics: SentMetrics | undefined;
  validation?: DatasetReference | undefined;
  /** Which steps the page hears of: each, and waits until it has answered; in groups; or none. */
  steps: "asked" | "told" | "none";
}

/** Calls of a trainer, which is told by its number. */
export interface TrainerCalls extends Pick<Trainer, "step" | "applyGradients" | "emaStateDict"> {
  fit(dataset: DatasetReference, options: SentFitOptions): History;
  evaluate(dataset: DatasetReference, options: Omit<EvaluateOptions, "metrics">, measures: boolean): Evaluation;
  findLearningRate(dataset: DatasetReference, options: FindLearningRateOptions): LearningRates;
  /** States of callbacks are with the page. */
  saveTrainer(states: CallbackStates): Uint8Array<ArrayBuffer>;
  /** Gives the states of callbacks in it, or the reason where the bytes are no checkpoint. */
  loadTrainer(
    bytes: Uint8Array | ArrayBuffer,
    options: CheckpointOptions,
  ): { states: CallbackStates } | { refusal: ErrorRecord };
}

/** What a trainer answers or tells, and how many steps it has taken by then. */
export interface Counted<T> {
  value: T;
  stepCount: number;
}

type Plain = "predict" | "forward" | "backward" | "gradients" | "stateDict" | "memoryPlan" | "summary";

interface ModelCalls extends Pick<Model, Plain> {
  createModel(network: unknown, options: ModelOptions): ModelFacts;
  loadModel(bytes: Uint8Array | ArrayBuffer, options: LoadOptions): ModelFacts;
  loadStateDict(state: StateDictLike, options: SentLoadStateDictOptions): LoadReport;
  save(transform: unknown, options: SaveOptions | undefined): Uint8Array<ArrayBuffer>;
  profile(x: TensorLike, options: ProfileOptions): ProfileData;
  activations(x: TensorLike, layers: readonly string[]): Map<string, Tensor>;
  gradCam(x: TensorLike, options: GradCamOptions): Tensor;
  freeze(pattern: SentPattern): string[];
  unfreeze(pattern: SentPattern): string[];
  names(): string[];
  recalibrate(dataset: DatasetReference, options: RecalibrateOptions): void;
  createTrainer(options: SentTrainerOptions): number;
  /** Those that nobody waits for. */
  prepare(extras: Partial<Extras>): void;
  classify(given: unknown, options: ClassifyOptions): Classification[] | Classification[][];
  dataset(id: number, recipe: DatasetRecipe): void;
  forget(id: number): void;
  leave(): void;
}

/** From the page to the worker. */
export type Calls = ModelCalls & {
  [K in keyof TrainerCalls]: (
    trainer: number,
    ...args: Parameters<TrainerCalls[K]>
  ) => Counted<ReturnType<TrainerCalls[K]>>;
};

/** A class of the main entry as a page has it: what it gives at once there is a promise here. */
export type Remote<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : T[K];
};

export type CallName = keyof Calls;
export type Arguments<K extends CallName> = Parameters<Calls[K]>;
export type Answer<K extends CallName> = ReturnType<Calls[K]>;

/** From the worker to the page, while a call is at work. */
export type Questions = { [K in DatasetName]: (request: BatchRequest) => SentBatch } & {
  onBegin(facts: Counted<FitFacts>): Verdict;
  onStep(event: Counted<StepEvent>): Verdict;
  onEpoch(record: Counted<EpochRecord>): Verdict;
  onEnd(history: Counted<History>): void;
  measure(facts: LossFacts): void;
  measureBatch(batch: MetricBatch): void;
  measured(nothing: undefined): Record<string, unknown>;
  classNames(names: readonly string[] | undefined): void;
};

export type QuestionName = keyof Questions;

/** The page's side of the questions that may come up during a call. */
export type Answers = {
  [K in QuestionName]?: (
    ...args: Parameters<Questions[K]>
  ) => ReturnType<Questions[K]> | Promise<ReturnType<Questions[K]>>;
};

/** What a method may use beside its arguments. */
export interface CallContext {
  signal: AbortSignal;
  /** Lets the page's function of this name run, and waits for what it gives. */
  ask<K extends QuestionName>(name: K, ...args: Parameters<Questions[K]>): Promise<ReturnType<Questions[K]>>;
  /** The same without waiting. */
  tell<K extends QuestionName>(name: K, ...args: Parameters<Questions[K]>): void;
}

/** The worker's side of the calls. */
export type Methods<K extends CallName = CallName> = {
  [M in K]: (context: CallContext, ...args: Arguments<M>) => Answer<M> | Promise<Answer<M>>;
};

/** What a worker holds. */
export interface Served {
  readonly model: Model;
  addTrainer(trainer: Trainer): number;
  trainer(id: number): Trainer;
  /** The dataset that a reference means; `ask` asks the page for the batches of one that stays there. */
  find(reference: DatasetReference, ask: CallContext["ask"]): Dataset;
}
