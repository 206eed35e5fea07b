/** Training step by step: the state that steps share. `fit`, `evaluate` and checkpoints stand on it. */

import { ArgumentError, expectation, NumericError, ResnetWasmError, ShapeError } from "../core/errors.js";
import { checked, optional, readOptions, type Schema } from "../core/options.js";
import { numel } from "../core/shape.js";
import { isNumeric, type TensorLike } from "../core/tensor.js";
import { type Dataset, expectWeights } from "../data/dataset.js";
import type { ClassNames } from "../model/class-names.js";
import type { Engine } from "../model/engine.js";
import { expectModel } from "../model/expect-model.js";
import { fillInput, toInput } from "../model/input.js";
import type { Model } from "../model/model.js";
import { givesProbabilities } from "../model/probabilities.js";
import type { TrainStep } from "../model/step.js";
import type { Loss, TargetKind } from "../nn/losses.js";
import type { Average } from "../optim/averages.js";
import type { Optimizer } from "../optim/optimizers.js";
import { parameterRuns } from "../optim/runs.js";
import { constant, type Progress, type Schedule } from "../optim/schedules.js";
import { recordPart, recordUpdate } from "../optim/update.js";
import type { RecordLoss, RecordUpdate } from "../plan/plan.js";
import type { Executor, ParameterRegion } from "../runtime/executor.js";
import { Accumulation } from "./accumulation.js";
import { weighBatch } from "./batch.js";
import type { CallbackStates } from "./callback-state.js";
import { findNonFinite } from "./diagnose.js";
import { expectFits } from "./fitting.js";
import { expectPaths, type ParameterGroup, settingsOf } from "./groups.js";
import { checkTargets, type Labels, readLabels } from "./labels.js";
import { readTrainerOptions, type TrainerOptions } from "./options.js";
import type { FitState } from "./passage.js";

/** What schedules hear of epochs, and what callbacks make of the learning rate. */
interface StepSettings extends Omit<Progress, "step"> {
  lrScale?: number;
  /** In place of all that. */
  lr?: number;
}

/** What a step of the optimiser reports. */
export interface StepResult {
  /** Mean over the batch, before the update. */
  loss: number;
  /** Norm of all gradients together, before clipping. */
  gradNorm: number;
  /** The learning rate of this step. */
  lr: number;
}

/** How a single step takes its batch. */
export interface StepOptions {
  /** How often each sample counts in the loss: at least 0, 2 for one that is there twice. Default: 1 each. */
  weights?: ArrayLike<number>;
}

const stepSchema = () =>
  ({
    weights: optional(checked("numbers", isNumeric)),
  }) satisfies Schema<StepOptions>;

/** Throws `ArgumentError` where a loss that has a softmax or sigmoid of its own would get what went through one before. */
function expectLogits(loss: string, { network, inputShape }: Model): void {
  if (!givesProbabilities(network, inputShape)) return;
  const hint = `${loss} has it itself: leave the last layer out (LogSoftmax may stay), importOnnx by { logits: true }`;
  throw new ArgumentError(
    expectation("createTrainer", "network", "logits", "a softmax or sigmoid at its end", { hint }),
  );
}

let nextId = 0;

/** Whose optimiser's state and averages stand in a model's memory. */
const owners = new WeakMap<Executor, StepTrainer>();

/** A trainer, as far as single steps take it. */
export class StepTrainer {
  readonly model: Model;
  readonly loss: Loss | null;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly clipGradNorm: number;
  readonly ema: number | Average | null;
  /** Parts in which a batch passes through the network. */
  readonly accumulate: number;
  /** Optimiser steps taken. */
  stepCount = 0;
  /** @internal Where an interrupted `fit` stands. */
  fitState: FitState = { epoch: 0, completed: 0, current: null };
  /** @internal Whether the place of the interrupted fit came from a checkpoint. */
  loaded = false;
  /** @internal Samples of the largest training step so far. */
  largestBatch = 0;
  /** @internal The parts so far of a batch that is not complete. */
  partial: Accumulation | null = null;
  /** @internal A fit is running. */
  fitting = false;
  /** @internal What the callbacks of the fit at work, or of an interrupted one, keep. */
  callbackStates: () => CallbackStates = () => ({});
  /** Tells functions of equal text in the groups of two trainers apart. */
  readonly #id = nextId++;
  readonly #groups: readonly ParameterGroup[];
  readonly #decayNormsAndBiases: boolean;
  /** Names of classes that were trained, where the network has more outputs. */
  #fewerNames: ClassNames;
  /** What stood in the regions when another trainer of the model took them. */
  #parked: Float32Array[] | null = null;

  constructor(model: Model, options: TrainerOptions) {
    const settings = readTrainerOptions(options);
    expectModel("createTrainer", model);
    model.network.outputs?.()?.refuse("createTrainer");
    this.model = model;
    this.loss = settings.loss ?? null;
    this.optimizer = settings.optimizer;
    this.schedule = settings.schedule ?? constant();
    this.clipGradNorm = settings.clipGradNorm ?? 0;
    this.ema = settings.ema ?? null;
    this.accumulate = settings.accumulate;
    if (this.accumulate > 1) model.engine.executor.region("sum"); // before a part is in place, which would be moved
    // What the loss cannot be of this network shows now.
    for (const kind of this.loss?.targets ?? []) this.loss?.targetShape([1, ...model.outputShape], kind);
    if (this.loss?.domain) expectLogits(this.loss.type, model);
    this.#groups = settings.groups;
    expectPaths("createTrainer", settings.groups, model.engine.description.parameters);
    this.#decayNormsAndBiases = settings.decayNormsAndBiases;
    this.own();
  }

  /** @internal Vue makes no proxy of what has it: private members are not those of a proxy. */
  get __v_skip(): boolean {
    return true;
  }

  /** @internal Regions that this trainer keeps beside the weights. */
  get regions(): ParameterRegion[] {
    const state = this.optimizer.state.map((name) => `optimizer.${name}` as const);
    return this.ema === null ? state : [...state, "ema"];
  }

  /** @internal Names of the classes that the model is trained for. */
  get classNames(): ClassNames {
    return this.model.classNames ?? this.#fewerNames;
  }

  /** @internal Names the classes of a model that has no names yet. */
  nameClasses(names: ClassNames): void {
    const { model } = this;
    if (!names || model.classNames) return;
    if (names.length === model.outputShape[model.outputShape.length - 1]) model.classNames = names;
    else this.#fewerNames = names;
  }

  /**
   * @internal Puts what this trainer keeps into its regions of the model's memory, which all trainers of a model share;
   * what another one has there is kept for its next turn. A new trainer starts from zeros.
   */
  own(): void {
    const { executor } = this.#engine;
    const owner = owners.get(executor);
    if (owner === this) return;
    if (owner) {
      owner.#expectWhole();
      owner.#parked = owner.regions.map((region) => executor.regionView(region).slice());
    }
    this.regions.forEach((region, i) => {
      const view = executor.regionView(region);
      if (this.#parked) view.set(this.#parked[i]);
      else view.fill(0);
    });
    this.#parked = null;
    owners.set(executor, this);
  }

  #expectWhole(): void {
    if (!this.partial) return;
    throw new ResnetWasmError(expectation("step", "model", "no batch under way", "one of which some parts are left"));
  }

  get #engine(): Engine {
    return this.model.engine;
  }

  /**
   * One step of the optimiser on one batch, which passes through the network in as many parts as the trainer accumulates, as
   * equal as they can be. Labels: class indices, or rows of numbers where the loss takes them. Throws `NumericError` when loss
   * or gradients are not finite; the weights are then as before.
   */
  step(x: TensorLike, labels: Labels, options?: StepOptions): StepResult {
    const loss = this.lossFor("step");
    const { weights } = readOptions("step", options, stepSchema);
    this.#expectWhole();
    const { outputShape } = this.model;
    const { data, batchSize } = toInput("step", x, this.model);
    const targets = readLabels("step", loss, [batchSize, ...outputShape], labels);
    checkTargets("step", targets.data, targets.kind, loss, outputShape);
    if (weights && expectWeights("step", weights).length !== batchSize)
      throw new ShapeError(expectation("step", "weights", `${batchSize} numbers`, weights.length));
    const each = Math.ceil(batchSize / this.accumulate);
    try {
      for (let at = 0; ; at += each) {
        const n = Math.min(each, batchSize - at);
        const step = this.prepareStep(n, targets.kind, weights !== undefined);
        const { input, target } = step;
        fillInput(input, data, at * (input.length / n));
        for (let i = 0; i < target.length; i++) target[i] = targets.data[at * (target.length / n) + i];
        const samples = weights && Array.from(target.subarray(0, n), (_, i) => weights[at + i]);
        const done = this.takePart(step, weighBatch(step, loss, samples), batchSize);
        if (done) return done.result;
      }
    } finally {
      this.dropParts();
    }
  }

  /** @internal The loss, for what cannot do without. Throws `ArgumentError` where there is none. */
  lossFor(where: string): Loss {
    if (this.loss) return this.loss;
    const hint = "For a loss of your own call model.forward, model.backward and trainer.applyGradients";
    throw new ArgumentError(expectation(where, "loss", "one given to createTrainer", "none", { hint }));
  }

  /** @internal Records the loss, with weights where samples have some or the loss needs them; `key` tells which. */
  recordLoss(kind: TargetKind, weighted: boolean): { record: RecordLoss; key: string } {
    const loss = this.lossFor("step");
    const needed = weighted || loss.isWeighted || this.accumulate > 1;
    const key = `${kind} ${needed} ${JSON.stringify(loss)}`;
    return { record: (graph, output) => loss.record(graph, output, kind, needed), key };
  }

  /** @internal A training step, to be given its input, target and, where samples have them, weights. */
  prepareStep(batchSize: number, kind: TargetKind, weighted = false): TrainStep {
    const { record: loss, key } = this.recordLoss(kind, weighted);
    const update = this.accumulate > 1 ? recordPart : this.#update;
    const variation = { batchSize, training: true, backward: "loss", loss, update } as const;
    return this.#engine.step(variation, `${key} ${this.#key}`);
  }

  /** Tells the plans of this trainer from those of others on the same model. */
  get #key(): string {
    const { optimizer, clipGradNorm, ema } = this;
    const groups = this.#groups.map(({ match, ...rest }) => [
      typeof match === "function" ? this.#id : String(match),
      rest,
    ]);
    return JSON.stringify([optimizer, clipGradNorm, ema === null, groups, this.#decayNormsAndBiases]);
  }

  /** @internal Learning rates and weight decay of parameters that have their own, as groups and the decay rule say. */
  ownSettings(): Record<string, { lrScale: number; weightDecay?: number }> {
    const settings = settingsOf(this.#groups, this.#decayNormsAndBiases);
    const { weightDecay: common = 0 }: { weightDecay?: number } = this.optimizer.toJSON().options;
    const all = this.#engine.description.parameters.map((parameter) => {
      const { lrScale, weightDecay = common } = settings(parameter);
      return [parameter.name, { lrScale, ...(weightDecay !== common && { weightDecay }) }] as const;
    });
    return Object.fromEntries(all.filter(([, { lrScale, weightDecay }]) => lrScale !== 1 || weightDecay !== undefined));
  }

  /** Records the end of a step. */
  readonly #update: RecordUpdate = (graph, loss) => {
    const { frozen, description } = this.#engine;
    const settings = settingsOf(this.#groups, this.#decayNormsAndBiases);
    const runs = parameterRuns(description.parameters, (name) => frozen.has(name), settings);
    const { optimizer, clipGradNorm, ema } = this;
    recordUpdate(graph, loss, { optimizer, runs, clipGradNorm, averages: ema !== null });
  };

  /**
   * @internal Runs the next part of a batch of `samples`, the whole one where nothing is accumulated, whose input, target and
   * weights are in place. After the last part returns what the step of the optimiser came to, and the weight of the batch.
   */
  takePart(
    step: TrainStep,
    weight: number,
    samples: number,
    settings: StepSettings = {},
  ): { result: StepResult; weight: number } | null {
    if (!this.partial) this.own();
    this.largestBatch = Math.max(this.largestBatch, step.plan.batchSize);
    if (this.accumulate === 1) {
      const lr = this.#writeScalars(settings);
      const finished = step.run("forward", "update");
      const { loss } = step;
      if (!finished) throw this.#nonFinite(step, loss);
      this.#stepped();
      return { result: { loss, gradNorm: step.executor.scalars.get("norm"), lr }, weight };
    }
    const loss = this.lossFor("step");
    const rows = numel(loss.targetShape([1, ...this.model.outputShape], loss.targets[0]));
    this.partial ??= new Accumulation(this.#engine, samples * rows);
    if (!this.partial.add(step, weight)) throw this.#nonFinite(step, step.loss);
    return this.completePart(samples, settings);
  }

  /** @internal After the last part of a batch lets the optimiser use the sum of all. */
  completePart(samples: number, settings: StepSettings = {}): { result: StepResult; weight: number } | null {
    const { partial } = this;
    if (!partial || partial.samples < samples) return null;
    partial.finish();
    const applied = this.#apply(settings);
    this.partial = null;
    return { result: { loss: partial.loss, ...applied }, weight: partial.weight };
  }

  /** @internal Gives up the parts of a batch that is not complete, as if there had been none. */
  dropParts(): void {
    this.partial?.swap();
    this.partial = null;
  }

  #stepped(): void {
    this.#engine.hasGradients = false;
    this.stepCount++;
  }

  /** What the step that comes next reads beside its batch. Returns its learning rate. */
  #writeScalars({ lrScale = 1, lr: own, ...epochs }: StepSettings): number {
    this.own();
    this.model.temperature = undefined; // that of the weights before
    const { optimizer, stepCount, schedule, ema } = this;
    const { executor } = this.#engine;
    const factor = schedule.factor({ step: stepCount, ...epochs });
    const lr = own ?? optimizer.lr * factor * lrScale;
    if (!(lr >= 0 && Math.fround(lr) < Infinity))
      throw new ArgumentError(
        expectation(schedule.type, `factor of step ${stepCount}`, "a finite number of at least 0", factor),
      );
    if (ema !== null) {
      const average = executor.regionView("ema");
      const rate = typeof ema === "number" ? 1 - ema : ema.rate(stepCount);
      // Averages start from the weights that training starts from, and begin anew from nothing: e + (w - e) is not quite w.
      if (stepCount === 0) average.set(executor.regionView("parameters"));
      if (rate === 1) average.fill(0);
      executor.scalars.set("rate", rate);
    }
    executor.scalars.set("lr", lr);
    executor.scalars.set("status", 0);
    executor.scalars.setOwn(optimizer.scalars(stepCount));
    return lr;
  }

  #nonFinite(step: TrainStep, loss: number): NumericError {
    const { record, key } = this.recordLoss(step.targetKind, step.weights !== null);
    const place = findNonFinite(this.#engine, step, record, key);
    const lead = `step ${this.stepCount + 1}: loss ${loss}; first not finite: ${place}`;
    return new NumericError(
      expectation("train", "loss and gradients", "finite numbers", lead, {
        hint: "The weights are as before this step. A lower learning rate or clipGradNorm may help",
      }),
    );
  }

  /**
   * Lets the optimiser use the gradients that `model.backward` has left: the last part of a step with a loss of your
   * own. Throws `NumericError`, the weights unchanged, when a gradient is not finite.
   */
  applyGradients(): Omit<StepResult, "loss"> {
    return this.#apply({});
  }

  #apply(settings: StepSettings): Omit<StepResult, "loss"> {
    const where = "applyGradients";
    const engine = this.#engine;
    if (!engine.executor.hasRegion("gradients"))
      throw new ResnetWasmError(expectation(where, "call", "after model.backward", "no gradients"));
    const step = engine.step(
      { batchSize: 1, training: false, backward: "none", update: this.#update },
      `apply ${this.#key}`,
    );
    const lr = this.#writeScalars(settings);
    const finished = step.run("update");
    const gradNorm = engine.executor.scalars.get("norm");
    if (!finished) throw new NumericError(expectation(where, "gradients", "finite numbers", `norm ${gradNorm}`));
    this.#stepped();
    return { gradNorm, lr };
  }

  /** @internal Throws `ShapeError` when a dataset does not fit the model, `DataError` when it is none or empty. */
  expectFits(where: string, dataset: Dataset): TargetKind {
    return expectFits(where, dataset, this.lossFor(where), this.model);
  }
}
