/** A trainer whose work is done in the worker of its model; datasets, callbacks and signals stay on this side. */

import { ArgumentError, expectation } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { flag } from "../core/options.js";
import type { TensorLike } from "../core/tensor.js";
import type { ClassDataset, Dataset } from "../data/dataset.js";
import { areBytes } from "../data/given.js";
import type { FileSource, FileTarget } from "../data/places.js";
import type { Metric } from "../metrics/metric.js";
import { nameState } from "../model/class-names.js";
import type { StateDict } from "../model/state.js";
import { AN_OPTIMIZER } from "../optim/optimizers.js";
import type { Callback, History } from "../train/callback.js";
import { CallbackList, expectCallbacks } from "../train/callback-list.js";
import type { CallbackStates } from "../train/callback-state.js";
import type { CheckpointOptions } from "../train/checkpoint.js";
import type { ClassEvaluation, EvaluateOptions, Evaluation, Measured } from "../train/evaluate.js";
import type { FindLearningRateOptions, LearningRates } from "../train/find-learning-rate.js";
import type { FitOptions } from "../train/fit.js";
import type { ParameterGroup } from "../train/groups.js";
import type { KeepOptions } from "../train/kept.js";
import type { Labels } from "../train/labels.js";
import { type Measuring, measuringHere, type StartMeasuring } from "../train/measuring.js";
import type { TrainerOptions } from "../train/options.js";
import type { StepOptions, StepResult } from "../train/step-trainer.js";
import type { Trainer } from "../train/trainer.js";
import type { Answers, Counted, Remote, SentGroup, SentMetrics, SentTrainerOptions } from "./calls.js";
import { decodeError } from "./errors.js";
import { expectWorkerModel, sendOptions, type TransferOption, type WorkerModel } from "./model.js";
import { sendPattern } from "./patterns.js";
import { makeBatch } from "./send-dataset.js";

export interface WorkerFitOptions extends FitOptions, TransferOption {
  /**
   * Whether each step waits until `onStep` has answered, as it does without a worker. False: training goes on, and steps
   * are reported in groups, a few milliseconds late. Default true.
   */
  waitForCallbacks?: boolean;
}

const kept = (where: string) => demanded(where, import("../train/kept.js"));

/** What the worker has to know of metrics. Throws `ArgumentError` on what are none. */
async function namesOf(metrics: readonly Metric[]): Promise<SentMetrics> {
  const { expectMetrics } = await demanded("fit", import("../metrics/runs.js"));
  return expectMetrics("fit", metrics).map(({ name, mode }) => ({ name, mode }));
}

/** Metrics of this thread, which the worker tells of outputs. */
class MeasuringHere {
  #measuring: Measuring | undefined;

  answers(start: StartMeasuring): Answers {
    return {
      measure: async (facts) => {
        this.#measuring = await start(facts);
      },
      measureBatch: (batch) => this.#measuring?.update(batch),
      measured: () => this.#measuring?.results() ?? {},
    };
  }
}

type TrainerVerb = "step" | "applyGradients" | "fit" | "evaluate" | "emaStateDict" | "save" | "load" | "stepCount";

/**
 * A trainer in the worker of its model: the methods of `Trainer`, as promises.
 *
 * @example
 * const callbacks = [{ onStep: ({ loss }: { loss: number }) => console.log(loss) }];
 * await trainer.fit(dataset, { epochs: 1, waitForCallbacks: false, callbacks });
 */
export class WorkerTrainer implements Remote<Pick<Trainer, TrainerVerb>> {
  readonly model: WorkerModel;
  /** Outlives a fit that is interrupted within validation. */
  readonly #validation = new MeasuringHere();
  readonly #id: number;
  #stepCount = 0;
  /** @internal What the callbacks of the fit at work, or of an interrupted one, keep. */
  callbackStates: () => CallbackStates = () => ({});

  /** @internal Trainers are made by `createTrainer`. */
  constructor(model: WorkerModel, id: number) {
    this.model = model;
    this.#id = id;
  }

  /** @internal Vue makes no proxy of what has it: private members are not those of a proxy. */
  get __v_skip(): boolean {
    return true;
  }

  /** Optimiser steps taken, as far as this thread has heard. */
  get stepCount(): number {
    return this.#stepCount;
  }

  #hear<T>({ value, stepCount }: Counted<T>): T {
    if (stepCount !== this.#stepCount) this.model.changed();
    this.#stepCount = stepCount;
    return value;
  }

  async #count<T>(answer: Promise<Counted<T>>): Promise<T> {
    return this.#hear(await answer);
  }

  /** One step of the optimiser on one batch. */
  async step(x: TensorLike, labels: Labels, options?: StepOptions & TransferOption): Promise<StepResult> {
    const { transfer, rest } = sendOptions("step", options);
    return this.#count(this.model.call("step", [this.#id, x, labels, rest], { transfer }));
  }

  /** Lets the optimiser use the gradients that `model.backward` has left. */
  applyGradients(): Promise<Omit<StepResult, "loss">> {
    return this.#count(this.model.call("applyGradients", [this.#id]));
  }

  /**
   * Trains for some epochs, or until `signal`, `maxMs` or `maxSteps` says stop. A dataset of the library's own making is
   * sent to the worker once and kept there; of any other, batches are made here when the worker asks for them.
   */
  async fit(dataset: Dataset, options?: WorkerFitOptions): Promise<History> {
    const { rest: all, ...ways } = sendOptions("fit", options);
    const { callbacks = [], resume, mix, ...others } = all;
    const go = (data: Dataset, own: readonly Callback[]) => this.#fit(data, { ...others, ...ways }, own);
    if (resume === undefined && mix === undefined) return go(dataset, callbacks);
    const { resumed } = await demanded("fit", import("../train/resumed.js"));
    return resumed(this, { dataset, resume, mix, callbacks: expectCallbacks(callbacks) }, go);
  }

  async #fit(
    dataset: Dataset,
    { signal, validation, metrics, transfer = false, waitForCallbacks = true, ...rest }: WorkerFitOptions,
    callbacks: readonly Callback[],
  ): Promise<History> {
    const listener = new CallbackList(this, callbacks, metrics);
    flag()("fit", "waitForCallbacks", waitForCallbacks);
    const { datasets } = this.model;
    const train = datasets.reference("fit", dataset, "train", transfer);
    const held = validation && datasets.reference("fit validation", validation, "validation", transfer);
    const answers: Answers = {
      classNames: (names) => this.model.named(names),
      train: (request) => makeBatch(dataset, request),
      ...(validation && { validation: (request) => makeBatch(validation, request) }),
      ...this.#validation.answers(listener.measure),
      onBegin: (facts) => listener.begin(this.#hear(facts)),
      onStep: (event) => listener.step(this.#hear(event)),
      onEpoch: (record) => listener.epoch(this.#hear(record)),
      onEnd: (history) => listener.end(this.#hear(history)),
    };
    const hearing = callbacks.filter(({ onStep }) => onStep);
    // What steers the fit, or is saved with it, must not lag behind.
    const steers = hearing.some((each) => each.name !== undefined || "stop" in each || "lrScale" in each);
    const steps = hearing.length === 0 ? "none" : waitForCallbacks || steers ? "asked" : "told";
    const settings = { ...rest, validation: held, metrics: metrics && (await namesOf(metrics)), steps } as const;
    try {
      return await this.#count(this.model.call("fit", [this.#id, train, settings], { signal, answers }));
    } finally {
      await listener.close();
    }
  }

  /** Mean loss over a dataset in evaluation mode, and accuracy where targets are classes. */
  evaluate<const M extends readonly Metric[]>(
    dataset: ClassDataset,
    options: EvaluateOptions & TransferOption & { metrics: M },
  ): Promise<Measured<ClassEvaluation, M>>;
  evaluate<const M extends readonly Metric[]>(
    dataset: Dataset,
    options: EvaluateOptions & TransferOption & { metrics: M },
  ): Promise<Measured<Evaluation, M>>;
  evaluate(dataset: ClassDataset, options?: EvaluateOptions & TransferOption): Promise<ClassEvaluation>;
  evaluate(dataset: Dataset, options?: EvaluateOptions & TransferOption): Promise<Evaluation>;
  async evaluate(dataset: Dataset, options?: EvaluateOptions & TransferOption): Promise<Evaluation> {
    const { transfer, signal, rest: all } = sendOptions("evaluate", options);
    const { metrics, ...rest } = all;
    const reference = this.model.datasets.reference("evaluate", dataset, "dataset", transfer);
    const answers: Answers = {
      dataset: (request) => makeBatch(dataset, request),
      ...(metrics && new MeasuringHere().answers(measuringHere("evaluate", metrics))),
    };
    const args = [this.#id, reference, rest, metrics !== undefined] as const;
    return this.#count(this.model.call("evaluate", [...args], { signal, answers }));
  }

  /** @internal `findLearningRate` of this entry. */
  async findLearningRate(dataset: Dataset, options?: FindLearningRateOptions & TransferOption): Promise<LearningRates> {
    const { transfer, signal, rest } = sendOptions("findLearningRate", options);
    const reference = this.model.datasets.reference("findLearningRate", dataset, "dataset", transfer);
    const answers: Answers = { dataset: (request) => makeBatch(dataset, request) };
    return this.#count(this.model.call("findLearningRate", [this.#id, reference, rest], { signal, answers }));
  }

  /** The averaged weights (with the option `ema`) and the model's buffers. */
  async emaStateDict(): Promise<StateDict> {
    return nameState(await this.#count(this.model.call("emaStateDict", [this.#id])), this.model.classNames);
  }

  /** Everything that training goes on from, as one safetensors file; also written to a target. */
  async save(target?: FileTarget, options?: KeepOptions): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await this.model.call("saveTrainer", [this.#id, this.callbackStates()]);
    const { stepCount } = answer;
    const bytes = this.#hear(answer);
    if (target !== undefined) await (await kept("trainer.save")).keepCheckpoint(target, options, stepCount, bytes);
    return bytes;
  }

  /** Restores what `save` wrote, all or nothing; of a store the newest checkpoint that is whole. */
  async load(source: FileSource, options?: CheckpointOptions & TransferOption): Promise<void> {
    const { transfer, rest: all } = sendOptions("trainer.load", options);
    const { name, onPassedOver, ...rest } = all;
    const take = (bytes: Uint8Array | ArrayBuffer) => this.#restore(bytes, rest, transfer);
    // What is here is sent at once: calls keep their order.
    if (!areBytes(source)) return (await kept("trainer.load")).openCheckpoint(source, { name, onPassedOver }, take);
    const refusal = await take(source);
    if (refusal) throw refusal;
  }

  /** @internal Restores a checkpoint, or gives the reason why bytes are none. */
  restore(bytes: Uint8Array | ArrayBuffer, options: CheckpointOptions | undefined): Promise<Error | undefined> {
    return this.#restore(bytes, options ?? {}, false);
  }

  async #restore(
    bytes: Uint8Array | ArrayBuffer,
    options: CheckpointOptions,
    transfer: boolean,
  ): Promise<Error | undefined> {
    const answers: Answers = { classNames: (names) => this.model.named(names) };
    const taken = await this.#count(this.model.call("loadTrainer", [this.#id, bytes, options], { transfer, answers }));
    if ("refusal" in taken) return decodeError(taken.refusal);
    this.model.changed();
    this.callbackStates = () => taken.states;
    return undefined;
  }
}

const KINDS = {
  loss: "crossEntropy(), mse(), bceWithLogits() or huber()",
  optimizer: AN_OPTIMIZER,
  schedule: "a schedule of this library",
  ema: "a decay, ema(…) or swa(…)",
} as const;

/**
 * Prepares a model for training. Throws `ArgumentError` on unknown options or values out of range.
 *
 * @example
 * const trainer = await createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
 * await trainer.fit(dataset, { epochs: 1 });
 */
export async function createTrainer(model: WorkerModel, options: TrainerOptions): Promise<WorkerTrainer> {
  const where = "createTrainer";
  expectWorkerModel(where, model);
  const { loss, optimizer, schedule, ema, groups, ...rest }: TrainerOptions = Object(options);
  const sent: SentTrainerOptions = { ...rest, optimizer: toJSON("optimizer", optimizer) };
  if (loss !== undefined) sent.loss = toJSON("loss", loss);
  if (schedule !== undefined) sent.schedule = toJSON("schedule", schedule);
  if (ema !== undefined) sent.ema = typeof ema === "number" ? ema : toJSON("ema", ema);
  if (groups !== undefined) sent.groups = await sendGroups(model, groups);
  return new WorkerTrainer(model, await model.call("createTrainer", [sent]));
}

function toJSON(name: keyof typeof KINDS, made: { toJSON(): unknown }): unknown {
  if (typeof made?.toJSON === "function") return made.toJSON();
  throw new ArgumentError(expectation("createTrainer", name, KINDS[name], made));
}

/** Functions cannot be sent; the names that they choose can. */
async function sendGroups(model: WorkerModel, groups: readonly ParameterGroup[]): Promise<readonly SentGroup[]> {
  if (!Array.isArray(groups)) throw new ArgumentError(expectation("createTrainer", "groups", "an array", groups));
  const names = groups.some((group) => typeof group?.match === "function") ? await model.names() : [];
  return groups.map((group) => {
    return { ...group, match: sendPattern(group?.match, names) };
  });
}
