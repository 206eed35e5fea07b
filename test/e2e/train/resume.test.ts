// Exact resume: a run that is killed and restored in a new model equals one that was never interrupted, bit for bit.
import { describe, expect, it } from "vitest";
import {
  Adagrad,
  Adam,
  AdamW,
  BatchNorm1d,
  cosineAnnealing,
  createTrainer,
  crossEntropy,
  Dropout,
  FormatError,
  type History,
  Linear,
  Lion,
  loadModel,
  type Model,
  mse,
  ReLU,
  Residual,
  RMSprop,
  readSafetensors,
  Sequential,
  SGD,
  StateDictError,
  stepLR,
  type Trainer,
  type TrainerOptions,
  writeSafetensors,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { blobs } from "../../support/datasets.js";
import { build, weightBits } from "../../support/setups.js";

const net = new Sequential(
  new Linear(4, 12),
  new BatchNorm1d(12),
  new ReLU(),
  new Residual(new Sequential(new Linear(12, 12), new ReLU(), new Dropout(0.3), new Linear(12, 12)), {
    activation: new ReLU(),
  }),
  new Linear(12, 3),
);

const kinds: Record<string, () => TrainerOptions> = {
  "Adam, EMA, cosine, clipping": () => ({
    loss: crossEntropy(),
    optimizer: new Adam({ lr: 0.01 }),
    ema: 0.9,
    schedule: cosineAnnealing({ tMax: 20 }),
    clipGradNorm: 0.5,
  }),
  "SGD with Nesterov, steps by epochs": () => ({
    loss: crossEntropy({ labelSmoothing: 0.1 }),
    optimizer: new SGD({ lr: 0.05, momentum: 0.9, nesterov: true }),
    schedule: stepLR({ stepSize: 1, gamma: 0.5, unit: "epochs" }),
  }),
  "SGD with dampening": () => ({
    loss: crossEntropy(),
    optimizer: new SGD({ lr: 0.05, momentum: 0.9, dampening: 0.5, weightDecay: 0.1 }),
  }),
  Lion: () => ({
    loss: crossEntropy(),
    optimizer: new Lion({ lr: 1e-3, weightDecay: 0.3 }),
    ema: 0.9,
    clipGradNorm: 1,
  }),
  AMSGrad: () => ({ loss: crossEntropy(), optimizer: new AdamW({ lr: 0.01, amsgrad: true }), ema: 0.9 }),
  "RMSprop, centred": () => ({
    loss: crossEntropy(),
    optimizer: new RMSprop({ lr: 1e-3, centered: true, momentum: 0.9 }),
  }),
  Adagrad: () => ({ loss: crossEntropy(), optimizer: new Adagrad({ lr: 0.05, lrDecay: 0.1 }) }),
  "plain SGD": () => ({ loss: crossEntropy(), optimizer: new SGD({ lr: 0.05 }) }),
  "AdamW in groups": () => ({
    loss: crossEntropy(),
    optimizer: new AdamW({ lr: 0.01, weightDecay: 0.1 }),
    groups: [{ match: /^4/, lrScale: 0.1 }],
    decayNormsAndBiases: false,
    ema: 0.5,
  }),
};

const fresh = async (options: TrainerOptions, seed = 11): Promise<Trainer> =>
  createTrainer(await build(net, [4], undefined, seed), options);

/** Everything that training goes on from. */
async function bits(trainer: Trainer): Promise<string> {
  const ema = trainer.ema === null ? [] : [...trainer.emaStateDict().values()].map(({ data }) => [...data]);
  return JSON.stringify([
    weightBits(trainer.model),
    ema,
    trainer.stepCount,
    Buffer.from(await trainer.save()).toString("base64"),
  ]);
}

const fitting = { epochs: 3, batchSize: 6, validation: blobs(9) };
const losses = (history: History) => history.epochs.map(({ loss, lr, validation }) => [loss, lr, validation?.loss]);

describe.each(Object.entries(kinds))("%s", (_, options) => {
  it("resumes from any step of fit, saved inside a callback", async () => {
    const saved: Uint8Array[] = [];
    const whole = await fresh(options());
    const save = async () => void saved.push(await whole.save());
    const history = await whole.fit(blobs(20), { ...fitting, callbacks: [{ onStep: save, onEpoch: save }] });
    expect(saved.length).toBe(4 * 3 + 3);
    const expected = await bits(whole);
    for (const i of [0, 2, 3, 4, 7, 13, 14]) {
      const trainer = await fresh(options());
      await trainer.load(saved[i]);
      const rest = await trainer.fit(blobs(20), fitting);
      expect(await bits(trainer), `saved ${i}`).toBe(expected);
      expect(losses(rest)).toEqual(losses(history).slice(history.epochs.length - rest.epochs.length));
      trainer.model.dispose();
    }
  });

  it("resumes single steps, and saving again gives the same bytes", async () => {
    if (options().schedule?.toJSON().type === "stepLR") return; // counts epochs: fit only
    const [whole, first] = [await fresh(options()), await fresh(options())];
    const step = (trainer: Trainer, i: number) =>
      trainer.step(uniform(`resume/${i % 4}`, 4 * 7), [0, 1, 2, 0, 1, 2, i % 3]);
    for (let i = 0; i < 9; i++) step(whole, i);
    for (let i = 0; i < 4; i++) step(first, i);
    const bytes = await first.save();
    const second = createTrainer(
      await loadModel(await first.model.save(), { seed: 11, relaxedSimd: false }),
      options(),
    );
    await second.load(bytes);
    expect(Buffer.compare(await second.save(), bytes)).toBe(0);
    for (let i = 4; i < 9; i++) step(second, i);
    expect(await bits(second)).toBe(await bits(whole));
  });
});

describe("checkpoints", () => {
  const options = kinds["Adam, EMA, cosine, clipping"];
  const step = (trainer: Trainer) => trainer.step(uniform("resume/0", 28), [0, 1, 2, 0, 1, 2, 0]);

  /** A checkpoint with one thing changed. */
  async function changed(
    change: (
      tensors: Map<string, { data: Float32Array<ArrayBuffer>; shape: readonly number[] }>,
      progress: Record<string, unknown>,
    ) => void,
  ): Promise<Uint8Array> {
    const trainer = await fresh(options());
    step(trainer);
    const { tensors, metadata } = readSafetensors(await trainer.save());
    const [key] = Object.keys(metadata);
    const progress = JSON.parse(metadata[key]);
    const map = new Map(
      [...tensors].map(
        ([name, { data, shape }]) => [name, { data: Float32Array.from(data as ArrayLike<number>), shape }] as const,
      ),
    );
    change(map, progress);
    return writeSafetensors(map, { metadata: { [key]: JSON.stringify(progress) } });
  }

  it("are taken all or not at all, with the reason", async () => {
    const trainer = await fresh(options());
    step(trainer);
    const good = await trainer.save();
    const model = await trainer.model.save();
    const cases: [Uint8Array, new (message?: string) => Error, RegExp][] = [
      [good.slice(0, 40), FormatError, /checkpoint: file expected/],
      [good.slice(0, -3), FormatError, /checkpoint: file expected \d+ bytes, got \d+/],
      [model, FormatError, /key "resnet-wasm-trainer", got none/],
      [
        await changed((tensors) => tensors.delete("optimizer.v.4.weight")),
        FormatError,
        /optimizer\.v\.4\.weight expected \[3, 12\], got nothing/,
      ],
      [
        await changed((tensors) => tensors.set("ema.4.bias", { data: new Float32Array(2), shape: [2] })),
        FormatError,
        /ema\.4\.bias expected \[3\], got \[2\]/,
      ],
      [await changed((tensors) => tensors.delete("model.0.bias")), StateDictError, /1 missing/],
      [
        await changed((_, progress) => Object.assign(progress, { stepCount: -1 })),
        FormatError,
        /counters of a checkpoint/,
      ],
      [await changed((_, progress) => Object.assign(progress, { stepCount: "9" })), FormatError, /counters/],
      [await changed((_, progress) => Object.assign(progress, { fitState: null })), FormatError, /counters/],
      [
        await changed((_, progress) => Object.assign(progress, { fitState: { epoch: 1, current: { epochInFit: 0 } } })),
        FormatError,
        /counters/,
      ],
      [await changed((_, progress) => Object.assign(progress, { format: 3 })), FormatError, /counters/],
      [await changed((_, progress) => Object.assign(progress, { seed: 12 })), FormatError, /seed expected 11, got 12/],
      [
        await changed((_, progress) => Object.assign(progress, { optimizer: { type: "SGD", options: {} } })),
        FormatError,
        /optimizer expected .*Adam.* got .*SGD/,
      ],
      [
        await changed((_, progress) => Object.assign(progress, { loss: mse() })),
        FormatError,
        /loss expected .*crossEntropy.* got .*mse/,
      ],
    ];
    const expected = await bits(trainer);
    for (const [bytes, kind, message] of cases) {
      const error = await trainer.load(bytes).catch((thrown: unknown) => thrown as Error);
      expect((error as Error)?.message).toMatch(message);
      expect(error).toBeInstanceOf(kind);
      expect(await bits(trainer)).toBe(expected);
    }
    const twin = await fresh(options());
    await twin.load(good);
    expect(step(twin)).toEqual(step(trainer));
  });

  it("are read in the form of 0.1.0, which numbered the optimiser's state", async () => {
    const trainer = await fresh(options());
    await trainer.load(
      await changed((tensors, progress) => {
        for (const [name, tensor] of [...tensors]) {
          if (!name.startsWith("optimizer.")) continue;
          tensors.delete(name);
          tensors.set(name.replace("optimizer.m.", "state0.").replace("optimizer.v.", "state1."), tensor);
        }
        progress.format = 1;
      }),
    );
    const expected = await fresh(options());
    step(expected);
    expect(await bits(trainer)).toBe(await bits(expected));
  });

  it("are refused by another network", async () => {
    const trainer = await fresh(options());
    const other: Model = await build(new Linear(4, 3), [4], undefined, 11);
    const bytes = await trainer.save();
    const into = createTrainer(other, options());
    await expect(into.load(bytes)).rejects.toThrow(/network expected {"type":"Linear".*, got {"type":"Sequential"/);
    await expect(into.load(bytes, { override: ["network"] })).rejects.toThrow(
      /optimizer\.m\.weight expected \[3, 4\], got nothing/,
    );
  });
});
