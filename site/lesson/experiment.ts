/**
 * The experiment of the lesson, as the page's workers run it and as tests run it in Node: a plain network of some depth, or the
 * same with skip connections, learns to tell ten letters of an invented alphabet apart.
 */
import {
  activations,
  createModel,
  createTrainer,
  crossEntropy,
  Linear,
  type Model,
  ReLU,
  residualTwin,
  Sequential,
  SGD,
} from "resnet-wasm";
import { type ClassDataset, glyphs, normalise } from "resnet-wasm/data";

import { BATCH, CLASSES, EPOCHS, EXAMPLES, SIDE, STEPS, type Task, WIDTH } from "./settings.js";

const LEARNING_RATE = 0.005;
const MOMENTUM = 0.9;

/** Examples on which the error is measured while the network learns, and reports in a run. */
const PROBE = 120;
const REPORTS = 60;

/** 784 pixels → 64 → … → 64 → 10, ReLU between. He initialisation keeps signals as large in every layer: only depth is on trial. */
export function plainNetwork(depth: number): Sequential {
  const init = "he";
  const hidden = Array.from({ length: depth }, () => [new Linear(WIDTH, WIDTH, { init }), new ReLU()]);
  return new Sequential(
    new Linear(SIDE * SIDE, WIDTH, { init }),
    new ReLU(),
    ...hidden.flat(),
    new Linear(WIDTH, CLASSES, { init }),
  );
}

export const networkOf = ({ kind, depth }: Task): Sequential =>
  kind === "plain" ? plainNetwork(depth) : residualTwin(plainNetwork(depth), { every: 2 });

/** Mean and deviation of the letters' pixels. */
const PIXELS = { mean: [0.2], std: [0.35] };

/** The letters to learn from, and with `"test"` others of the same alphabet. */
export const letters = (seed: number, count = EXAMPLES, part: "train" | "test" = "train"): ClassDataset =>
  normalise(glyphs({ count, size: SIDE, seed: 2 * seed + (part === "train" ? 0 : 1) }), PIXELS);

export interface Report {
  step: number;
  /** Mean over the steps since the last report. */
  loss: number;
  /** Share of wrong answers on a part of the letters that it learns from. */
  error: number;
  /** How different letters look to each layer but the last, first layer first: see `differences`. */
  differences: Float32Array;
}

export interface Result {
  /** Share of wrong answers on all letters that it has learned from. */
  error: number;
  /** Of letters that it has never seen. */
  testError: number;
  /** SHA-256 of all weights; "" where the page has no secure context and so no hash function. */
  hash: string;
  parameters: number;
  msPerStep: number;
  block: Block | null;
}

/** The first residual block with its weights, what came in for one letter, and what went out. */
export interface Block {
  weights: { W1: Float32Array; b1: Float32Array; W2: Float32Array; b2: Float32Array };
  /** Pixels of the letter. */
  letter: Float32Array;
  input: Float32Array;
  output: Float32Array;
}

/** Trains one network from its first weights to the end; `report` is called some 60 times. */
export async function train(task: Task, report: (report: Report) => void): Promise<Result> {
  // Fused multiply-adds round differently from machine to machine; without them bits are the same on all.
  const model = await createModel(networkOf(task), {
    inputShape: [SIDE * SIDE],
    seed: task.seed,
    threads: 1,
    relaxedSimd: false,
  });
  const data = letters(task.seed);
  const trainer = createTrainer(model, {
    loss: crossEntropy(),
    optimizer: new SGD({ lr: LEARNING_RATE, momentum: MOMENTUM }),
  });
  const probe = batchOf(data, PROBE);
  const every = Math.floor(STEPS / REPORTS);
  let [done, sum, sampled] = [0, 0, 0];
  const tell = () => {
    const error = wrongAnswers(model, probe);
    const differences = differencesIn(model, probe, task);
    report({ step: done, loss: sampled ? sum / sampled : Number.NaN, error, differences });
    [sum, sampled] = [0, 0];
  };
  tell();
  const started = performance.now();
  let measuring = 0;
  const onStep = ({ loss }: { loss: number }) => {
    done += 1;
    sum += loss;
    sampled += 1;
    if (done % every > 0 && done < STEPS) return;
    const before = performance.now();
    tell();
    measuring += performance.now() - before;
  };
  await trainer.fit(data, { epochs: EPOCHS, batchSize: BATCH, callbacks: [{ onStep }] });
  const msPerStep = (performance.now() - started - measuring) / Math.max(1, done);
  const { accuracy } = await trainer.evaluate(data);
  const test = await trainer.evaluate(letters(task.seed, EXAMPLES / 4, "test"));
  const state = [...model.stateDict().values()].map((tensor) => tensor.data as Float32Array<ArrayBuffer>);
  const result = {
    error: 1 - accuracy,
    testError: 1 - test.accuracy,
    hash: await hashOf(state),
    parameters: state.reduce((total, { length }) => total + length, 0),
    msPerStep,
    block: task.kind === "residual" ? firstBlock(model, data) : null,
  };
  model.dispose();
  return result;
}

interface Batch {
  x: Float32Array;
  labels: Int32Array;
}

export function batchOf(data: ClassDataset, count: number): Batch {
  const [x, labels] = [new Float32Array(count * data.inputShape.reduce((a, b) => a * b)), new Int32Array(count)];
  data.get(
    Int32Array.from({ length: count }, (_, i) => i),
    x,
    labels,
  );
  return { x, labels };
}

/** The share of letters whose own output is not the highest. A network that has broken down says nothing, which is wrong. */
function wrongAnswers(model: Model, { x, labels }: Batch): number {
  const { data } = model.predict(x);
  const isRight = (label: number, row: number): boolean => {
    const logits = data.subarray(row * CLASSES, (row + 1) * CLASSES);
    return logits[label] === Math.max(...logits);
  };
  return 1 - labels.filter(isRight).length / labels.length;
}

/** Where the output of each hidden layer is found, and of the input layer first: after its ReLU. */
function outputsOf({ kind, depth }: Task): string[] {
  const hidden = Array.from({ length: depth }, (_, i) => {
    if (kind === "plain") return String(2 * i + 3);
    const block = String(2 + (i >> 1));
    return i % 2 === 0 ? `${block}.main.1` : block;
  });
  return ["1", ...hidden];
}

/**
 * How different letters look to a layer: 1 - the mean cosine between its outputs for any two of them. 0 is all alike, where no
 * layer after it can tell them apart. The mean cosine of n directions u is |Σ u / n|².
 */
function differencesIn(model: Model, { x }: Batch, task: Task): Float32Array {
  const paths = outputsOf(task);
  const seen = activations(model, x, paths);
  return Float32Array.from(paths, (path) => {
    const { data, shape } = seen.get(path) ?? { data: new Float32Array(0), shape: [0, 0] };
    const [count, width] = shape;
    const mean = new Float64Array(width);
    for (let row = 0; row < count; row++) {
      const output = data.subarray(row * width, (row + 1) * width);
      const length = Math.sqrt(output.reduce((sum, value) => sum + value * value, 0)) || 1;
      for (let j = 0; j < width; j++) mean[j] += output[j] / length / count;
    }
    return 1 - mean.reduce((sum, value) => sum + value * value, 0);
  });
}

/** In a residual twin, layer 0 and its ReLU come before the first block; the letter is the first of the data. */
const FIRST_BLOCK = { input: "1", output: "2" };

function firstBlock(model: Model, data: ClassDataset): Block {
  const { x } = batchOf(data, 1);
  const { input, output } = FIRST_BLOCK;
  const seen = activations(model, x, [input, output]);
  const state = model.stateDict();
  const read = (name: string): Float32Array => {
    const tensor = state.get(`${output}.main.${name}`);
    if (!tensor) throw new Error(`firstBlock: network expected ${output}.main.${name}, got ${[...state.keys()]}`);
    return tensor.data as Float32Array;
  };
  const at = (path: string): Float32Array => seen.get(path)?.data ?? new Float32Array(0);
  const weights = { W1: read("0.weight"), b1: read("0.bias"), W2: read("2.weight"), b2: read("2.bias") };
  return { weights, letter: x, input: at(input), output: at(output) };
}

/** SHA-256 of the bytes of these arrays, one after the other. */
async function hashOf(arrays: readonly Float32Array<ArrayBuffer>[]): Promise<string> {
  if (!globalThis.crypto?.subtle) return "";
  const bytes = new Uint8Array(await new Blob(arrays as Float32Array<ArrayBuffer>[]).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
