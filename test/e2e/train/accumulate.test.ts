// Batches that pass through the network in parts: the step is that of the whole batch, whatever stops in the middle of it.
import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { arrayDataset } from "../../../src/faces/data.js";
import {
  AdamW,
  BatchNorm1d,
  bceWithLogits,
  cosineAnnealing,
  createTrainer,
  crossEntropy,
  type Dataset,
  Dropout,
  freeze,
  huber,
  LayerNorm,
  Linear,
  type Loss,
  mse,
  NumericError,
  ReLU,
  Residual,
  ResnetWasmError,
  Sequential,
  SGD,
  type StepEvent,
  StochasticDepth,
  type Trainer,
  type TrainerOptions,
} from "../../../src/hosts/node/index.js";
import { createTrainer as createWorkerTrainer } from "../../../src/hosts/node/worker.js";
import { indices, uniform } from "../../golden/generator.js";
import { build, type Setup, setups, weightBits } from "../../support/setups.js";
import { openModel, rejection } from "../worker/open.js";

/** Everything that draws random numbers, for values, samples and batches, and no BatchNorm. */
const net = (outputs = 3) => {
  const branch = (mode: "row" | "batch") =>
    new Residual(
      new Sequential(new Linear(9, 9), new LayerNorm(9), new Dropout(0.3), new StochasticDepth(0.2, { mode })),
      { activation: new ReLU() },
    );
  return new Sequential(new Linear(5, 9), new Dropout(0.2), branch("row"), branch("batch"), new Linear(9, outputs));
};

const withNorm = () =>
  new Sequential(new Linear(5, 6), new BatchNorm1d(6), new ReLU(), new Dropout(0.2), new Linear(6, 3));

const N = 300;
const x = uniform("accumulate/x", N * 5);
const y = indices("accumulate/y", N, 3);
const weights = uniform("accumulate/w", N, 1, 1.25);
const classes = (more: object = {}) => arrayDataset({ x, y, inputShape: [5], classes: 3, ...more });
const values = (more: object = {}) =>
  arrayDataset({ x, y: uniform("accumulate/v", N * 3, 0.5, 0.5), inputShape: [5], targetShape: [3], ...more });

const options = (more: Partial<TrainerOptions> = {}): TrainerOptions => ({
  loss: crossEntropy(),
  optimizer: new SGD({ lr: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
  schedule: cosineAnnealing({ tMax: 20 }),
  clipGradNorm: 0.5,
  ema: 0.9,
  ...more,
});

const trainerOf = async (more: Partial<TrainerOptions>, network = net(), setup?: Setup) =>
  createTrainer(await build(network, [5], setup, 7), options(more));

/** Weights and their averages within float32's rounding of a few steps. */
function expectClose(a: Trainer, b: Trainer): void {
  const all = [a, b].map((trainer) =>
    [...trainer.model.stateDict().values(), ...trainer.emaStateDict().values()].flatMap(({ data }) => [...data]),
  );
  for (const [i, value] of all[0].entries()) expect(Math.abs(value - all[1][i])).toBeLessThan(2e-6);
}

/** A digest of everything that training goes on from. */
const bits = async (trainer: Trainer) =>
  createHash("sha256")
    .update(await trainer.save())
    .digest("hex");

describe("4 parts of 32 are a batch of 128", () => {
  it.each([
    ["crossEntropy", () => crossEntropy({ labelSmoothing: 0.1 }), classes],
    [
      "weights of classes and labels to ignore",
      () => crossEntropy({ classWeights: [1, 3, 2], ignoreIndex: 1 }),
      classes,
    ],
    ["weights of samples", crossEntropy, () => classes({ weights })],
    ["probabilities", crossEntropy, () => values({ y: rows() })],
    ["mse", mse, values],
    ["huber of samples with weights", () => huber({ delta: 0.3 }), () => values({ weights })],
    ["bceWithLogits", () => bceWithLogits({ posWeight: [1, 5, 2] }), values],
  ] as [string, () => Loss, () => Dataset][])("by %s, with the last one short", async (_, loss, data) => {
    const [parts, whole] = [await trainerOf({ loss: loss(), accumulate: 4 }), await trainerOf({ loss: loss() })];
    const told: StepEvent[][] = [[], []];
    const fit = (trainer: Trainer, batchSize: number, events: StepEvent[]) =>
      trainer.fit(data(), { batchSize, epochs: 3, callbacks: [{ onStep: (event) => void events.push(event) }] });
    const [a, b] = [await fit(parts, 32, told[0]), await fit(whole, 128, told[1])];
    expect(a.losses).toHaveLength(9);
    expect(parts.stepCount).toBe(9);
    for (const [i, event] of told[0].entries()) {
      const { loss, gradNorm, ...rest } = told[1][i];
      expect(event).toMatchObject(rest);
      expect(Math.abs(event.loss - loss)).toBeLessThan(2e-6);
      expect(Math.abs(event.gradNorm - gradNorm)).toBeLessThan(5e-6);
    }
    for (const [i, { loss, lr }] of a.epochs.entries()) {
      expect(loss).toBeCloseTo(b.epochs[i].loss, 5);
      expect(lr).toBe(b.epochs[i].lr);
    }
    expectClose(parts, whole);
  });

  it("and leave out what does not make a whole one, if asked to", async () => {
    const [parts, whole] = [await trainerOf({ accumulate: 4 }), await trainerOf({})];
    expect((await parts.fit(classes(), { batchSize: 32, dropLast: true })).losses).toHaveLength(2);
    await whole.fit(classes(), { batchSize: 128, dropLast: true });
    expectClose(parts, whole);
    const few = arrayDataset({ x: x.subarray(0, 500), y: y.subarray(0, 100), inputShape: [5], classes: 3 });
    const error = await rejection(parts.fit(few, { batchSize: 32, dropLast: true }));
    expect(error.message).toMatch(/at least one batch of 128 with dropLast, got 100 samples/);
  });

  it("in single steps, cut as equally as can be, and with the same bits as in fit", async () => {
    const [fitted, stepped, whole] = [
      await trainerOf({ accumulate: 3 }),
      await trainerOf({ accumulate: 3 }),
      await trainerOf({}),
    ];
    await fitted.fit(classes({ weights }), { batchSize: 100, shuffle: false });
    const { loss } = stepped.step(x, y, { weights });
    expect(weightBits(stepped.model)).toBe(weightBits(fitted.model));
    expect(loss).toBeCloseTo(whole.step(x, y, { weights }).loss, 5);
    expectClose(stepped, whole);
    for (const n of [1, 2, 4, 7]) {
      const some = [x.subarray(0, n * 5), y.subarray(0, n)] as const;
      expect(stepped.step(...some).loss).toBeCloseTo(whole.step(...some).loss, 5);
    }
    expect(stepped.stepCount).toBe(5);
  });

  it("whose gradients are there afterwards", async () => {
    const [parts, whole] = [await trainerOf({ accumulate: 4 }), await trainerOf({})];
    parts.step(x, y, { weights });
    whole.step(x, y, { weights });
    const expected = whole.model.gradients();
    for (const [name, { data }] of parts.model.gradients())
      for (const [i, value] of data.entries()) expect(Math.abs(value - expected.get(name)!.data[i])).toBeLessThan(1e-6);
  });

  it("where labels of some parts are ignored, or of all", async () => {
    const loss = () => crossEntropy({ ignoreIndex: -1 });
    const [parts, whole] = [await trainerOf({ loss: loss(), accumulate: 4 }), await trainerOf({ loss: loss() })];
    const some = y.map((label, i) => (i < 170 ? -1 : label));
    expect(parts.step(x, some).loss).toBeCloseTo(whole.step(x, some).loss, 5);
    expectClose(parts, whole);
    expect(parts.step(x, some.fill(-1))).toMatchObject({ loss: 0, gradNorm: 0 });
  });
});

function rows(): Float32Array {
  const q = uniform("accumulate/q", N * 3, 0.5, 0.75);
  return q.map((v, i) => v / (q[i - (i % 3)] + q[i - (i % 3) + 1] + q[i - (i % 3) + 2]));
}

it("gives one result with any number of threads", async () => {
  const results = new Map<boolean, string>();
  for (const setup of setups) {
    const trainer = await trainerOf({ accumulate: 4, optimizer: new AdamW({ lr: 0.01 }) }, withNorm(), setup);
    await trainer.fit(classes({ weights }), { batchSize: 20, epochs: 2 });
    const known = results.get(setup.relaxedSimd) ?? (await bits(trainer));
    expect(await bits(trainer)).toBe(known);
    results.set(setup.relaxedSimd, known);
  }
});

describe("BatchNorm", () => {
  it("normalises each part by itself, and its running statistics follow part after part", async () => {
    const network = new Sequential(new Linear(5, 6), new BatchNorm1d(6), new ReLU(), new Linear(6, 3));
    const still = { optimizer: new SGD({ lr: 0 }) };
    const [trainer, each] = [await trainerOf({ ...still, accumulate: 3 }, network), await trainerOf(still, network)];
    const parts = [0, 100, 200].map((at) => [x.subarray(at * 5, (at + 100) * 5), y.subarray(at, at + 100)] as const);
    const { loss } = trainer.step(x, y);
    const losses = parts.map(([input, labels]) => each.step(input, labels).loss);
    expect(loss).toBeCloseTo((losses[0] + losses[1] + losses[2]) / 3, 6);
    expect(weightBits(trainer.model)).toBe(weightBits(each.model));
  });
});

describe("a batch that is not completed", () => {
  const bad = x.slice();
  bad[230 * 5] = Number.NaN;

  it("by a part that is not finite leaves weights, statistics and counters as they were, and says where", async () => {
    const trainer = await trainerOf({ accumulate: 4 }, withNorm());
    trainer.step(x, y);
    const before = await bits(trainer);
    expect(() => trainer.step(bad, y)).toThrow(NumericError);
    expect(() => trainer.step(bad, y)).toThrow(/step 2: loss NaN; first not finite: the input/);
    expect(await bits(trainer)).toBe(before);
    trainer.step(x, y);
    expect(trainer.stepCount).toBe(2);
  });

  it("by gradients that overflow only together does, too", async () => {
    const trainer = createTrainer(await build(new Linear(1, 1, { bias: false }), [1]), {
      ...{ loss: mse(), optimizer: new SGD({ lr: 1e-30 }), accumulate: 2 },
    });
    const before = weightBits(trainer.model);
    expect(() => trainer.step([1.5e19, 1.5e19], [-1.5e19, -1.5e19])).toThrow(NumericError);
    expect(weightBits(trainer.model)).toBe(before);
  });

  it("leaves the batch out when fit goes on", async () => {
    const data = arrayDataset({ x, y, inputShape: [5], classes: 3 });
    const broken = {
      ...data,
      get: (...[i, to, labels]: Parameters<Dataset["get"]>) => {
        data.get(i, to, labels);
        if (Array.from(i).includes(130)) to[0] = Number.NaN;
      },
    };
    const trainer = await trainerOf({ accumulate: 2 }, withNorm());
    const fitting = { batchSize: 50, shuffle: false };
    expect(await rejection(trainer.fit(broken, fitting))).toBeInstanceOf(NumericError);
    expect((await trainer.fit(data, fitting)).losses).toHaveLength(1);
    expect(trainer.stepCount).toBe(2);
  });

  /** A dataset that does something before its n-th batch is loaded. */
  function interrupting(n: number, act: () => void | Promise<void>): Dataset {
    let count = 0;
    return {
      ...classes(),
      get: classes().get,
      async prefetch() {
        if (++count === n) await act();
      },
    };
  }

  it("by a signal is done again, and the end is that of a fit that nothing stopped, bit for bit", async () => {
    const fitting = { batchSize: 20, epochs: 2 };
    const whole = await trainerOf({ accumulate: 4 }, withNorm());
    await whole.fit(
      interrupting(0, () => {}),
      fitting,
    );
    const expected = await bits(whole);
    for (const n of [1, 2, 4, 5, 7, 15, 16, 22]) {
      const controller = new AbortController();
      const trainer = await trainerOf({ accumulate: 4 }, withNorm());
      const data = interrupting(n, () => controller.abort());
      const { stopped, losses } = await trainer.fit(data, { ...fitting, signal: controller.signal });
      expect(stopped).toBe("aborted");
      expect(trainer.partial).toBe(null);
      const rest = await trainer.fit(data, fitting);
      expect(losses.length + rest.losses.length).toBe(8);
      expect(await bits(trainer), `stopped at ${n}`).toBe(expected);
    }
  });

  it("is not of a checkpoint that is saved meanwhile, which goes on with the same bits", async () => {
    const fitting = { batchSize: 20, epochs: 2 };
    for (const n of [2, 4, 5, 18]) {
      const saved: Uint8Array[] = [];
      const trainer: Trainer = await trainerOf({ accumulate: 4 }, withNorm());
      await trainer.fit(
        interrupting(n, async () => void saved.push(await trainer.save())),
        fitting,
      );
      const again = await trainerOf({ accumulate: 4 }, withNorm());
      await again.load(saved[0]);
      expect(again.stepCount).toBe(Math.floor((n - 1) / 4));
      await again.fit(
        interrupting(0, () => {}),
        fitting,
      );
      expect(await bits(again), `saved at ${n}`).toBe(await bits(trainer));
    }
  });

  it("stays by itself: other steps of the model are refused until it is completed", async () => {
    const trainer: Trainer = await trainerOf({ accumulate: 4 });
    const other = createTrainer(trainer.model, options());
    const errors: unknown[] = [];
    const attempt = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        errors.push(error);
      }
    };
    const act = () => {
      attempt(() => trainer.step(x, y));
      attempt(() => other.step(x, y));
      trainer.model.predict(x);
    };
    await trainer.fit(interrupting(3, act), { batchSize: 20 });
    expect(errors).toHaveLength(2);
    for (const error of errors) {
      expect(error).toBeInstanceOf(ResnetWasmError);
      expect((error as Error).message).toMatch(/step: model expected no batch under way/);
    }
    const alone = await trainerOf({ accumulate: 4 });
    await alone.fit(classes(), { batchSize: 20 });
    expect(weightBits(trainer.model)).toBe(weightBits(alone.model));
    other.step(x, y);
  });

  it("is completed when time is up, so that calls in a row come to an end", async () => {
    const trainer = await trainerOf({ accumulate: 4 });
    const slow = { ...classes(), prefetch: () => new Promise<void>((resolve) => setTimeout(resolve, 3)) };
    for (let calls = 0; calls < 40; calls++) {
      const { stopped } = await trainer.fit(slow, { batchSize: 20, maxMs: 4 });
      if (stopped === "finished") break;
    }
    expect(trainer.stepCount).toBe(4);
  });
});

describe("checkpoints", () => {
  it("tell in how many parts batches come", async () => {
    const bytes = await (await trainerOf({ accumulate: 4 })).save();
    const other = await trainerOf({ accumulate: 2 });
    expect((await rejection(other.load(bytes))).message).toMatch(
      /accumulate expected 2, got 4.*override: \["accumulate"\]/,
    );
    await other.load(bytes, { override: ["accumulate"] });
  });
});

it.each([0, -1, 1.5, "4"])("accumulate: %j is refused", async (accumulate) => {
  const error = await rejection(trainerOf({ accumulate: accumulate as number }));
  expect(error.message).toMatch(/createTrainer: accumulate expected an integer of at least 1/);
});

it("works where everything is frozen", async () => {
  const trainer = await trainerOf({ accumulate: 2, ema: undefined } as never, withNorm());
  freeze(trainer.model, () => true);
  const before = weightBits(trainer.model);
  expect(trainer.step(x, y)).toMatchObject({ gradNorm: 0 });
  expect(weightBits(trainer.model)).toBe(before);
});

describe("in a worker", async () => {
  const model = await openModel(withNorm(), { inputShape: [5], seed: 7 });
  afterAll(() => model.dispose());

  it("all of it comes to the same bits", async () => {
    const here = await trainerOf({ accumulate: 4 }, withNorm());
    const there = await createWorkerTrainer(model, options({ accumulate: 4 }));
    const fitting = { batchSize: 16 };
    expect((await there.fit(classes({ weights }), fitting)).losses).toEqual(
      (await here.fit(classes({ weights }), fitting)).losses,
    );
    expect(await there.step(x, y)).toEqual(here.step(x, y));
    const dy = uniform("accumulate/dy", 12);
    for (let i = 0; i < 2; i++) {
      await model.forward(x.subarray(i * 20, i * 20 + 20));
      await model.backward(dy, { accumulate: true });
      here.model.forward(x.subarray(i * 20, i * 20 + 20));
      here.model.backward(dy, { accumulate: true });
    }
    expect(await model.gradients()).toEqual(here.model.gradients());
    expect(Buffer.compare(await there.save(), await here.save())).toBe(0);
  });
});
