/** Finds a learning rate by trying all of them (Smith 2017, "Cyclical Learning Rates for Training Neural Networks"). */
import { ArgumentError, expectation, NumericError } from "../core/errors.js";
import { exp, log } from "../core/math.js";
import { integer, number, positive, type Read, readOptions, type Schema, signal } from "../core/options.js";
import { Philox } from "../core/random.js";
import { createYielder } from "../core/yield.js";
import { type Dataset, sampleWeights } from "../data/dataset.js";
import type { TargetKind } from "../nn/losses.js";
import { fillBatch, load, weighBatch } from "./batch.js";
import { Limits } from "./limits.js";
import { Trainer } from "./trainer.js";

export interface FindLearningRateOptions {
  /** The first rate. Default 1e-6. */
  min?: number;
  /** The last. Default 10. */
  max?: number;
  /** How many are tried, a step each. Default 100. */
  steps?: number;
  /** Samples of a step, or of each part that the trainer accumulates. Default 32, as `fit`; at most the dataset. */
  batchSize?: number;
  /** It ends where the smoothed loss is more than so many times its least. Default 4. */
  diverged?: number;
  /** Stops with the signal's reason as an error. */
  signal?: AbortSignal;
}

/** What `findLearningRate` found. */
export interface LearningRates {
  /** The rate of each step, its loss before the update, and the loss with those before, smoothed. */
  curve: { lr: number; loss: number; smooth: number }[];
  /** Where the smoothed loss falls fastest over the logarithm of the rate; undefined where it does not fall. */
  suggestion: number | undefined;
}

const where = "findLearningRate";

const schema = () =>
  ({
    min: positive(1e-6),
    max: positive(10),
    steps: integer({ min: 8, default: 100 }),
    batchSize: integer({ min: 1, default: 32 }),
    diverged: number({ min: 1, open: "min", default: 4 }),
    signal,
  }) satisfies Schema<FindLearningRateOptions>;

/** Weight of all steps before in the smoothed loss. */
const SMOOTHING = 0.9;
/** Steps on either side between which a slope is taken. */
const REACH = 4;
/** Philox stream of the order of samples, which no other use has. */
const STREAM = 0xfffe0000;

/**
 * Trains for some steps with a learning rate that rises from one to the next, whatever the schedule, and suggests the one at which the
 * loss falls fastest. Model, optimiser, averages and random state are as before afterwards. Where the loss rises soon, try a
 * larger batch; where nothing is suggested, look at the curve.
 *
 * ```ts
 * const { suggestion } = await findLearningRate(trainer, data);
 * ```
 *
 * @example
 * const { suggestion } = await findLearningRate(trainer, dataset, { batchSize: 8 });
 */
export async function findLearningRate(
  trainer: Trainer,
  dataset: Dataset,
  options?: FindLearningRateOptions,
): Promise<LearningRates> {
  const settings = readOptions(where, options, schema);
  if (!(trainer instanceof Trainer))
    throw new ArgumentError(expectation(where, "trainer", "one from createTrainer of this entry", trainer));
  const kind = trainer.expectFits(where, dataset);
  const before = await trainer.save();
  const { loaded, largestBatch, callbackStates, model } = trainer;
  const { temperature } = model;
  trainer.expectIdle(where);
  const putBack = async () => {
    trainer.fitting = false;
    const refusal = await trainer.restore(before, {});
    if (refusal) throw refusal;
    Object.assign(trainer, { loaded, largestBatch, callbackStates });
    model.temperature = temperature;
  };
  trainer.fitting = true;
  try {
    const curve = await climb(trainer, dataset, kind, settings);
    return { curve, suggestion: steepest(curve) };
  } finally {
    await putBack();
  }
}

async function climb(
  trainer: Trainer,
  dataset: Dataset,
  kind: TargetKind,
  settings: Read<ReturnType<typeof schema>>,
): Promise<LearningRates["curve"]> {
  const { min, max, steps, diverged } = settings;
  const samples = Math.min(settings.batchSize * trainer.accumulate, dataset.length);
  const loss = trainer.lossFor(where);
  const limits = new Limits({ signal: settings.signal });
  const pause = createYielder();
  const random = new Philox(trainer.model.engine.seed, STREAM);
  const order = Uint32Array.from({ length: dataset.length }, (_, i) => i);
  const perEpoch = Math.floor(dataset.length / samples);
  const curve: LearningRates["curve"] = [];
  let [mean, begun] = [0, 1];
  let least = Infinity;
  for (let i = 0; i < steps; i++) {
    const [epoch, at] = [Math.floor(i / perEpoch), (i % perEpoch) * samples];
    if (at === 0) random.shuffle(order);
    const batch = order.subarray(at, at + samples);
    const lr = exp(log(min) + (log(max) - log(min)) * (i / (steps - 1)));
    let told = Number.NaN;
    try {
      for (let from = 0; from < samples; from += settings.batchSize) {
        const indices = batch.subarray(from, from + settings.batchSize);
        if (limits.beforeBatch() ?? (await load(dataset, indices, epoch, limits))) throw settings.signal?.reason;
        const step = trainer.prepareStep(indices.length, kind, dataset.getWeights !== undefined);
        fillBatch(where, step, loss, dataset, indices, epoch);
        const weight = weighBatch(step, loss, sampleWeights(where, dataset, indices));
        told = trainer.takePart(step, weight, samples, { lr })?.result.loss ?? told;
      }
    } catch (error) {
      if (error instanceof NumericError) break; // diverged
      throw error;
    } finally {
      trainer.dropParts();
    }
    // An exponential mean, without the weight of the zero that it began from (Kingma & Ba 2015, section 3).
    mean = SMOOTHING * mean + (1 - SMOOTHING) * told;
    begun *= SMOOTHING;
    const smooth = mean / (1 - begun);
    least = Math.min(least, smooth);
    curve.push({ lr, loss: told, smooth });
    if (smooth > diverged * least) break;
    await pause();
  }
  return curve;
}

/** Before the least smoothed loss: where its slope over the logarithm of the rate, which rises evenly, is most negative. */
function steepest(curve: LearningRates["curve"]): number | undefined {
  const end = curve.reduce((best, { smooth }, i) => (smooth < curve[best].smooth ? i : best), 0);
  let found: number | undefined;
  let slope = 0;
  for (let i = REACH; i <= end; i++) {
    const to = Math.min(curve.length - 1, i + REACH);
    const rise = (curve[to].smooth - curve[i - REACH].smooth) / (to - i + REACH);
    if (rise < slope) [found, slope] = [curve[i].lr, rise];
  }
  return found;
}
