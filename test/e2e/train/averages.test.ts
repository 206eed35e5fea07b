// Averages of weights and BatchNorm's statistics: kept, resumed, in workers, and cures of what short trainings leave.
import { afterAll, describe, expect, it } from "vitest";
import { arrayDataset, type ClassDataset } from "../../../src/faces/data.js";
import { recalibrate as recalibrateInWorker } from "../../../src/faces/worker.js";
import {
  Adam,
  BatchNorm1d,
  cifarResNet,
  createTrainer,
  crossEntropy,
  type Dataset,
  Dropout,
  type EvaluateOptions,
  ema,
  freeze,
  type Layer,
  Linear,
  type Model,
  NumericError,
  ReLU,
  Residual,
  recalibrate,
  Sequential,
  SGD,
  ShapeError,
  swa,
  type Trainer,
  type TrainerOptions,
} from "../../../src/hosts/node/index.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { blobs } from "../../support/datasets.js";
import { build, weightBits } from "../../support/setups.js";
import { openModel } from "../worker/open.js";

const norm = () => new BatchNorm1d(8);
const net = () =>
  new Sequential(
    new Linear(4, 8),
    norm(),
    new ReLU(),
    new Residual(new Sequential(new Linear(8, 8), norm(), new Dropout(0.3))),
    new Linear(8, 3),
  );
const make = (network: Layer = net()): Promise<Model> => build(network, [4], undefined, 3);
const trainerOf = async (options: Partial<TrainerOptions> = {}): Promise<Trainer> =>
  createTrainer(await make(), { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }), ...options });

const bits = (state: Iterable<[string, { data: Float32Array }]>) =>
  [...state].map(([name, { data }]) => [name, [...new Int32Array(data.slice().buffer)]]);
const isStatistic = (name: string) => /running|tracked/.test(name);
const statistics = (model: Model) => bits([...model.stateDict()].filter(([name]) => isStatistic(name)));
const weights = (model: Model) => bits([...model.stateDict()].filter(([name]) => !isStatistic(name)));

/** Four points that are far from 0, so that statistics of other data show. */
const far = (length = 200, name = "far"): ClassDataset => {
  const from = blobs(length, 4, 3, name);
  const x = new Float32Array(4 * length);
  const y = new Int32Array(length);
  from.get(
    Uint32Array.from({ length }, (_, i) => i),
    x,
    y,
  );
  return arrayDataset({ x: x.map((value) => 3 * value + 5), y, classes: 3, inputShape: [4] });
};

const kinds: [string, Partial<TrainerOptions>][] = [
  ["ema as a number", { ema: 0.9 }],
  ["ema", { ema: ema({ decay: 0.9 }) }],
  ["ema with warm-up", { ema: ema({ decay: 0.99, warmup: true }) }],
  ["swa", { ema: swa({ start: 3, every: 4 }) }],
];

describe("an average", () => {
  it.each(kinds)("goes on from a checkpoint as if nothing had happened: %s", async (_, options) => {
    const whole = await trainerOf(options);
    await whole.fit(far(), { epochs: 2, batchSize: 16 });
    for (const maxSteps of [2, 3, 5, 14]) {
      const first = await trainerOf(options);
      await first.fit(far(), { epochs: 2, batchSize: 16, maxSteps });
      const second = await trainerOf(options);
      await second.load(await first.save());
      await second.fit(far(), { epochs: 2, batchSize: 16 });
      expect(bits(second.emaStateDict())).toEqual(bits(whole.emaStateDict()));
      expect(weightBits(second.model)).toEqual(weightBits(whole.model));
    }
  });

  it("by a decay has the same bits however it is told", async () => {
    const [number, option] = [await trainerOf({ ema: 0.9 }), await trainerOf({ ema: ema({ decay: 0.9 }) })];
    for (const trainer of [number, option]) await trainer.fit(far(), { epochs: 1 });
    expect(bits(option.emaStateDict())).toEqual(bits(number.emaStateDict()));
  });

  it("with warm-up leaves the initial weights within a short training, without it does not", async () => {
    const distance = async (options: Partial<TrainerOptions>) => {
      const trainer = await trainerOf({ optimizer: new Adam({ lr: 0.01 }), ...options });
      await trainer.fit(far(), { epochs: 4, batchSize: 20 }); // 40 steps
      const now = trainer.model.stateDict();
      const squares = [...trainer.emaStateDict()].flatMap(([name, { data }]) =>
        [...data].map((value, i) => (value - (now.get(name)?.data[i] ?? Number.NaN)) ** 2),
      );
      return Math.sqrt(squares.reduce((a, b) => a + b));
    };
    expect(await distance({ ema: ema({ decay: 0.999, warmup: true }) })).toBeLessThan(
      0.3 * (await distance({ ema: 0.999 })),
    );
  });

  it("of swa is exactly the weights at its start, and is not told before", async () => {
    const trainer = await trainerOf({ ema: swa({ start: 3 }) });
    await trainer.fit(far(), { epochs: 1, batchSize: 20, maxSteps: 2 });
    expect(() => trainer.emaStateDict()).toThrow("got one that begins after 3 steps, after 2");
    await trainer.fit(far(), { maxSteps: 1 });
    expect(bits(trainer.emaStateDict())).toEqual(bits(trainer.model.stateDict()));
  });

  it("is told apart from others by a checkpoint, and meant with override", async () => {
    const trainer = await trainerOf({ ema: swa({ start: 1 }) });
    await trainer.fit(far(), { epochs: 1 });
    const bytes = await trainer.save();
    const other = await trainerOf({ ema: swa({ start: 1, every: 2 }) });
    await expect(other.load(bytes)).rejects.toThrow(/ema\.every expected 2, got 1.*override: \["ema"\]/);
    await other.load(bytes, { override: ["ema"] });
    expect(bits(other.emaStateDict())).toEqual(bits(trainer.emaStateDict()));
    await expect((await trainerOf()).load(bytes)).rejects.toThrow(/ema expected null, got .*"type":"swa"/);
    const plain = await trainerOf();
    await plain.fit(far(), { epochs: 1 });
    const begins = await trainerOf({ ema: ema({ decay: 0.9 }) });
    await begins.load(await plain.save(), { override: ["ema"] });
    expect(bits(begins.emaStateDict())).toEqual(bits(plain.model.stateDict()));
  });

  it("refuses what is none", async () => {
    const model = await make();
    const create = (more: object) =>
      createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }), ...more });
    expect(() => create({ ema: 1 })).toThrow(/ema expected .*got 1/);
    expect(() => create({ ema: { decay: 0.9 } })).toThrow(/ema expected/);
    expect(() => create({ ema: true })).toThrow(/ema expected/);
    expect(() => ema({ decay: 1 })).toThrow(/decay expected/);
    expect(() => swa({ start: 0 })).toThrow(/start expected/);
    expect(() => create({}).emaStateDict()).toThrow(/ema expected an average given to createTrainer, got none/);
  });
});

describe("recalibrate", () => {
  it("takes memory for the samples there are, however large a batch may be", async () => {
    const [one, other] = [await make(), await make()];
    const before = process.memoryUsage().arrayBuffers;
    await recalibrate(one, far(), { batchSize: 2 ** 30 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
    await recalibrate(other, far(), { batchSize: 200 });
    expect(statistics(one)).toEqual(statistics(other));
  });

  it("brings evaluation to what was trained, after few steps, and leaves all else as it was", async () => {
    const trainer = await trainerOf({ optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
    await trainer.fit(far(), { epochs: 2, batchSize: 50 }); // 8 steps
    const { model } = trainer;
    const before = await trainer.evaluate(far());
    const [kept, state] = [weights(model), await trainer.save()];
    await recalibrate(model, far(), { batchSize: 50 });
    expect((await trainer.evaluate(far())).loss).toBeLessThan(before.loss);
    expect(weights(model)).toEqual(kept);
    // Random numbers, the optimiser's state and the order of epochs are as before: training goes on with the same bits.
    const other = await trainerOf();
    await other.load(state);
    await recalibrate(other.model, far(), { batchSize: 50 });
    const [a, b] = [await trainer.fit(far(), { epochs: 1 }), await other.fit(far(), { epochs: 1 })];
    expect(b.losses).toEqual(a.losses);
  });

  it("gathers the statistics of averaged weights", async () => {
    const trainer = await trainerOf({ ema: ema({ decay: 0.98, warmup: true }) });
    await trainer.fit(far(), { epochs: 4, batchSize: 25 });
    const { model } = trainer;
    const last = model.stateDict();
    model.loadStateDict(trainer.emaStateDict());
    const loose = await trainer.evaluate(far());
    await recalibrate(model, far(), { batchSize: 50 });
    expect((await trainer.evaluate(far())).loss).toBeLessThan(loose.loss);
    model.loadStateDict(last);
    expect(bits(model.stateDict())).toEqual(bits(last));
  });

  it("takes batches as it is told: so many, in order or not, the last or not", async () => {
    const asked = async (options: object, length = 25) => {
      const dataset = blobs(length);
      await recalibrate(await make(), dataset, { batchSize: 10, ...options });
      return dataset.batches;
    };
    const inOrder = await asked({ shuffle: false });
    expect(inOrder.map((batch) => batch.length)).toEqual([10, 10, 5]);
    expect(inOrder.flat()).toEqual(Array.from({ length: 25 }, (_, i) => i));
    const shuffled = (await asked({})).flat();
    expect(shuffled).not.toEqual(inOrder.flat());
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(inOrder.flat());
    expect((await asked({})).flat()).toEqual(shuffled);
    expect((await asked({ dropLast: true })).length).toBe(2);
    expect((await asked({ batches: 2 })).length).toBe(2);
    expect((await asked({ batches: 9 })).length).toBe(3);
    await expect(asked({}, 21)).rejects.toThrow(
      /^recalibrate: The last batch has 1 of 21 .*dropLast: true.* more than 1 when training, got 1/,
    );
    await expect(asked({ dropLast: true }, 9)).rejects.toThrow("at least one batch of 10, got 9 samples");
    expect((await asked({ batches: 2 }, 21)).length).toBe(2);
  });

  it("reads datasets of numbers, of one's own and those that load first", async () => {
    const reference = await make();
    await recalibrate(reference, far(60), { batchSize: 20 });
    const { x } = { x: new Float32Array(240) };
    far(60).get(
      Uint32Array.from({ length: 60 }, (_, i) => i),
      x,
      new Int32Array(60),
    );
    let ready: number[] = [];
    const sources: Dataset[] = [
      arrayDataset({ x, y: new Float32Array(180), inputShape: [4], targetShape: [3] }),
      { ...far(60) },
      {
        ...far(60),
        prefetch: async (indices) => void (ready = Array.from(indices)),
        get(indices, x, y) {
          if (String(Array.from(indices)) !== String(ready)) throw new Error("not loaded");
          far(60).get(indices, x, y);
        },
      },
    ];
    for (const dataset of sources) {
      const model = await make();
      await recalibrate(model, dataset, { batchSize: 20 });
      expect(statistics(model)).toEqual(statistics(reference));
    }
  });

  it("leaves frozen layers alone", async () => {
    const model = await make();
    freeze(model, "1");
    await recalibrate(model, far());
    const state = model.stateDict();
    expect([...(state.get("1.running_mean")?.data ?? [])]).toEqual(Array(8).fill(0));
    expect(state.get("3.main.1.num_batches_tracked")?.data[0]).toBe(7);
    freeze(model, () => true);
    await expect(recalibrate(model, far())).rejects.toThrow(
      "network expected a BatchNorm that is not frozen, got none",
    );
  });

  it("restores the statistics when it is stopped or fails, and refuses what does not fit", async () => {
    const model = await make();
    await recalibrate(model, far());
    const kept = statistics(model);
    const controller = new AbortController();
    let batches = 0;
    const stopping = {
      ...far(),
      prefetch: async () => void (++batches === 2 && controller.abort(new Error("enough"))),
    };
    model.temperature = 1.5;
    await expect(recalibrate(model, stopping, { signal: controller.signal })).rejects.toThrow("enough");
    expect(model.temperature).toBe(1.5);
    expect(statistics(model)).toEqual(kept);
    const odd: Dataset = {
      ...far(),
      get(indices, x, y) {
        far().get(indices, x, y);
        x[3] = Number.NaN;
      },
    };
    await expect(recalibrate(model, odd, { batchSize: 10 })).rejects.toThrow(NumericError);
    expect(statistics(model)).toEqual(kept);
    const selfish: Dataset = {
      ...far(),
      get(indices, x, y) {
        far().get(indices, x, y);
        model.predict([[1, 2, 3, 4]]);
      },
    };
    await expect(recalibrate(model, selfish)).rejects.toThrow(/to leave the model that it feeds alone/);
    expect(statistics(model)).toEqual(kept);
    await expect(recalibrate(model, blobs(10, 5))).rejects.toThrow(ShapeError);
    await expect(recalibrate(model, {} as Dataset)).rejects.toThrow(/dataset expected/);
    await expect(recalibrate({} as Model, far())).rejects.toThrow(/model expected/);
    await expect(recalibrate(model, far(), { batch: 1 } as never)).rejects.toThrow(/batch/);
  });

  it("uses the statistics from the next prediction on", async () => {
    const model = await make();
    const before = model.predict([[5, 5, 5, 5]]).data;
    await recalibrate(model, far());
    expect(model.predict([[5, 5, 5, 5]]).data).not.toEqual(before);
  });
});

describe("in a worker", () => {
  const opened: { dispose(): Promise<void> }[] = [];
  afterAll(() => Promise.all(opened.map((model) => model.dispose())));
  const open = async () => {
    const model = await openModel(net(), { inputShape: [4], seed: 3 });
    opened.push(model);
    return model;
  };

  it.each(kinds)("averages are those of the main entry: %s", async (_, options) => {
    const here = await trainerOf(options);
    const training = { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }), ...options };
    const there = await createWorkerTrainer(await open(), training);
    for (const trainer of [here, there]) await trainer.fit(far(), { epochs: 1, batchSize: 16 });
    expect(bits(await there.emaStateDict())).toEqual(bits(here.emaStateDict()));
    expect(await there.save()).toEqual(await here.save());
  });

  it("recalibrate has the same bits, of datasets that are sent and of those that stay", async () => {
    const here = await make();
    await recalibrate(here, far(), { batchSize: 30, batches: 4 });
    for (const dataset of [far(), { ...far() }]) {
      const there = await open();
      await recalibrateInWorker(there, dataset, { batchSize: 30, batches: 4 });
      expect(bits(await there.stateDict())).toEqual(bits(here.stateDict()));
    }
    const there = await open();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(recalibrateInWorker(there, far(), { signal })).rejects.toThrow("enough");
    await expect(recalibrateInWorker(here as never, far())).rejects.toThrow(
      /model of resnet-wasm\/worker|resnet-wasm\/worker/,
    );
  });

  it("refuses averages of one's own", async () => {
    const own = { type: "own", rate: () => 0.5, toJSON: () => ({ type: "own", options: {} }) };
    const training = { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05 }), ema: own };
    await expect(createWorkerTrainer(await open(), training)).rejects.toThrow(/ema expected ema or swa/);
  });
});

describe("evaluation", () => {
  it("takes batches of the size that training had and the memory for them, and before it those of a prediction", async () => {
    const network = cifarResNet(20, { classes: 3 }); // few weights and large maps
    const dataset = (length: number) =>
      arrayDataset({
        x: new Uint8Array(length * 64 * 64 * 3),
        y: new Int32Array(length),
        classes: 3,
        inputShape: [64, 64, 3],
      });
    const used = ({ engine }: Model) => engine.executor.memory.memory.buffer.byteLength;
    const training = { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) };
    const usedBy = async (options: EvaluateOptions) => {
      const model = await build(network, [64, 64, 3]);
      const trainer = createTrainer(model, training);
      await trainer.fit(dataset(4), { batchSize: 2 });
      await trainer.evaluate(dataset(40), options);
      return used(model);
    };
    const trained = await usedBy({});
    expect(trained).toBe(await usedBy({ batchSize: 2 }));
    expect(trained).toBeLessThan(0.8 * (await usedBy({ batchSize: 40 })));
    const fresh = await build(network, [64, 64, 3]);
    const evaluating = createTrainer(fresh, training);
    const start = used(fresh);
    await evaluating.evaluate(dataset(40));
    expect(used(fresh) - start).toBeLessThan(160 * 2 ** 20);
  });
});
