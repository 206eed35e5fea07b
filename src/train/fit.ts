/** The training loop: epochs, batches, validation, callbacks, and the ways to stop early. */
import { DataError, expectation, NumericError, ShapeError } from "../core/errors.js";
import {
  as,
  checked,
  flag,
  integer,
  isRecord,
  optional,
  positive,
  readOptions,
  type Schema,
  signal,
} from "../core/options.js";
import { Philox } from "../core/random.js";
import type { Dataset } from "../data/dataset.js";
import type { TargetKind } from "../nn/losses.js";
import { fillBatch } from "./batch.js";
import { type Evaluation, evaluate } from "./evaluate.js";
import { settlePassage } from "./resume.js";
import type { StepResult, StepTrainer } from "./step-trainer.js";
import { createYielder } from "./yield.js";

/** What a step of `fit` reports. */
export interface StepEvent extends StepResult {
  /** Epoch and step within it, both from 0. */
  epoch: number;
  step: number;
  /** How long this `fit` is to be. */
  stepsPerEpoch: number;
  epochs: number;
}

/** Mean training loss of an epoch, and what validation said after it. */
export interface EpochRecord {
  epoch: number;
  loss: number;
  lr: number;
  validation?: Evaluation;
  ms: number;
}

/** Called by `fit`, which waits for promises: after each step, each epoch, and at the end. */
export interface Callback {
  onStep?(event: StepEvent): void | Promise<void>;
  onEpoch?(record: EpochRecord): void | Promise<void>;
  onEnd?(history: History): void | Promise<void>;
}

/** How `fit` goes through a dataset, and when it stops. */
export interface FitOptions {
  /** Default 1. */
  epochs?: number;
  /** Default: that of an interrupted fit that goes on, else 32. */
  batchSize?: number;
  /** A new order each epoch, from the model's seed. Default: that of an interrupted fit that goes on, else true. */
  shuffle?: boolean;
  /** Leave out a last batch that is not full. Default: that of an interrupted fit that goes on, else false. */
  dropLast?: boolean;
  /** Evaluated after each epoch. */
  validation?: Dataset;
  /** Called in this order. */
  callbacks?: readonly Callback[];
  /** Stops after the step that runs. */
  signal?: AbortSignal;
  /** Stops when this much time has passed since the call. */
  maxMs?: number;
  /** Stops after this many steps of this call. */
  maxSteps?: number;
}

/** What `fit` did. */
export interface History {
  epochs: EpochRecord[];
  /** Loss of every step of this call. */
  losses: number[];
  /** Why it ended. */
  stopped: "finished" | "aborted" | "maxMs" | "maxSteps";
}

/** Options of callbacks: of `fit` here and in a worker. */
export const callbackList = () =>
  checked(
    "an array of objects with onStep, onEpoch or onEnd",
    (value): value is readonly Callback[] => Array.isArray(value) && value.every(isRecord),
  );

const schema = () =>
  ({
    epochs: integer({ min: 1, default: 1 }),
    batchSize: optional(integer({ min: 1 })),
    shuffle: optional(flag()),
    dropLast: optional(flag()),
    validation: as<Dataset | undefined>(),
    callbacks: optional(callbackList(), []),
    signal,
    maxMs: optional(positive()),
    maxSteps: optional(integer({ min: 1 })),
  }) satisfies Schema<FitOptions>;

/** Philox stream of the sampler; parameters take the streams from 0 up. */
const SAMPLER_STREAM = 0xffff0000;

/** Prepares a last batch that is not full. Throws `ShapeError` where the network needs more samples than it has. */
function prepareRest(trainer: StepTrainer, { length }: Dataset, batchSize: number, kind: TargetKind): void {
  try {
    trainer.prepareStep(length % batchSize, kind);
  } catch (cause) {
    if (!(cause instanceof ShapeError) || length < batchSize) throw cause;
    const last = `The last batch has ${length % batchSize} of ${length} samples in batches of ${batchSize}`;
    throw new ShapeError(
      `${cause.message}. ${last}: dropLast: true leaves it out, another batchSize divides otherwise`,
      {
        cause,
      },
    );
  }
}

export async function fit(trainer: StepTrainer, dataset: Dataset, options?: FitOptions): Promise<History> {
  const { epochs, validation, callbacks, signal, maxMs, maxSteps, ...asked } = readOptions("fit", options, schema);
  const loss = trainer.lossFor("fit");
  const kind = trainer.expectFits("fit", dataset);
  if (validation) trainer.expectFits("fit validation", validation);
  const passage = settlePassage(trainer, dataset, asked);
  const { batchSize, shuffle, dropLast } = passage;
  const stepsPerEpoch = dropLast ? Math.floor(dataset.length / batchSize) : Math.ceil(dataset.length / batchSize);
  if (stepsPerEpoch === 0)
    throw new DataError(
      expectation("fit", "dataset", `at least one batch of ${batchSize} with dropLast`, `${dataset.length} samples`),
    );
  // What a batch lacks shows before the first step: the smaller last one, too.
  const rest = dataset.length % batchSize;
  if (dataset.length >= batchSize) trainer.prepareStep(batchSize, kind);
  if (rest > 0 && !dropLast) prepareRest(trainer, dataset, batchSize, kind);

  const { engine } = trainer.model;
  const started = performance.now();
  const pause = createYielder();
  const history: History = { epochs: [], losses: [], stopped: "finished" };
  const state = trainer.fitState;
  const order = new Uint32Array(dataset.length);

  const mustStop = (): History["stopped"] | null => {
    if (signal?.aborted) return "aborted";
    if (maxSteps !== undefined && history.losses.length >= maxSteps) return "maxSteps";
    if (maxMs !== undefined && performance.now() - started >= maxMs) return "maxMs";
    return null;
  };

  const runBatch = async (batch: number): Promise<StepResult> => {
    const indices = order.subarray(batch * batchSize, (batch + 1) * batchSize);
    await dataset.prefetch?.(indices, state.epoch);
    const step = trainer.prepareStep(indices.length, kind);
    fillBatch("fit", step, loss, dataset, indices, state.epoch);
    return trainer.runStep(step, stepsPerEpoch);
  };

  state.current = { epochInFit: 0, step: 0, lossSum: 0, samples: 0, lr: 0, ...state.current, ...passage };
  trainer.loaded = false;
  const { current } = state;
  const finish = async (stopped: History["stopped"]): Promise<History> => {
    history.stopped = stopped;
    trainer.fitting = false;
    for (const callback of callbacks) await callback.onEnd?.(history);
    return history;
  };
  while (current.epochInFit < epochs) {
    for (let i = 0; i < order.length; i++) order[i] = i;
    if (shuffle) new Philox(engine.seed, SAMPLER_STREAM + state.epoch).shuffle(order);
    const epochStarted = performance.now();
    while (current.step < stepsPerEpoch) {
      const stop = mustStop();
      if (stop) return finish(stop);
      const result = await runBatch(current.step).catch((error) => {
        if (error instanceof NumericError) current.step++; // a further fit leaves the batch out
        throw error;
      });
      const n = Math.min(batchSize, dataset.length - current.step * batchSize);
      current.lossSum += result.loss * n;
      current.samples += n;
      current.lr = result.lr;
      const event = { ...result, epoch: current.epochInFit, step: current.step, stepsPerEpoch, epochs };
      current.step++; // before the callbacks: a checkpoint made there goes on after this step
      history.losses.push(result.loss);
      for (const callback of callbacks) await callback.onStep?.(event);
      await pause();
    }
    const record: EpochRecord = {
      epoch: current.epochInFit,
      loss: current.lossSum / current.samples,
      lr: current.lr,
      ms: performance.now() - epochStarted,
    };
    if (validation) record.validation = await evaluate(trainer, validation, { batchSize });
    history.epochs.push(record);
    state.epoch++;
    Object.assign(current, { epochInFit: current.epochInFit + 1, step: 0, lossSum: 0, samples: 0 });
    for (const callback of callbacks) await callback.onEpoch?.(record);
  }
  state.current = null;
  return finish("finished");
}
