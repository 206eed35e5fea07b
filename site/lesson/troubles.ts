/** The three troubles of depth, each as one small experiment with its cure. Runs in a worker, and in Node for the tests. */
import {
  AdamW,
  BatchNorm1d,
  createModel,
  createTrainer,
  crossEntropy,
  Dropout,
  type Init,
  type InitName,
  type Layer,
  Linear,
  ReLU,
  Residual,
  Sequential,
} from "resnet-wasm";
import { arrayDataset, type ClassDataset } from "resnet-wasm/data";
import { batchOf, letters } from "./experiment.js";
import { CLASSES, SIDE, WIDTH } from "./settings.js";

export const TROUBLES = ["cost", "overfitting", "gradients"] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Curves by name, as far as they are known. */
export type Curves = Record<string, [x: number, y: number][]>;
type Tell = (curves: Curves) => void;

const PIXELS = SIDE * SIDE;
const model = (network: Layer, seed: number) =>
  createModel(network, { inputShape: [PIXELS], seed, threads: 1, relaxedSimd: false });

/** Wide enough that the multiplications take the time, not the calls. */
const WIDE = 256;
const NARROW = WIDE / 4;
const COST_DEPTHS = [6, 18, 30, 48];
const COST_BATCH = 32;

/**
 * Milliseconds of a training step. A block of two layers 256 → 256 → 256 takes 131,072 multiplications for one letter; a bottleneck
 * 256 → 64 → 64 → 256 (He et al. 2015, figure 5) three layers with 36,864. The least of several steps: whatever else runs only adds.
 */
export async function cost(tell: Tell, seed: number): Promise<void> {
  const full: Layer[] = [new Linear(WIDE, WIDE), new ReLU(), new Linear(WIDE, WIDE)];
  const bottleneck: Layer[] = [
    ...[new Linear(WIDE, NARROW), new ReLU()],
    ...[new Linear(NARROW, NARROW), new ReLU()],
    new Linear(NARROW, WIDE),
  ];
  const block = (layers: Layer[]) =>
    new Residual(new Sequential(...layers), { activation: new ReLU(), zeroInit: true });
  const curves: Curves = { full: [], bottleneck: [] };
  const { x, labels } = batchOf(letters(seed, COST_BATCH), COST_BATCH);
  for (const depth of COST_DEPTHS)
    for (const [name, layers, perBlock] of [
      ["full", full, 2],
      ["bottleneck", bottleneck, 3],
    ] as const) {
      const blocks = Array.from({ length: depth / perBlock }, () => block(layers));
      const made = await model(new Sequential(new Linear(PIXELS, WIDE), ...blocks, new Linear(WIDE, CLASSES)), seed);
      const trainer = createTrainer(made, { loss: crossEntropy(), optimizer: new AdamW({ lr: 1e-4 }) });
      let least = Number.POSITIVE_INFINITY;
      for (let step = 0; step < 10; step++) {
        const before = performance.now();
        trainer.step(x, labels);
        least = Math.min(least, performance.now() - before);
      }
      made.dispose();
      curves[name].push([depth, least]);
      tell(curves);
    }
}

const FEW = 400;
const NEW = 1000;
const OVERFITTING_EPOCHS = 40;
const CURE = { dropout: 0.5, weightDecay: 1 };

/** Few letters, three of ten with a wrong label: what can be learned by heart is learned by heart, mistakes included. */
export async function overfitting(tell: Tell, seed: number): Promise<void> {
  const learned = mislabelled(letters(seed, FEW));
  const fresh = letters(seed, NEW, "test");
  const curves: Curves = {};
  for (const [name, dropout, weightDecay] of [
    ["bare", 0, 0],
    ["cured", CURE.dropout, CURE.weightDecay],
  ] as const) {
    const drop = () => (dropout > 0 ? [new Dropout(dropout)] : []);
    const init = "he";
    const made = await model(
      new Sequential(
        ...[new Linear(PIXELS, WIDTH, { init }), new ReLU(), ...drop()],
        ...[new Linear(WIDTH, WIDTH, { init }), new ReLU(), ...drop()],
        new Linear(WIDTH, CLASSES, { init }),
      ),
      seed,
    );
    const trainer = createTrainer(made, { loss: crossEntropy(), optimizer: new AdamW({ lr: 2e-3, weightDecay }) });
    curves[`${name}Learned`] = [];
    curves[`${name}New`] = [];
    for (let epoch = 0; epoch <= OVERFITTING_EPOCHS; epoch++) {
      if (epoch > 0) await trainer.fit(learned, { epochs: 1, batchSize: 20 });
      if (epoch % 2 > 0) continue;
      curves[`${name}Learned`].push([epoch, (await trainer.evaluate(learned)).loss]);
      curves[`${name}New`].push([epoch, (await trainer.evaluate(fresh)).loss]);
      tell(curves);
    }
    made.dispose();
  }
}

/** Three of ten labels moved on by one to nine, each class alike. */
function mislabelled(data: ClassDataset): ClassDataset {
  const { x, labels } = batchOf(data, data.length);
  const y = labels.map((label, i) => {
    const drawing = Math.floor(i / CLASSES);
    return drawing % 10 < 3 ? (label + 1 + (Math.floor(drawing / 10) % 9)) % CLASSES : label;
  });
  return arrayDataset({ x, y, classes: CLASSES, inputShape: [PIXELS] });
}

const GRADIENT_DEPTH = 30;
/** He's deviation is sqrt(2 / 64) = 0.177. */
const LARGE: Init = { kind: "normal", std: 0.35 };
const SMALL: Init = { kind: "normal", std: 0.09 };

/** The length of the loss's gradient by each layer's weights, before the first step: from weights that start in four ways. */
export async function gradients(tell: Tell, seed: number): Promise<void> {
  const starts: [name: string, init: InitName | Init, norm: boolean][] = [
    ["large", LARGE, false],
    ["small", SMALL, false],
    ["he", "he", false],
    ["norm", SMALL, true],
  ];
  const curves: Curves = {};
  const { x, labels } = batchOf(letters(seed, 100), 100);
  for (const [name, init, norm] of starts) {
    const layer = (from: number) => [
      new Linear(from, WIDTH, { init }),
      ...(norm ? [new BatchNorm1d(WIDTH)] : []),
      new ReLU(),
    ];
    const hidden = Array.from({ length: GRADIENT_DEPTH }, () => layer(WIDTH)).flat();
    const made = await model(
      new Sequential(...layer(PIXELS), ...hidden, new Linear(WIDTH, CLASSES, { init: "he" })),
      seed,
    );
    const { data: logits } = made.forward(x, { training: true });
    made.backward(crossEntropyGradient(logits, labels));
    const weights = [...made.gradients().values()].filter(({ shape }) => shape.length > 1);
    curves[name] = weights.map(({ data }, i) => [i + 1, norm2(data)]);
    made.dispose();
    tell(curves);
  }
}

const norm2 = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));

/** (softmax(logits) - onehot(label)) / n. */
function crossEntropyGradient(logits: Float32Array, labels: Int32Array): Float32Array {
  const dy = new Float32Array(logits.length);
  labels.forEach((label, row) => {
    const own = logits.subarray(row * CLASSES, (row + 1) * CLASSES);
    const highest = Math.max(...own);
    const total = own.reduce((sum, value) => sum + Math.exp(value - highest), 0);
    own.forEach((value, j) => {
      dy[row * CLASSES + j] = (Math.exp(value - highest) / total - (j === label ? 1 : 0)) / labels.length;
    });
  });
  return dy;
}

export const experiments: Record<Trouble, (tell: Tell, seed: number) => Promise<void>> = {
  cost,
  overfitting,
  gradients,
};
