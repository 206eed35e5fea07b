import { readFileSync } from "node:fs";
import type { Philox } from "../../../src/core/random.js";
import {
  Adam,
  BasicBlock,
  Conv2d,
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  GroupNorm,
  type Layer,
  Linear,
  layerFromJSON,
  loadModel,
  MaxPool2d,
  type Model,
  ReLU,
  Residual,
  Sequential,
  SGD,
  ZeroPad2d,
} from "../../../src/hosts/node/index.js";
import { readSafetensors } from "../../../src/io/safetensors.js";
import { writeSafetensors } from "../../../src/io/safetensors-writer.js";
import { JUNK } from "../junk.js";
import type { Target } from "./fuzz.js";
import { resealed } from "./safetensors.js";

/** Limits that callers may set, so that thousands of files take minutes. */
const LIMITS = { maxMemory: 2 ** 26, maxWork: 1e8, threads: 1 };

const networks = (): [Layer, number[]][] => [
  [new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3)), [4]],
  [new Residual(new Sequential(new Linear(4, 4), new ReLU()), { activation: new ReLU() }), [4]],
  [
    new Sequential(
      new Conv2d(3, 4, { kernelSize: 3 }),
      new GroupNorm(2, 4),
      new MaxPool2d({ kernelSize: 2 }),
      new Flatten(),
    ),
    [8, 8, 3],
  ],
  [
    new Sequential({ pad: new ZeroPad2d(1), block: new BasicBlock(3, 4, { stride: 2 }) }, { names: { pad: "" } }),
    [8, 8, 3],
  ],
  [cifarResNet(8), [8, 8, 3]],
];

const NUMBERS = [0, 1, -1, 2, 3, 0.5, 1e9, 2 ** 31, 2 ** 53, 1e300, -0];

/** Values that JSON has, of junk of every kind. */
const json = (random: Philox): unknown => {
  if (random.integer(2) === 0) return NUMBERS[random.integer(NUMBERS.length)];
  try {
    return JSON.parse(JSON.stringify(JUNK[random.integer(JUNK.length)]!()) ?? "null");
  } catch {
    return null;
  }
};

type Place = [holder: Record<string, unknown>, key: string];

const placesIn = (value: unknown): Place[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, item]): Place[] => [
        [value as Record<string, unknown>, key],
        ...placesIn(item),
      ]);

/** A copy of something like JSON in which one or two places are others: junk, a neighbour's value, gone, twice. */
function altered<T>(original: T, random: Philox): T {
  const copy = structuredClone(original);
  for (let changes = 1 + random.integer(2); changes > 0; changes--) {
    const places = placesIn(copy);
    if (places.length === 0) return copy;
    const [holder, key] = places[random.integer(places.length)]!;
    const [other, name] = places[random.integer(places.length)]!;
    switch (random.integer(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
        break;
      case 1:
        holder[key] = structuredClone(other[name]);
        break;
      case 2:
        if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(other[name]));
        else holder[`${key}2`] = structuredClone(other[name]);
        break;
      case 3:
        if (typeof holder[key] === "number") holder[key] = holder[key] * [2, -1, 0, 1000][random.integer(4)]!;
        break;
      default:
        holder[key] = json(random);
    }
  }
  return copy;
}

/** A file whose JSON under one key of the metadata is another, digests put right. */
function withMetadata(file: Uint8Array, alter: (json: unknown) => unknown): Uint8Array {
  const { tensors, metadata } = readSafetensors(file);
  const [key] = Object.keys(metadata) as [string];
  const text = JSON.stringify(alter(JSON.parse(metadata[key]!)));
  return writeSafetensors(tensors, { metadata: { ...metadata, [key]: text }, digest: true });
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function expectOutputs(model: Model): void {
  if (sizeOf(model.inputShape) > 1e6) return;
  const { data, shape } = model.predict(new Float32Array(sizeOf(model.inputShape))) as {
    data: Float32Array;
    shape: number[];
  };
  if (sizeOf(shape) !== data.length || sizeOf(model.outputShape) !== data.length)
    throw new Error(`outputs: [${shape}]`);
}

/** Saved models. A network that can be made is saved, and must come back; what is loaded predicts. */
export async function modelTarget(): Promise<Target> {
  const made = networks();
  const models = await Promise.all(
    made.map(([network, inputShape]) => createModel(network, { inputShape, threads: 1 })),
  );
  const files = await Promise.all(models.map((model) => model.save()));
  let fresh: Promise<Uint8Array> | undefined;
  return {
    files,
    prepare: resealed,
    change(random) {
      fresh = undefined;
      const i = random.integer(made.length);
      if (random.integer(3) === 0) return undefined;
      if (random.integer(2) === 0) return withMetadata(files[i]!, (value) => altered(value, random));
      const [network, inputShape] = made[i]!;
      const [json, shape] = [
        altered(network.toJSON(), random),
        random.integer(4) ? inputShape : altered(inputShape, random),
      ];
      fresh = (async () => {
        const model = await createModel(layerFromJSON(json), { ...LIMITS, inputShape: shape });
        return model.save();
      })();
      fresh.catch(() => {});
      return files[i];
    },
    limit: LIMITS.maxMemory + 2 ** 22,
    times: 8,
    async read(bytes) {
      const model = await loadModel(fresh ? await fresh : bytes, LIMITS);
      expectOutputs(model);
      model.summary();
      model.dispose();
      return 0;
    },
  };
}

/** Checkpoints of a trainer that goes on after each of them. */
export async function checkpointTarget(): Promise<Target> {
  const network = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3));
  const make = async (optimizer: SGD | Adam) => {
    const model = await createModel(network, { inputShape: [4], threads: 1 });
    return createTrainer(model, { loss: crossEntropy(), optimizer, ema: 0.9 });
  };
  const x = Float32Array.from({ length: 8 }, (_, i) => i / 8);
  const trainers = await Promise.all([new SGD({ lr: 0.1, momentum: 0.9 }), new Adam()].map(make));
  for (const trainer of trainers) trainer.step(x, [0, 2]);
  const files = await Promise.all(trainers.map((trainer) => trainer.save()));
  let turn = 0;
  return {
    files,
    prepare: resealed,
    change: (random) =>
      random.integer(2) === 0 ? undefined : withMetadata(files[turn % 2]!, (value) => altered(value, random)),
    times: 8,
    async read(bytes) {
      const i = turn++ % 2;
      const trainer = trainers[i]!;
      try {
        await trainer.load(bytes);
      } finally {
        await trainer.load(files[i]!);
        trainer.step(x, [0, 2]);
      }
      return 0;
    },
  };
}

/** Files of kernels, as bytes, and as modules where they are valid ones: what is no file of this version is refused. */
export function kernelsTarget(golden: URL): Target {
  const folder = new URL("../../dist/kernels/", golden);
  const names = ["classic-simd.wasm", "inference-classic-simd.wasm"];
  const files = names.map((name) => Uint8Array.from(readFileSync(new URL(name, folder))));
  const network = new Linear(4, 2);
  return {
    files,
    async read(bytes) {
      const file = bytes as Uint8Array<ArrayBuffer>;
      const wasm = file.length % 2 === 0 && WebAssembly.validate(file) ? new WebAssembly.Module(file) : file;
      const model = await createModel(network, { inputShape: [4], wasm });
      model.dispose();
      return 0;
    },
  };
}
