// earlyStopping, reduceOnPlateau, checkpoint and callbacks of one's own, here and in a worker; their states in checkpoints.
import { afterAll, describe, expect, it } from "vitest";
import {
  ArgumentError,
  type Callback,
  checkpoint,
  createModel,
  createTrainer,
  crossEntropy,
  earlyStopping,
  type FitOptions,
  Linear,
  type Model,
  memoryStore,
  ReLU,
  reduceOnPlateau,
  Sequential,
  SGD,
  StoreError,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { createTrainer as createWorkerTrainer, type WorkerTrainer } from "../../../src/worker/trainer.js";
import { blobs } from "../../support/datasets.js";
import { openModel } from "../worker/open.js";

const network = () => new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3));
const options = { inputShape: [4], seed: 7, relaxedSimd: false };
const open: WorkerModel[] = [];
afterAll(() => Promise.all(open.map((model) => model.dispose())));

/** A trainer of this thread, and one in a worker. */
const places: [string, (lr?: number) => Promise<Trainer | WorkerTrainer>][] = [
  ["here", async (lr = 0.1) => createTrainer(await createModel(network(), options), training(lr))],
  [
    "in a worker",
    async (lr = 0.1) => {
      const model = await openModel(network(), options);
      open.push(model);
      return createWorkerTrainer(model, training(lr));
    },
  ],
];
const training = (lr: number) => ({ loss: crossEntropy(), optimizer: new SGD({ lr, momentum: 0.9 }) });

/** What validation said after each epoch, in place of what it measures. */
function scripted(values: number[]): Callback {
  return {
    onEpoch(record) {
      record.validation = { ...record.validation!, loss: values[record.epoch] };
    },
  };
}
const weights = async (trainer: Trainer | WorkerTrainer) =>
  JSON.stringify([...(await (trainer.model as Model).stateDict())].map(([name, { data }]) => [name, [...data]]));
const fitting: FitOptions = { epochs: 10, batchSize: 8, validation: blobs(9) };

describe.each(places)("earlyStopping %s", (_, make) => {
  it("ends after so many epochs without an improvement, with the weights of the best", async () => {
    const trainer = await make();
    const after: string[] = [];
    const look: Callback = { onEpoch: async () => void after.push(await weights(trainer)) };
    const callbacks = [scripted([5, 4, 4, 3, 3.5, 3, 3.2, 1]), earlyStopping({ patience: 3 }), look];
    const history = await trainer.fit(blobs(20), { ...fitting, callbacks });
    expect(history.stopped).toBe("callback");
    expect(after.length).toBe(7);
    expect(await weights(trainer)).toBe(after[3]);
    // The fit is over: a further one begins anew.
    expect((await trainer.fit(blobs(20), { ...fitting, epochs: 1 })).from).toEqual({ epoch: 0, step: 0 });
  });

  it("keeps the last weights where told so, counts by minDelta and mode, and ends in time anyway", async () => {
    const trainer = await make();
    const callbacks = [
      scripted([1, 1.04, 1.2, 1.21, 1.22]),
      earlyStopping({ mode: "max", minDelta: 0.05, patience: 2, restoreBest: false }),
    ];
    const history = await trainer.fit(blobs(20), { ...fitting, callbacks });
    expect(history.epochs.length).toBe(5);
    const whole = await trainer.fit(blobs(20), { ...fitting, epochs: 2, callbacks: [earlyStopping()] });
    expect([whole.stopped, whole.epochs.length]).toEqual(["finished", 2]);
  });

  it("takes NaN for no improvement", async () => {
    const trainer = await make();
    const callbacks = [
      scripted([Number.NaN, 2, Number.NaN, Number.POSITIVE_INFINITY, 1]),
      earlyStopping({ patience: 2 }),
    ];
    expect((await trainer.fit(blobs(20), { ...fitting, callbacks })).epochs.length).toBe(4);
  });

  it("refuses what is not measured, with the names there are", async () => {
    const trainer = await make();
    const fit = (monitor: string, more: FitOptions = {}) =>
      trainer.fit(blobs(20), { ...fitting, ...more, callbacks: [earlyStopping({ monitor })] });
    await expect(fit("validation.f1")).rejects.toThrow(
      "earlyStopping: monitor expected loss, validation.loss, validation.accuracy, got validation.f1",
    );
    await expect(fit("validation.f1")).rejects.toThrow(ArgumentError);
    await expect(fit("validation.loss", { validation: undefined })).rejects.toThrow(
      /expected loss, got validation.loss. Give fit a validation/,
    );
    expect(trainer.stepCount).toBe(0);
    expect((await fit("validation.accuracy", { epochs: 1 })).stopped).toBe("finished");
  });
});

describe.each(places)("reduceOnPlateau %s", (_, make) => {
  it("lowers the rate of the steps after a plateau, above all of the schedule", async () => {
    const trainer = await make(1e-3);
    const rates: number[] = [];
    const watch: Callback = { onEpoch: ({ lr }) => void rates.push(lr) };
    const plateau = reduceOnPlateau({ patience: 1, factor: 0.5, minLr: 3e-4, cooldown: 1 });
    await trainer.fit(blobs(20), { ...fitting, callbacks: [scripted([5, 5, 5, 5, 5, 5, 5, 5, 5, 5]), plateau, watch] });
    expect(rates).toEqual(
      [1e-3, 1e-3, 1e-3, 5e-4, 5e-4, 5e-4, 3e-4, 3e-4, 3e-4, 3e-4].map((lr) => expect.closeTo(lr, 10)),
    );
    // Another fit begins with the whole rate.
    await trainer.fit(blobs(20), { ...fitting, epochs: 1, callbacks: [plateau, watch] });
    expect(rates.at(-1)).toBe(1e-3);
  });
});

describe.each(places)("callbacks of one's own %s", (_, make) => {
  it("stop a fit, scale its rate and hear its end", async () => {
    const trainer = await make(0.01);
    const heard: string[] = [];
    const own = {
      stop: false,
      lrScale: 0.5,
      onBegin: ({
        epochs,
        stepsPerEpoch,
        monitors,
        goesOn,
      }: {
        epochs: number;
        stepsPerEpoch: number;
        monitors: object;
        goesOn: boolean;
      }) => void heard.push(`begin ${epochs} ${stepsPerEpoch} ${Object.keys(monitors)} ${goesOn}`),
      onStep({ lr, step }: { lr: number; step: number }) {
        heard.push(`step ${lr}`);
        own.lrScale = 0.25;
        own.stop = step === 1;
      },
      onEnd: () => void heard.push("end"),
      onClose: () => void heard.push("close"),
    };
    const history = await trainer.fit(blobs(20), { epochs: 3, batchSize: 8, callbacks: [own] });
    expect(history.stopped).toBe("callback");
    expect(heard).toEqual(["begin 3 3 loss false", "step 0.005", "step 0.0025", "end", "close"]);
    own.stop = true;
    expect((await trainer.fit(blobs(20), { epochs: 3, callbacks: [own] })).losses).toEqual([]);
    const failing = {
      onBegin() {
        throw new TypeError("mine");
      },
      onClose: () => void heard.push("closed"),
    };
    await expect(trainer.fit(blobs(20), { callbacks: [failing] })).rejects.toThrow(TypeError);
    expect(heard.at(-1)).toBe("closed");
  });
});

describe.each(places)("states of callbacks %s", (_, make) => {
  it("are in checkpoints, whose fit goes on as if it had not stopped", async () => {
    const script = [5, 4, 4, 4, 3, 3, 3, 3, 3, 2];
    const callbacks = () =>
      [
        earlyStopping({ patience: 4 }),
        scripted(script),
        reduceOnPlateau({ patience: 1, factor: 0.5 }),
        earlyStopping({ monitor: "loss" }),
      ].sort((a, b) => Number("name" in a) - Number("name" in b));
    const whole = await make();
    const saved: Uint8Array[] = [];
    const save: Callback = {
      onEpoch: async () => void saved.push(await whole.save()),
      onStep: async () => void saved.push(await whole.save()),
    };
    const expected = await whole.fit(blobs(20), { ...fitting, callbacks: [...callbacks(), save] });
    expect(expected.stopped).toBe("callback");
    for (const i of [0, 4, 7, 8, 14, 20, 27, 30]) {
      const trainer = await make();
      await trainer.load(saved[i]);
      const history = await trainer.fit(blobs(20), { ...fitting, callbacks: callbacks() });
      expect(history.stopped, `${i}`).toBe("callback");
      expect(history.epochs.map(({ lr, loss }) => [lr, loss])).toEqual(
        expected.epochs.slice(-history.epochs.length || Infinity).map(({ lr, loss }) => [lr, loss]),
      );
      expect(await weights(trainer)).toBe(await weights(whole));
    }
    const trainer = await make();
    await trainer.load(saved[5]);
    await expect(trainer.fit(blobs(20), { ...fitting, callbacks: [earlyStopping()] })).rejects.toThrow(
      /callbacks expected those whose state the checkpoint has: reduceOnPlateau, earlyStopping 2, got earlyStopping. To go on without/,
    );
    const other = [earlyStopping({ monitor: "validation.accuracy" }), reduceOnPlateau(), earlyStopping()];
    await expect(trainer.fit(blobs(20), { ...fitting, callbacks: other })).rejects.toThrow(
      /monitor expected validation.loss \(min\), as in the checkpoint, got validation.accuracy \(max\)/,
    );
    await trainer.load(saved[5], { override: ["callbacks"] });
    expect((await trainer.fit(blobs(20), { ...fitting, callbacks: [] })).epochs.length).toBe(9);
  });

  it("are kept between fits of one trainer", async () => {
    const script = [5, 4, 4, 4, 4, 4];
    const trainer = await make();
    const callbacks = () => [scripted(script), earlyStopping({ patience: 3 })];
    expect((await trainer.fit(blobs(20), { ...fitting, callbacks: callbacks(), maxSteps: 10 })).stopped).toBe(
      "maxSteps",
    );
    const history = await trainer.fit(blobs(20), { ...fitting, callbacks: callbacks() });
    expect([history.stopped, history.epochs.length]).toEqual(["callback", 2]);
  });
});

describe.each(places)("checkpoint %s", (_, make) => {
  const names = async (store: ReturnType<typeof memoryStore>) => (await store.list()).sort();

  it("keeps the last and the best, and all states whatever its place", async () => {
    const store = memoryStore();
    const trainer = await make();
    const script = [5, 3, 4, 2, 6];
    const callbacks = [scripted(script), checkpoint({ store, keep: 2, best: true }), earlyStopping({ patience: 9 })];
    await trainer.fit(blobs(20), { ...fitting, epochs: 5, callbacks });
    expect(await names(store)).toEqual([
      "best.safetensors",
      "checkpoint-000000012.safetensors",
      "checkpoint-000000015.safetensors",
    ]);
    const again = await make();
    await again.load(store, { name: "best.safetensors" });
    expect(again.stepCount).toBe(12);
    await again.load(store);
    const rest = [scripted(script), checkpoint({ store: memoryStore() }), earlyStopping({ patience: 9 })];
    expect((await again.fit(blobs(20), { ...fitting, epochs: 5, callbacks: rest })).epochs).toEqual([]);
    expect(await weights(again)).toBe(await weights(trainer));
  });

  it("writes every so many steps, and once more when a fit is stopped", async () => {
    const store = memoryStore();
    const trainer = await make();
    const save = checkpoint({ store, every: 4, keep: 9 });
    await trainer.fit(blobs(20), { ...fitting, callbacks: [save], maxSteps: 10 });
    expect((await names(store)).map((name) => Number(/\d+/.exec(name)))).toEqual([4, 8, 10]);
    await trainer.fit(blobs(20), { ...fitting, epochs: 10, callbacks: [save] });
    expect((await names(store)).map((name) => Number(/\d+/.exec(name))).slice(3)).toEqual([12, 16, 20, 24, 28, 30]);
  });

  it("refuses a store that another run has, or another fit writes to", async () => {
    const store = memoryStore();
    const trainer = await make();
    await trainer.fit(blobs(20), { ...fitting, epochs: 2, callbacks: [checkpoint({ store })] });
    const fresh = await make();
    await expect(fresh.fit(blobs(20), { ...fitting, callbacks: [checkpoint({ store })] })).rejects.toThrow(
      /no checkpoints of a longer training, got checkpoint-000000006.safetensors/,
    );
    await fresh.load(store);
    const two = [checkpoint({ store }), checkpoint({ store })];
    await expect(fresh.fit(blobs(20), { ...fitting, epochs: 3, callbacks: two })).rejects.toThrow(StoreError);
    // The lock was given back.
    await fresh.load(store, { override: ["callbacks"] });
    await fresh.fit(blobs(20), { ...fitting, epochs: 3, callbacks: [checkpoint({ store })] });
    expect(fresh.stepCount).toBe(9);
  });
});

describe.each(places)("fit with resume %s", (_, make) => {
  it("goes on where the last one stopped, and does nothing twice", async () => {
    const script = [5, 4, 3, 3.5, 3.4, 3.3, 3.2];
    const callbacks = () => [scripted(script), earlyStopping({ patience: 3 }), reduceOnPlateau({ patience: 0 })];
    const whole = await make();
    const expected = await whole.fit(blobs(20), { ...fitting, callbacks: callbacks() });
    const store = memoryStore();
    let last = await make();
    let fits = 0;
    for (let stopped = ""; stopped !== "callback"; fits++) {
      last = await make();
      const resume = { store, every: 2, best: true };
      const history = await last.fit(blobs(20), { ...fitting, callbacks: callbacks(), maxSteps: 4, resume });
      stopped = history.stopped;
      expect(history.epochs.map(({ epoch }) => epoch)).toEqual(
        Array.from({ length: history.epochs.length }, (_, i) => i),
      );
      if (stopped === "callback")
        expect(history.epochs.map(({ loss }) => loss)).toEqual(expected.epochs.map(({ loss }) => loss));
    }
    expect(fits).toBe(Math.ceil(18 / 4));
    expect(await weights(last)).toBe(await weights(whole));
    const once = await make();
    const history = await once.fit(blobs(20), { ...fitting, callbacks: callbacks(), resume: { store, best: true } });
    expect([history.stopped, history.losses, history.epochs.length]).toEqual(["callback", [], 6]);
    expect(await weights(once)).toBe(await weights(whole));
  });

  it("runs the epochs that a finished run is asked for besides", async () => {
    const store = memoryStore();
    await (await make()).fit(blobs(20), { epochs: 2, batchSize: 8, resume: store });
    const longer = await make();
    const history = await longer.fit(blobs(20), { epochs: 3, batchSize: 8, resume: store });
    expect([history.from, history.epochs.length, longer.stepCount]).toEqual([{ epoch: 2, step: 0 }, 3, 9]);
    const whole = await make();
    await whole.fit(blobs(20), { epochs: 3, batchSize: 8 });
    expect(await weights(longer)).toBe(await weights(whole));
    await expect((await make(0.2)).fit(blobs(20), { epochs: 3, batchSize: 8, resume: store })).rejects.toThrow(
      /optimizer.lr expected 0.2, got 0.1/,
    );
    const slower = await make(0.05);
    await slower.fit(blobs(20), { epochs: 4, batchSize: 8, resume: { store, override: ["lr"] } });
    expect(slower.stepCount).toBe(12);
    await expect(longer.fit(blobs(20), { resume: { stor: store } as never })).rejects.toThrow(/Did you mean "store"/);
    await expect(longer.fit(blobs(20), { resume: 5 as never })).rejects.toThrow(ArgumentError);
  });
});
