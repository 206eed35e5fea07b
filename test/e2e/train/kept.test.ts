// Checkpoints tell all that shapes what comes next: a training that would go on in another way is refused, or meant.
import { describe, expect, it } from "vitest";
import { arrayDataset, type ClassDataset, normalise } from "../../../src/faces/data.js";
import {
  AdamW,
  ArgumentError,
  cosineAnnealing,
  createTrainer,
  crossEntropy,
  Dropout,
  type FitOptions,
  FormatError,
  freeze,
  GELU,
  type Layer,
  Linear,
  ReLU,
  readSafetensors,
  Sequential,
  SGD,
  type Trainer,
  type TrainerOptions,
  warmup,
  writeSafetensors,
} from "../../../src/hosts/node/index.js";
import { build, weightBits } from "../../support/setups.js";

interface Setup extends Partial<TrainerOptions> {
  frozen?: string;
  network?: Layer;
  seed?: number;
}

const net = (p = 0.2, activation: Layer = new ReLU()) =>
  new Sequential(new Linear(4, 6), activation, new Dropout(p), new Linear(6, 3));

async function make({ frozen, network = net(), seed = 5, ...options }: Setup = {}): Promise<Trainer> {
  const model = await build(network, [4], undefined, seed);
  if (frozen) freeze(model, frozen);
  const optimizer = new SGD({ lr: 0.05, momentum: 0.9, weightDecay: 0.01 });
  return createTrainer(model, { loss: crossEntropy(), optimizer, ...options });
}

const names = ["ant", "bee", "cat"];
const x = Float32Array.from({ length: 40 * 4 }, (_, i) => Math.sin(i * 1.7));
const y = Int32Array.from({ length: 40 }, (_, i) => (i * 7) % 3);
const data = (classNames = names): ClassDataset => ({
  ...arrayDataset({ x, y, classes: 3, inputShape: [4] }),
  classNames,
});
const fitting: FitOptions = { epochs: 3, batchSize: 8 };

/** The checkpoint of a fit that was interrupted after 7 of 15 steps. */
async function interrupted(setup: Setup = {}, dataset = data(), more: FitOptions = {}): Promise<Uint8Array> {
  const trainer = await make(setup);
  await trainer.fit(dataset, { ...fitting, ...more, maxSteps: 7 });
  return trainer.save();
}

const cases: [name: string, saved: Setup, message: RegExp][] = [
  ["frozen", { frozen: "0" }, /frozen expected \[\], got \["0.weight","0.bias"\]/],
  ["clipGradNorm", { clipGradNorm: 0.1 }, /clipGradNorm expected 0, got 0.1/],
  ["groups", { groups: [{ match: "0", lrScale: 0.1 }] }, /groups\.0\.weight expected null, got {"lrScale":0.1}/],
  ["groups", { groups: [{ match: (name) => name === "3.bias", weightDecay: 0 }] }, /3\.bias .*"weightDecay":0}/],
  ["groups", { decayNormsAndBiases: false }, /groups\.0\.bias .* got {"lrScale":1,"weightDecay":0}/],
  ["schedule", { schedule: cosineAnnealing({ tMax: 20 }) }, /schedule expected .*constant.* got .*cosineAnnealing/],
  [
    "lr",
    { optimizer: new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 0.01 }) },
    /optimizer\.lr expected 0\.05, got 0\.1/,
  ],
  [
    "weightDecay",
    { optimizer: new SGD({ lr: 0.05, momentum: 0.9, weightDecay: 0.1 }) },
    /optimizer\.weightDecay expected 0\.01, got 0\.1/,
  ],
  ["loss", { loss: crossEntropy({ labelSmoothing: 0.1 }) }, /loss\.labelSmoothing expected 0, got 0\.1/],
  ["network", { network: net(0.5) }, /network\.args\[2\]\.args\[0\].* expected 0\.2, got 0\.5/],
  ["network", { network: net(0.2, new GELU()) }, /network\.args\[1\] expected .*ReLU.* got .*GELU/],
  ["seed", { seed: 6 }, /seed expected 5, got 6/],
];

describe("a trainer made otherwise", () => {
  it.each(cases)("is refused, or meant: %s", async (name, saved, message) => {
    const bytes = await interrupted(saved);
    const same = await make(saved);
    await same.load(bytes);
    expect((await same.fit(data(), fitting)).losses.length).toBe(8);

    const other = await make();
    const before = weightBits(other.model);
    const refused = await other.load(bytes).catch((error: unknown) => error as Error);
    expect(refused).toBeInstanceOf(FormatError);
    expect((refused as Error).message).toMatch(message);
    expect((refused as Error).message).toContain(`override: ["${name}"]`);
    expect(weightBits(other.model)).toBe(before);

    await other.load(bytes, { override: [name as "lr"] });
    expect(other.stepCount).toBe(7);
    expect((await other.fit(data(), fitting)).losses.length).toBe(8);
    expect(weightBits(other.model)).not.toBe(weightBits(same.model));
  });

  it("is told all its differences at once", async () => {
    const bytes = await interrupted({ clipGradNorm: 1, frozen: "3.bias", ema: 0.9 });
    const other = await make({ schedule: warmup({ steps: 4 }) });
    await expect(other.load(bytes)).rejects.toThrow(/schedule.*; ema expected null, got 0\.9; clipGradNorm.*; frozen/);
    await other.load(bytes, { override: ["schedule", "ema", "clipGradNorm", "frozen"] });
    await expect(other.load(bytes, { override: ["rate"] as never })).rejects.toThrow(ArgumentError);
    await expect(other.load(bytes, { overide: [] } as never)).rejects.toThrow(/Did you mean "override"/);
  });

  it("begins averages from the weights, where the checkpoint has none", async () => {
    const bytes = await interrupted();
    const other = await make({ ema: 0.5 });
    await other.load(bytes, { override: ["ema"] });
    expect(other.emaStateDict()).toEqual(other.model.stateDict());
  });

  it("keeps the optimiser's state under another learning rate", async () => {
    const adam = (lr: number) => ({ optimizer: new AdamW({ lr }) });
    const bytes = await interrupted(adam(0.01));
    const other = await make(adam(0.001));
    await other.load(bytes, { override: ["lr"] });
    const { tensors } = readSafetensors(await other.save());
    const { tensors: before } = readSafetensors(bytes);
    expect(tensors).toEqual(before);
    expect((await other.fit(data(), { ...fitting, maxSteps: 1 })).losses.length).toBe(1);
  });

  it("is the same when options are told in another way", async () => {
    const setup = (): Setup => ({ groups: [{ match: /^3/, lrScale: 0.5 }], schedule: cosineAnnealing({ tMax: 9 }) });
    const bytes = await interrupted(setup());
    const { tensors, metadata } = readSafetensors(bytes);
    const [[key, text]] = Object.entries(metadata);
    const progress = JSON.parse(text);
    delete progress.schedule.options.unit; // a file of a version that had no such option
    progress.optimizer.options = Object.fromEntries(Object.entries(progress.optimizer.options).reverse());
    const older = writeSafetensors(tensors, { metadata: { [key]: JSON.stringify(progress) } });
    const groups = [{ match: (name: string) => name.startsWith("3."), lrScale: 0.5 }];
    const trainer = await make({ ...setup(), groups, decayNormsAndBiases: true });
    await trainer.load(older);
    expect(trainer.stepCount).toBe(7);
  });
});

describe("an interrupted fit", () => {
  it.each<[string, FitOptions]>([
    ["shuffle", { shuffle: false }],
    ["dropLast", { dropLast: true, batchSize: 12 }],
    ["batchSize", { batchSize: 16 }],
  ])("goes on with its batches where it is not told others: %s", async (name, more) => {
    const bytes = await interrupted({}, data(), more);
    const [told, untold, otherwise] = [await make(), await make(), await make()];
    for (const trainer of [told, untold, otherwise]) await trainer.load(bytes);
    await told.fit(data(), { ...fitting, ...more });
    await untold.fit(data(), { epochs: 3 });
    expect(await untold.save()).toEqual(await told.save());
    const other = { shuffle: true, dropLast: false, batchSize: 12 };
    await expect(otherwise.fit(data(), { epochs: 3, ...other })).rejects.toThrow(new RegExp(`${name} expected`));
  });

  it.each<[string, () => ClassDataset, RegExp]>([
    [
      "length",
      () => arrayDataset({ x: x.slice(8), y: y.slice(2), classes: 3, inputShape: [4] }),
      /length expected 38, got 40/,
    ],
    ["transform", () => Object.assign(data(), { transform: { mean: [2] } }), /transform\.mean\[0\] expected 2, got 1/],
    ["classes", () => ({ ...data(), classes: 2, get: () => {} }), /classes expected 2, got 3/],
  ])("refuses another dataset: %s", async (_, other, message) => {
    const bytes = await interrupted({}, Object.assign(data(), { transform: { mean: [1] } }));
    const trainer = await make();
    await trainer.load(bytes);
    await expect(trainer.fit(other(), fitting)).rejects.toThrow(message);
    await expect(trainer.fit(other(), fitting)).rejects.toThrow(/override: \["fit"\]/);
    await trainer.load(bytes, { override: ["fit"] });
    expect((await trainer.fit(Object.assign(data(), { transform: { mean: [2] } }), fitting)).losses.length).toBe(15);
  });

  it("refuses samples that were prepared in another way", async () => {
    const plain = arrayDataset({ x, y, classes: 3, inputShape: [4] });
    const prepared = (mean: number) => normalise(plain, { mean: [mean], std: [1] });
    const bytes = await interrupted({}, prepared(0.5));
    const trainer = await make();
    await trainer.load(bytes);
    await expect(trainer.fit(prepared(0), fitting)).rejects.toThrow(/made\[0\]\.mean\[0\] expected 0, got 0\.5/);
    await expect(trainer.fit(plain, fitting)).rejects.toThrow(/made expected \[\], got \[{"type":"normalise"/);
    expect((await trainer.fit(prepared(0.5), fitting)).losses.length).toBe(8);
  });
});

describe("parts that come on demand", () => {
  it("are waited for after everything has been taken: a save is of the moment of its call", async () => {
    const trainer = await make();
    await trainer.fit(data(), { ...fitting, maxSteps: 7 });
    const [model, checkpoint] = [await trainer.model.save(), await trainer.save()];
    const saving = [trainer.model.save(), trainer.save()];
    trainer.step(x.slice(0, 8), y.slice(0, 2));
    expect(await Promise.all(saving)).toEqual([model, checkpoint]);
    expect(await trainer.model.save()).not.toEqual(model);
  });

  it("leave no gap in which a fit could begin before a load", async () => {
    const trainer = await make();
    const bytes = await trainer.save();
    const loading = trainer.load(bytes);
    const running = trainer.fit(data(), fitting);
    await expect(loading).rejects.toThrow("trainer.load: trainer expected no fit at work, got one that has not ended");
    expect((await running).losses.length).toBe(15);
  });
});
