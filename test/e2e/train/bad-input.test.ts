// Bad datasets, options and trainers: typed errors with both values; training goes on afterwards as if nothing had been.
import { describe, expect, it } from "vitest";
import {
  Adam,
  AdamW,
  ArgumentError,
  BatchNorm1d,
  createTrainer,
  crossEntropy,
  DataError,
  type Dataset,
  gradcheck,
  Linear,
  type Model,
  mse,
  NumericError,
  ResnetWasmError,
  Sequential,
  SGD,
  ShapeError,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { blobs, lineDataset } from "../../support/datasets.js";
import { build, weightBits } from "../../support/setups.js";

type Kind = new (message?: string) => Error;
type Refusal = [name: string, misuse: (trainer: Trainer) => unknown, kind: Kind, message: RegExp];

const net = new Sequential(new Linear(4, 8), new BatchNorm1d(8), new Linear(8, 3));
const loss = crossEntropy();
const optimizer = new SGD({ lr: 0.1, momentum: 0.9 });
const make = async () => createTrainer(await build(net, [4]), { loss, optimizer });

const dataset = (change: object): Dataset => ({ ...blobs(9), ...change }) as Dataset;
const fitting = (change: object, options?: object) => (trainer: Trainer) => trainer.fit(dataset(change), options);
const withLabels = (label: number, input = 0.5) => ({
  get: (_: unknown, x: Float32Array, y: Int32Array) => {
    x.fill(input);
    y.fill(label);
  },
});

const datasets: Refusal[] = [
  [
    "none",
    (trainer) => (trainer.fit as (x?: unknown) => unknown)(),
    DataError,
    /dataset expected a Dataset.* got undefined/,
  ],
  ["null", (trainer) => trainer.fit(null as never), DataError, /got null/],
  ["no Dataset", (trainer) => trainer.fit([1, 2, 3] as never), DataError, /got \[1, 2, 3\]/],
  ["an empty one", fitting({ length: 0 }), DataError, /at least one sample, got 0/],
  ["a broken length", fitting({ length: 1.5 }), DataError, /dataset\.length expected a number, got 1\.5/],
  ["no get", fitting({ get: undefined }), DataError, /dataset expected a Dataset/],
  [
    "targets of no kind",
    fitting({ targets: "labels" }),
    DataError,
    /targets expected "class" or "values", got "labels"/,
  ],
  [
    "another input shape",
    fitting({ inputShape: [2, 2] }),
    ShapeError,
    /dataset\.inputShape expected \[4\], got \[2, 2\]/,
  ],
  [
    "too many classes",
    fitting({ classes: 4 }),
    ShapeError,
    /dataset\.classes expected at most 3, the network's outputs, got 4/,
  ],
  [
    "rows of another width",
    fitting({ targets: "values", targetShape: [2] }),
    ShapeError,
    /dataset\.targetShape expected \[3\], got \[2\]/,
  ],
  ["a class out of range", fitting(withLabels(3)), DataError, /labels\[0\] expected a class from 0 to 2, got 3/],
  ["a negative class", fitting(withLabels(-1)), DataError, /got -1/],
  ["NaN in the inputs", fitting(withLabels(0, NaN)), NumericError, /step 1: loss NaN; first not finite: the input/],
  [
    "a last batch of one, for BatchNorm",
    fitting({}, { batchSize: 4 }),
    ShapeError,
    /1: values per channel expected more than 1 when training, got 1/,
  ],
  [
    "no full batch",
    fitting({}, { batchSize: 10, dropLast: true }),
    DataError,
    /at least one batch of 10 with dropLast, got 9 samples/,
  ],
  [
    "an empty validation set",
    fitting({}, { validation: dataset({ length: 0 }) }),
    DataError,
    /validation: dataset expected at least one sample/,
  ],
  [
    "validation of another shape",
    fitting({}, { validation: dataset({ inputShape: [5] }) }),
    ShapeError,
    /fit validation: dataset\.inputShape expected \[4\], got \[5\]/,
  ],
  ["nothing to evaluate", (trainer) => trainer.evaluate(undefined as never), DataError, /evaluate: dataset expected/],
  [
    "an empty set to evaluate",
    (trainer) => trainer.evaluate(dataset({ length: 0 })),
    DataError,
    /at least one sample, got 0/,
  ],
  [
    "regression by classes",
    (trainer) => createTrainer(trainer.model, { loss: mse(), optimizer }).fit(blobs(9)),
    ShapeError,
    /dataset\.targets expected values for mse, got indices/,
  ],
  [
    "classes by numbers of another width",
    (trainer) => trainer.fit({ ...lineDataset(4), inputShape: [4] }),
    ShapeError,
    /targetShape expected \[3\], got \[1\]/,
  ],
];

const options: Refusal[] = [
  ["batch size 0", fitting({}, { batchSize: 0 }), ArgumentError, /batchSize expected an integer of at least 1, got 0/],
  ["half a batch", fitting({}, { batchSize: 2.5 }), ArgumentError, /got 2\.5/],
  ["no epoch", fitting({}, { epochs: 0 }), ArgumentError, /epochs .* got 0/],
  ["a misspelt option", fitting({}, { epoch: 3 }), ArgumentError, /option expected epochs, .* got "epoch"/],
  ["negative time", fitting({}, { maxMs: -1 }), ArgumentError, /maxMs .* got -1/],
  ["no step", fitting({}, { maxSteps: 0 }), ArgumentError, /maxSteps .* got 0/],
  ["shuffle: 1", fitting({}, { shuffle: 1 }), ArgumentError, /shuffle expected true or false, got 1/],
  ["a callback alone", fitting({}, { callbacks: { onStep() {} } }), ArgumentError, /callbacks expected an array/],
  [
    "a null callback",
    fitting({}, { callbacks: [null] }),
    ArgumentError,
    /callbacks\[0\] expected an object with onStep, .* got null/,
  ],
  [
    "a function that callbacks of others have",
    fitting({}, { callbacks: [{ onEpochEnd() {} }] }),
    ArgumentError,
    /callbacks\[0\] expected onBegin, onStep, .* got "onEpochEnd"\. Did you mean "onEpoch"/,
  ],
  [
    "a misspelt function in a class of one's own",
    fitting(
      {},
      {
        callbacks: [
          new (class {
            onepoch() {}
          })(),
        ],
      },
    ),
    ArgumentError,
    /got "onepoch"\. Did you mean "onEpoch"/,
  ],
  [
    "a callback whose function is none",
    fitting({}, { callbacks: [{ onStep: console }] }),
    ArgumentError,
    /callbacks\[0\] expected onStep to be a function/,
  ],
  ["a signal that is none", fitting({}, { signal: {} }), ArgumentError, /signal expected an AbortSignal, got \{\}/],
  [
    "an evaluation by no batch",
    (trainer) => trainer.evaluate(blobs(9), { batchSize: -1 }),
    ArgumentError,
    /batchSize .* got -1/,
  ],
  [
    "an unknown option of evaluate",
    (trainer) => trainer.evaluate(blobs(9), { batch: 1 } as never),
    ArgumentError,
    /got "batch"/,
  ],
];

const create = (change: object) => (trainer: Trainer) =>
  createTrainer(trainer.model, { loss, optimizer, ...change } as never);

const trainers: Refusal[] = [
  [
    "no model",
    () => createTrainer({} as Model, { loss, optimizer }),
    ArgumentError,
    /model expected a model from createModel or loadModel/,
  ],
  [
    "no options",
    (trainer) => createTrainer(trainer.model, undefined as never),
    ArgumentError,
    /createTrainer: optimizer expected an optimiser, such as new SGD\(\{ lr: 0\.1 \}\), got undefined/,
  ],
  ["a loss that was not called", create({ loss: crossEntropy }), ArgumentError, /loss expected .* got a function/],
  [
    "an optimiser by name",
    create({ optimizer: "sgd" }),
    ArgumentError,
    /optimizer expected an optimiser, such as new SGD\(\{ lr: 0\.1 \}\), got "sgd"/,
  ],
  ["an unknown option", create({ clip: 1 }), ArgumentError, /option expected loss, .* got "clip"/],
  ["clipping to 0", create({ clipGradNorm: 0 }), ArgumentError, /clipGradNorm .* got 0/],
  ["an average that never moves", create({ ema: 1 }), ArgumentError, /ema expected a number in \[0, 1\), got 1/],
  ["a schedule that was not called", create({ schedule: () => 1 }), ArgumentError, /schedule expected a schedule/],
  [
    "a group by a path that is none",
    create({ groups: [{ match: "bias" }] }),
    ArgumentError,
    /groups\[0\]\.match expected the path of a layer or parameter, got bias/,
  ],
  [
    "a group by number",
    create({ groups: [{ match: 7 }] }),
    ArgumentError,
    /groups\[0\]\.match expected a path, a regular expression or a function, got 7/,
  ],
  [
    "a group with negative rate",
    create({ groups: [{ match: /x/, lrScale: -1 }] }),
    ArgumentError,
    /groups\[0\]\.lrScale .* got -1/,
  ],
  [
    "an optimiser in place of the loss",
    create({ loss: new SGD({ lr: 1 }) }),
    ArgumentError,
    /loss expected crossEntropy\(\), .* got a SGD/,
  ],
  [
    "a loss in place of the optimiser",
    create({ optimizer: crossEntropy() }),
    ArgumentError,
    /optimizer expected an optimiser, such as new SGD/,
  ],
  ["loss and optimiser swapped", create({ loss: new Adam(), optimizer: mse() }), ArgumentError, /loss expected/],
  [
    "averages that nobody keeps",
    (trainer) => trainer.emaStateDict(),
    ArgumentError,
    /ema expected an average given to createTrainer, got none/,
  ],
  [
    "no learning rate",
    () => new SGD({} as never),
    ArgumentError,
    /lr expected a number in \[0, Infinity\], got undefined/,
  ],
  ["a negative learning rate", () => new SGD({ lr: -0.1 }), ArgumentError, /lr .* got -0\.1/],
  ["NaN for a learning rate", () => new Adam({ lr: NaN }), ArgumentError, /lr .* got NaN/],
  [
    "Nesterov without momentum",
    () => new SGD({ lr: 1, nesterov: true }),
    ArgumentError,
    /nesterov expected momentum above 0 and dampening 0, got momentum 0/,
  ],
  [
    "a beta of 1",
    () => new Adam({ betas: [0.9, 1] }),
    ArgumentError,
    /betas\[1\] expected a number in \[0, 1\), got 1/,
  ],
  ["null for options", () => new AdamW(null as never), ArgumentError, /options expected an object, got null/],
  ["negative decay", () => new AdamW({ weightDecay: -1 }), ArgumentError, /weightDecay .* got -1/],
  [
    "smoothing beyond 1",
    () => crossEntropy({ labelSmoothing: 2 }),
    ArgumentError,
    /labelSmoothing expected a number in \[0, 1\], got 2/,
  ],
  ["gradcheck of nothing", () => gradcheck(undefined as never), ArgumentError, /model expected/],
];

describe.each([
  ["datasets", datasets],
  ["options", options],
  ["trainers", trainers],
] as const)("%s", (_, refusals) => {
  it.each(refusals.map(([name, ...rest]) => [name, rest] as const))("%s", async (_name, [misuse, kind, message]) => {
    const [trainer, untouched] = [await make(), await make()];
    const before = weightBits(trainer.model);
    const error = await (async () => misuse(trainer))().catch((thrown: unknown) => thrown as Error);
    expect((error as Error)?.message).toMatch(message);
    expect(error).toBeInstanceOf(kind);
    expect(error).toBeInstanceOf(ResnetWasmError);
    expect(weightBits(trainer.model)).toBe(before);
    const histories = [];
    for (const each of [trainer, untouched])
      histories.push((await each.fit(blobs(20), { epochs: 2, batchSize: 5, shuffle: false })).losses);
    expect(histories[0].length).toBe(8);
    expect(histories[0]).toEqual(histories[1]);
    expect(weightBits(trainer.model)).toBe(weightBits(untouched.model));
  });
});
