// @ts-check
// The two networks: one architecture, with and without skip connections, each in a worker of its own.
import { AdamW, Conv2d, crossEntropy, Flatten, Linear, MaxPool2d, ReLU, residualTwin, Sequential } from "resnet-wasm";
import { arrayDataset, augment, glyphs, normalise, randomCrop, split } from "resnet-wasm/data";
import { createModel, createTrainer, loadModel } from "resnet-wasm/worker";

/** Pixels of a picture's side. */
export const SIDE = 28;
const CHANNELS = 16;
const BATCH = 16;
const PIXELS = { mean: [0.5], std: [0.5] };

/** @typedef {"plain" | "residual"} Twin */
/** @type {readonly Twin[]} */
export const TWINS = ["plain", "residual"];

/** Each network takes its part of the cores. */
const threads = Math.max(1, Math.floor((navigator.hardwareConcurrency || 2) / TWINS.length));

/**
 * @param {number} depth convolutions between the first layer and the last
 * @param {number} classes
 */
function plainNetwork(depth, classes) {
  // Initialised after He et al.: signals keep their strength on the way, so that depth alone makes the difference.
  const conv = (/** @type {number} */ from, stride = 1) =>
    new Conv2d(from, CHANNELS, { kernelSize: 3, padding: 1, stride, init: "he" });
  const deep = Array.from({ length: depth }, () => [conv(CHANNELS), new ReLU()]).flat();
  const quarter = SIDE / 4;
  return new Sequential(
    conv(3, 2),
    new ReLU(),
    new MaxPool2d({ kernelSize: 2 }),
    ...deep,
    new Flatten(),
    new Linear(CHANNELS * quarter * quarter, classes),
  );
}

/**
 * @param {number} depth
 * @param {string[]} classes
 */
export async function createTwins(depth, classes) {
  const plain = plainNetwork(depth, classes.length);
  const transform = { resize: [SIDE, SIDE], ...PIXELS, classes };
  const options = { inputShape: [SIDE, SIDE, 3], seed: 1, threads, transform };
  const made = await Promise.all([createModel(plain, options), createModel(residualTwin(plain), options)]);
  return { plain: made[0], residual: made[1] };
}

/** @param {Uint8Array} bytes */
export const openModel = (bytes) => loadModel(bytes, { threads });

/** @param {import("./classes.js").Class[]} classes */
function makeDataset(classes) {
  const pictures = classes.flatMap((each, label) => each.pictures.map((bytes) => ({ bytes, label })));
  const x = new Uint8Array(pictures.length * SIDE * SIDE * 3);
  pictures.forEach(({ bytes }, i) => {
    x.set(bytes, i * SIDE * SIDE * 3);
  });
  const y = pictures.map(({ label }) => label);
  return arrayDataset({ x, y, inputShape: [SIDE, SIDE, 3], classes: classes.length });
}

/**
 * Trains both at the same time. Every step is reported, none waits for this thread.
 * @param {Record<Twin, import("resnet-wasm/worker").WorkerModel>} models
 * @param {import("./classes.js").Class[]} classes
 * @param {{ steps: number, signal: AbortSignal, onStep: (twin: Twin, event: import("resnet-wasm").StepEvent) => void }} options
 */
export async function trainTwins(models, classes, { steps, signal, onStep }) {
  const all = makeDataset(classes);
  // A fifth is kept back, to see how they do on pictures that they have not learned from; of few pictures, none.
  const [held, rest] = all.length >= 20 ? split(all, 0.2, 1) : [all, all];
  const train = normalise(augment(rest, [randomCrop({ padding: 2 })]), PIXELS);
  const epochs = Math.max(1, Math.round(steps / Math.ceil(rest.length / BATCH)));
  const results = TWINS.map(async (twin) => {
    const optimizer = new AdamW({ lr: 2e-3 });
    const trainer = await createTrainer(models[twin], { loss: crossEntropy(), optimizer, clipGradNorm: 1 });
    const started = performance.now();
    const history = await trainer.fit(train, {
      epochs,
      batchSize: BATCH,
      signal,
      waitForCallbacks: false,
      callbacks: [{ onStep: (event) => onStep(twin, event) }],
    });
    const ms = (performance.now() - started) / Math.max(1, history.losses.length);
    const { accuracy = 0 } = await trainer.evaluate(normalise(held, PIXELS));
    return /** @type {const} */ ([twin, { accuracy, ms, steps: history.losses.length }]);
  });
  return { heldBack: held === all ? 0 : held.length, twins: Object.fromEntries(await Promise.all(results)) };
}

/**
 * Probabilities of the classes for one picture.
 * @param {import("resnet-wasm/worker").WorkerModel} model
 * @param {Uint8Array} bytes
 */
export async function classify(model, bytes) {
  const x = Float32Array.from(bytes, (value) => (value / 255 - PIXELS.mean[0]) / PIXELS.std[0]);
  const { data } = await model.predict(x, { transfer: true });
  const top = Math.max(...data);
  const parts = Array.from(data, (value) => Math.exp(value - top));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / sum);
}

const NAMES = ["Hook", "Loop", "Fork", "Wave"];

/** Pictures drawn between two frames. */
const AT_ONCE = 8;

/**
 * Pictures of an invented alphabet, `count` of each letter; drawn a few at a time, so that the page goes on.
 * @param {number} count
 * @param {number} seed
 */
export async function shapes(count, seed) {
  const list = NAMES.map((name) => ({ name, pictures: /** @type {Uint8Array[]} */ ([]) }));
  for (let at = 0; at < count * NAMES.length; at += AT_ONCE) {
    drawShapes(list, Math.min(AT_ONCE, count * NAMES.length - at), seed + at);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return list;
}

/**
 * @param {import("./classes.js").Class[]} list
 * @param {number} count
 * @param {number} seed
 */
function drawShapes(list, count, seed) {
  const drawn = glyphs({ count, classes: list.length, seed, noise: 0.03 });
  const grey = new Float32Array(SIDE * SIDE);
  const label = new Int32Array(1);
  for (let i = 0; i < drawn.length; i++) {
    drawn.get([i], grey, label);
    const bytes = new Uint8Array(SIDE * SIDE * 3);
    grey.forEach((value, p) => {
      bytes.fill(Math.round(255 * value), 3 * p, 3 * p + 3);
    });
    list[label[0]].pictures.push(bytes);
  }
}
