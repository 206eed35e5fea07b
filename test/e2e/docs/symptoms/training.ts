// Symptoms of training: options, schedules, stopping, evaluation.
import { vi } from "vitest";
import { arrayDataset, type ClassDataset, subset } from "../../../../src/faces/data.js";
import {
  BatchNorm1d,
  cosineAnnealing,
  createTrainer,
  crossEntropy,
  type Dataset,
  ema,
  Linear,
  recalibrate,
  Sequential,
  SGD,
  type TrainerOptions,
} from "../../../../src/hosts/node/index.js";
import type { Section } from "./symptom.js";

import { linear, pair, sixteen, trainerOf } from "./trainers.js";

const normed = (more: Partial<TrainerOptions> = {}) =>
  trainerOf(new Sequential(new BatchNorm1d(2), new Linear(2, 3)), [2], crossEntropy(), more);

export const STOPPING: Section = {
  title: "Schedules and stopping",
  symptoms: [
    {
      symptom: "`schedule expected one that has not come to its end`",
      cause: "a further `fit` after as many steps or epochs as the schedule has",
      cure: "a trainer with a schedule for what is to come (its checkpoint loads with `override`), or `pastSchedule: true`, which goes on at the last factor",
      provoke: async () => {
        const trainer = await linear({ schedule: cosineAnnealing({ tMax: 2 }) });
        await trainer.fit(sixteen, { batchSize: 8 });
        return trainer.fit(sixteen, { batchSize: 8 });
      },
      cured: async () => {
        const trainer = await linear({ schedule: cosineAnnealing({ tMax: 2 }) });
        await trainer.fit(sixteen, { batchSize: 8 });
        return trainer.fit(sixteen, { batchSize: 8, pastSchedule: true });
      },
    },
    {
      symptom: "`a factor above 0 for most of the fit`",
      cause: "a number that is meant in epochs counts steps",
      cure: '`unit: "epochs"`, or epochs times steps an epoch',
      provoke: async () =>
        (await linear({ schedule: cosineAnnealing({ tMax: 3 }) })).fit(sixteen, { epochs: 3, batchSize: 2 }),
      cured: async () =>
        (await linear({ schedule: cosineAnnealing({ tMax: 3, unit: "epochs" }) })).fit(sixteen, {
          epochs: 3,
          batchSize: 2,
        }),
    },
    {
      symptom: "The last steps of a further `fit` seem to be missing",
      cause: "it went on with one that was stopped: `history.from` is not 0, 0",
      cure: "ask for another number of `epochs`: that many are run anew",
      provoke: async () => {
        const trainer = await linear();
        await trainer.fit(sixteen, { epochs: 2, batchSize: 4, maxSteps: 3 });
        const { losses, from } = await trainer.fit(sixteen, { epochs: 2, batchSize: 4 });
        return losses.length === 5 && from.step === 3;
      },
      cured: async () => {
        const trainer = await linear();
        await trainer.fit(sixteen, { epochs: 2, batchSize: 4, maxSteps: 3 });
        return (await trainer.fit(sixteen, { epochs: 3, batchSize: 4 })).losses.length === 12;
      },
    },
    {
      symptom: "`history` lacks the last epoch after a stop",
      cause: "the stop came during its validation",
      cure: "a further `fit` ends the validation where it stopped",
      provoke: async () => {
        const { trainer, validation, controller } = await stoppedInValidation();
        const { epochs, losses } = await trainer.fit(sixteen, { validation, batchSize: 16, signal: controller.signal });
        return epochs.length === 0 && losses.length === 1;
      },
      cured: async () => {
        const { trainer, validation, controller } = await stoppedInValidation();
        await trainer.fit(sixteen, { validation, batchSize: 16, signal: controller.signal });
        const { epochs, losses } = await trainer.fit(sixteen, { validation, batchSize: 16 });
        return epochs.length === 1 && losses.length === 0 && epochs[0].validation?.samples === 16;
      },
    },
    {
      symptom: "`The last batch has N of M samples in batches of N: dropLast: true leaves it out`",
      cause: "BatchNorm has no statistics of one value, and the last batch has one sample",
      cure: "`dropLast: true`; another `batchSize`; a normalisation without statistics of the batch, such as `GroupNorm`",
      provoke: async () => (await normed()).fit(sixteen, { batchSize: 5 }),
      cured: async () => (await normed()).fit(sixteen, { batchSize: 5, dropLast: true }),
    },
    {
      symptom: "`maxMs expected a clock that goes`",
      cause: "some edge workers stop the clock while they compute",
      cure: "`maxSteps`",
      provoke: () => atOneTime(async () => (await linear()).fit(sixteen, { epochs: 1e6, batchSize: 4, maxMs: 100 })),
      cured: () => atOneTime(async () => (await linear()).fit(sixteen, { epochs: 1e6, batchSize: 4, maxSteps: 10 })),
    },
    {
      symptom: "`fit: dataset and batches expected those of the fit in the checkpoint`",
      cause: "a checkpoint of a fit that was interrupted is gone on with by other samples, batches or epochs",
      cure: 'the same dataset and options; or `trainer.load(bytes, { override: ["fit"] })`, which begins a new fit',
      provoke: async () => {
        const [trainer, bytes] = [await linear(), await interrupted()];
        await trainer.load(bytes);
        return trainer.fit(sixteen, { batchSize: 8 });
      },
      cured: async () => {
        const [trainer, bytes] = [await linear(), await interrupted()];
        await trainer.load(bytes, { override: ["fit"] });
        return trainer.fit(sixteen, { batchSize: 8 });
      },
    },
    {
      symptom: "`trainer.load: checkpoint: optimizer.lr expected N, got M`",
      cause: "the trainer was made otherwise than the one that was saved",
      cure: 'the same options; or `trainer.load(bytes, { override: ["lr"] })` for what is meant to differ',
      provoke: async () => (await linear({ optimizer: new SGD({ lr: 0.2 }) })).load(await interrupted()),
      cured: async () =>
        (await linear({ optimizer: new SGD({ lr: 0.2 }) })).load(await interrupted(), { override: ["lr"] }),
    },
  ],
};

async function atOneTime<T>(work: () => Promise<T>): Promise<T> {
  const clock = vi.spyOn(performance, "now").mockReturnValue(5);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

async function interrupted(): Promise<Uint8Array> {
  const trainer = await linear();
  await trainer.fit(sixteen, { batchSize: 4, maxSteps: 2 });
  return trainer.save();
}

async function stoppedInValidation() {
  const controller = new AbortController();
  let batches = 0;
  const validation: Dataset = {
    ...sixteen,
    prefetch: async () => {
      if (++batches === 1) controller.abort();
    },
  };
  return { trainer: await linear(), validation, controller };
}

/** Far from 0, so that running statistics matter. */
const far: ClassDataset = arrayDataset({
  x: Float32Array.from({ length: 2 * 60 }, (_, i) => 50 + 5 * Math.sin(i * 1.3)),
  y: Array.from({ length: 60 }, (_, i) => i % 3),
  classes: 3,
  inputShape: [2],
});

/** Losses of evaluation before and after the statistics were gathered anew. */
async function recalibrated(average: boolean): Promise<[before: number, after: number]> {
  const trainer = await normed(average ? { ema: ema({ decay: 0.9, warmup: true }) } : {});
  await trainer.fit(far, { epochs: 2, batchSize: 20 });
  if (average) trainer.model.loadStateDict(trainer.emaStateDict());
  const before = await trainer.evaluate(far);
  await recalibrate(trainer.model, far, { batchSize: 20 });
  return [before.loss, (await trainer.evaluate(far)).loss];
}

/** How far an average is from the weights after forty steps. */
async function distance(average: TrainerOptions["ema"]): Promise<number> {
  const trainer = await linear({ ema: average });
  await trainer.fit(sixteen, { epochs: 40, batchSize: 16 });
  const now = trainer.model.stateDict().get("weight")?.data ?? [];
  const mean = trainer.emaStateDict().get("weight")?.data ?? [];
  return Math.hypot(...Array.from(now, (value, i) => value - mean[i]));
}

export const EVALUATION: Section = {
  title: "Evaluation",
  symptoms: [
    {
      symptom: "`loss` is NaN and `nonFinite` is there",
      cause: "the network puts out NaN, which counts as wrong in `accuracy`",
      cure: "look for the input: `activations` shows the first layer; a lower learning rate before it happened",
      provoke: async () => {
        const { loss, nonFinite, accuracy } = await (await linear()).evaluate(withNaN);
        return Number.isNaN(loss) && nonFinite === 1 && accuracy < 1;
      },
      cured: async () => !("nonFinite" in (await (await linear()).evaluate(subset(sixteen, [0, 1])))),
    },
    {
      symptom: "Training loss is low, evaluation is far off, after few steps with BatchNorm",
      cause:
        "its running statistics follow a tenth at a step, so that 30 steps or so must pass, and those of the first steps are of other weights",
      cure: "`await recalibrate(model, train)` gathers them anew, the weights as they are",
      provoke: async () => {
        const [before, after] = await recalibrated(false);
        return before > 2 * after;
      },
      cured: async () => (await recalibrated(false))[1] < 1.5,
    },
    {
      symptom: "`emaStateDict` is much worse than the model after a short training",
      cause: "an average with decay d reaches back 1 / (1 - d) steps, and starts from the initial weights",
      cure: "`ema: ema({ decay: 0.999, warmup: true })`, which begins with short ways back; or a decay of at most 1 - 10 / steps",
      provoke: async () => (await distance(0.999)) > 0.1,
      cured: async () => (await distance(ema({ decay: 0.999, warmup: true }))) < 0.3 * (await distance(0.999)),
    },
    {
      symptom: "Averaged weights are loaded, and evaluation is far off",
      cause: "BatchNorm's statistics are those of the last weights, or of few steps",
      cure: "`await recalibrate(model, train)` after `loadStateDict`",
      provoke: async () => {
        const [before, after] = await recalibrated(true);
        return before > after;
      },
      cured: async () => (await recalibrated(true))[1] < 1.5,
    },
    {
      symptom: "A second trainer on a model",
      cause: "each keeps its optimiser's state and averages",
      cure: "nothing to do: they take turns, and share the weights",
      provoke: async () => {
        const first = await linear();
        const second = createTrainer(first.model, {
          loss: crossEntropy(),
          optimizer: new SGD({ lr: 0.1, momentum: 0.9 }),
        });
        await second.fit(sixteen);
        await first.fit(sixteen);
        return second.stepCount === 1 && first.stepCount === 1;
      },
      cured: () => true,
    },
  ],
};

const withNaN: ClassDataset = {
  ...sixteen,
  length: 2,
  get(indices, x, y) {
    sixteen.get(indices, x, y);
    x[0] = Number.NaN;
  },
};

/** What else a trainer is asked for. */
export const ASKED: Section = {
  title: "Options and steps",
  symptoms: [
    {
      symptom: '`got "batch_size". Did you mean "batchSize"?`',
      cause: "an option that there is not; it would have had no effect",
      cure: "the name that is proposed; the message lists all",
      provoke: async () => (await linear()).fit(sixteen, { batch_size: 4 } as never),
      cured: async () => (await linear()).fit(sixteen, { batchSize: 4 }),
    },
    {
      symptom: "`loss and gradients expected finite numbers, got step N: loss NaN; first not finite: the input`",
      cause: "NaN or infinity in the samples; other places, a learning rate that is too high",
      cure: "samples without them; a lower learning rate or `clipGradNorm`; the weights are as before the step",
      provoke: async () => (await linear()).step([[1, Number.POSITIVE_INFINITY]], [0]),
      cured: async () => (await linear()).step([[1, 2]], [0]),
    },
    {
      symptom: "`result expected none, with x and y filled, got a promise`",
      cause: "a dataset whose `get` is async: training would read what is not there yet",
      cure: "load in `prefetch`, which may be async, and copy in `get`",
      provoke: async () => (await linear()).fit({ ...sixteen, get: (async () => {}) as never }),
      cured: async () => (await linear()).fit({ ...sixteen, prefetch: async () => {} }),
    },
    {
      symptom: "`backward: call expected directly after forward`",
      cause: "`predict`, `step` and `evaluate` work in the memory that `backward` needs",
      cure: "`forward`, your gradient, `backward`, in this order",
      provoke: async () => {
        const { model } = await linear();
        model.forward(pair);
        model.predict(pair);
        return model.backward(new Float32Array(6));
      },
      cured: async () => {
        const { model } = await linear();
        model.forward(pair);
        return model.backward(new Float32Array(6));
      },
    },
  ],
};
