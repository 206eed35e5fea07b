/** The training loop: epochs, batches, validation, callbacks, and the ways to stop early. */
import { now } from "../core/ability.js";
import { DataError, expectation, NumericError } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { as, flag, integer, optional, positive, readOptions, type Schema, signal } from "../core/options.js";
import { Philox } from "../core/random.js";
import { createYielder } from "../core/yield.js";
import { type Dataset, sampleWeights } from "../data/dataset.js";
import type { BatchAugmentation } from "../data/image/augment.js";
import type { Metric } from "../metrics/metric.js";
import { classNamesOf, expectClassNames } from "../model/class-names.js";
import type { Store } from "../stores/store.js";
import { fillBatch, load, prepareRest, weighBatch } from "./batch.js";
import { expectTransformed } from "./belongs.js";
import type { Callback, EpochRecord, FitFacts, FitListener, History, Verdict } from "./callback.js";
import type { ResumeOptions } from "./callbacks/keeping.js";
import type { Limits, Stopped } from "./limits.js";
import { leaveFit, settlePassage } from "./resume.js";
import type { StepTrainer } from "./step-trainer.js";

/** How `fit` goes through a dataset, and when it stops. */
export interface FitOptions {
  /** Another number than that of an interrupted fit begins a new one. Default: that of an interrupted fit, else 1. */
  epochs?: number;
  /** Default: that of an interrupted fit that goes on, else 32. */
  batchSize?: number;
  /** A new order each epoch, from the model's seed. Default: that of an interrupted fit that goes on, else true. */
  shuffle?: boolean;
  /** Leave out a last batch that is not full. Default: that of an interrupted fit that goes on, else false. */
  dropLast?: boolean;
  /** Evaluated after each epoch. */
  validation?: Dataset;
  /** What else validation measures, with functions of `resnet-wasm/metrics`. */
  metrics?: readonly Metric[];
  /**
   * Mixes the samples of each batch and their targets, which become rows of probabilities: `mixup()` or `cutmix()` of
   * `resnet-wasm/data`, or several of them in that order.
   */
  mix?: BatchAugmentation | readonly BatchAugmentation[];
  /** Called in this order. */
  callbacks?: readonly Callback[];
  /**
   * Goes on where the last process stopped: from the newest checkpoint of a store that is whole, where there is one, and keeps
   * checkpoints there. A fit that has come to its end is not done again. `history.epochs` has all epochs of the run.
   */
  resume?: Store | ResumeOptions;
  /** Stops after the batch that runs, also of validation, or at once where the dataset is loading one. */
  signal?: AbortSignal;
  /** Stops when this much time has passed since the call, as `signal` does, but not before a first batch. */
  maxMs?: number;
  /** Stops after this many steps of this call. */
  maxSteps?: number;
  /** Train at the factor that the schedule ends with, and for most of a fit at 0. Default false: both are refused. */
  pastSchedule?: boolean;
}

const schema = () =>
  ({
    epochs: optional(integer({ min: 1 })),
    batchSize: optional(integer({ min: 1 })),
    shuffle: optional(flag()),
    dropLast: optional(flag()),
    validation: as<Dataset | undefined>(),
    metrics: as<readonly Metric[] | undefined>(),
    // Whoever calls `fit` has seen to these.
    callbacks: as<readonly Callback[] | undefined>(),
    mix: as<FitOptions["mix"]>(),
    resume: as<FitOptions["resume"]>(),
    signal,
    maxMs: optional(positive()),
    maxSteps: optional(integer({ min: 1 })),
    pastSchedule: flag(false),
  }) satisfies Schema<FitOptions>;

/** Philox stream of the sampler; parameters take the streams from 0 up. */
const SAMPLER_STREAM = 0xffff0000;

interface Order {
  epoch: number;
  shuffle: boolean;
  indices: Uint32Array;
}

/** The order of the epoch that a trainer is in; kept, as a long dataset is shuffled in more time than some calls have. */
const orders = new WeakMap<StepTrainer, Order>();

function orderOf(trainer: StepTrainer, length: number, shuffle: boolean): Uint32Array {
  const { epoch } = trainer.fitState;
  const last = orders.get(trainer);
  if (last?.epoch === epoch && last.shuffle === shuffle && last.indices.length === length) return last.indices;
  const indices = Uint32Array.from({ length }, (_, i) => i);
  if (shuffle) new Philox(trainer.model.engine.seed, SAMPLER_STREAM + epoch).shuffle(indices);
  orders.set(trainer, { epoch, shuffle, indices });
  return indices;
}

/** What a fit does where there are no callbacks. */
const GO: Verdict = { stop: false, lrScale: 1 };

/** What stops a fit early, on demand: nothing does where nobody asks for it. */
async function limitsOf(given: Pick<FitOptions, "signal" | "maxMs" | "maxSteps">): Promise<Limits | undefined> {
  if (given.signal === undefined && given.maxMs === undefined && given.maxSteps === undefined) return undefined;
  const { Limits } = await demanded("fit", import("./limits.js"));
  return new Limits(given);
}

export async function fit(
  trainer: StepTrainer,
  dataset: Dataset,
  options: FitOptions | undefined,
  listener?: FitListener,
): Promise<History> {
  const { validation, metrics, pastSchedule, ...given } = readOptions("fit", options, schema);
  const loss = trainer.lossFor("fit");
  const kind = trainer.expectFits("fit", dataset);
  const classNames = classNamesOf(dataset);
  expectClassNames("fit", trainer.classNames, classNames);
  const measures = validation !== undefined || metrics !== undefined;
  const part = measures ? await demanded("fit", import("./validation.js")) : null; // before the first step, not after an epoch
  const validated = part && new part.Validation(trainer, { validation, metrics }, classNames);
  await expectTransformed("fit", trainer.model, dataset, ...(validation ? [validation] : []));
  const { passage, goesOn } = await settlePassage(trainer, dataset, given);
  const { epochs, batchSize, shuffle, dropLast } = passage;
  const samplesPerStep = batchSize * trainer.accumulate;
  const steps = dataset.length / samplesPerStep;
  const stepsPerEpoch = dropLast ? Math.floor(steps) : Math.ceil(steps);
  if (stepsPerEpoch === 0) {
    const expected = `at least one batch of ${samplesPerStep} with dropLast`;
    throw new DataError(expectation("fit", "dataset", expected, `${dataset.length} samples`));
  }
  // What a batch lacks shows before the first step: the smaller last one, too.
  const rest = dataset.length % batchSize;
  const prepare = (n: number) => trainer.prepareStep(n, kind, dataset.getWeights !== undefined);
  if (dataset.length >= batchSize) prepare(batchSize);
  if (rest > 0 && !dropLast) prepareRest("fit", dataset, batchSize, prepare);

  const limits = await limitsOf(given);
  const waiting = await limitsOf({ signal: given.signal });
  const pause = createYielder();
  const state = trainer.fitState;
  state.completed ??= state.epoch;
  if (!goesOn && !pastSchedule && trainer.schedule.type !== "constant") {
    const { expectRates } = await demanded("fit", import("./rates.js"));
    expectRates(trainer, stepsPerEpoch, epochs);
  }
  const watched = await validated?.begin(batchSize, listener?.measure);
  const monitors: FitFacts["monitors"] = { loss: "min", ...watched };
  let verdict = GO;
  const facts = { epochs, stepsPerEpoch, monitors, goesOn, loaded: goesOn && trainer.loaded };
  if (listener) verdict = await listener.begin(facts);
  else trainer.callbackStates = () => ({});
  trainer.nameClasses(classNames);
  if (!goesOn) leaveFit(trainer); // nothing refuses this fit any more
  state.current = { epochInFit: 0, step: 0, lossSum: 0, samples: 0, lr: 0, ...state.current, ...passage };
  trainer.loaded = false;
  const { current } = state;
  const from = { epoch: current.epochInFit, step: current.step };
  const history: History = { epochs: [], losses: [], from, stopped: "finished" };

  const runBatch = async (order: Uint32Array): Promise<NonNullable<ReturnType<typeof trainer.takePart>> | Stopped> => {
    const batch = order.subarray(current.step * samplesPerStep, (current.step + 1) * samplesPerStep);
    for (let at = 0; ; at += batchSize) {
      const indices = batch.subarray(at, at + batchSize);
      // Time is heard between steps only, so that calls in a row come to an end.
      const within = at === 0 ? limits : waiting;
      const next = order.subarray(current.step * samplesPerStep + at + indices.length, stepsPerEpoch * samplesPerStep);
      const stopped = within?.beforeBatch() ?? (await load(dataset, indices, state.epoch, within, next));
      if (stopped) return stopped;
      const step = prepare(indices.length);
      fillBatch("fit", step, loss, dataset, indices, state.epoch);
      const weight = weighBatch(step, loss, sampleWeights("fit", dataset, indices));
      const { lrScale } = verdict;
      const done = trainer.takePart(step, weight, batch.length, { stepsPerEpoch, epoch: state.completed, lrScale });
      if (done) return done;
      await pause();
    }
  };
  const finish = async (stopped: History["stopped"]): Promise<History> => {
    history.stopped = stopped;
    if (stopped === "finished" || stopped === "callback") {
      leaveFit(trainer);
      orders.delete(trainer);
    }
    trainer.fitting = false;
    await listener?.end(history);
    return history;
  };
  if (verdict.stop) return finish("callback");
  while (current.epochInFit < epochs) {
    const epochStarted = now();
    const order = orderOf(trainer, dataset.length, shuffle);
    while (current.step < stepsPerEpoch) {
      const result =
        limits?.beforeStep() ??
        (await runBatch(order)
          .catch((error) => {
            if (error instanceof NumericError) current.step++; // a further fit leaves the batch out
            throw error;
          })
          .finally(() => trainer.dropParts()));
      if (typeof result === "string") return finish(result);
      const { weight, result: told } = result;
      current.lossSum += told.loss * weight;
      current.samples += weight;
      current.lr = told.lr;
      const event = { ...told, epoch: current.epochInFit, step: current.step, stepsPerEpoch, epochs };
      current.step++; // before the callbacks: a checkpoint made there goes on after this step
      history.losses.push(told.loss);
      limits?.count("step");
      if (listener) verdict = await listener.step(event);
      if (verdict.stop) return finish("callback");
      await pause();
    }
    const record: EpochRecord = {
      epoch: current.epochInFit,
      loss: current.lossSum / (current.samples || 1),
      lr: current.lr,
      ms: now() - epochStarted,
    };
    if (validated) {
      const result = await validated.run(limits);
      if (typeof result === "string") return finish(result);
      record.validation = result;
    }
    history.epochs.push(record);
    state.epoch++;
    state.completed++;
    Object.assign(current, { epochInFit: current.epochInFit + 1, step: 0, lossSum: 0, samples: 0 });
    if (listener) verdict = await listener.epoch(record);
    if (verdict.stop) return finish("callback");
  }
  return finish("finished");
}
