// @ts-check
/** What the nets are trained on: images with mean 0 and deviation 1; and a picture of it for the report. */
import { encode } from "fast-png";
import {
  channelStatistics,
  FASHION_MNIST_CLASSES,
  glyphs,
  loadCifar,
  loadMnist,
  normalise,
  subset,
} from "resnet-wasm/data";

/** @typedef {import("resnet-wasm").ClassDataset} ClassDataset */

/**
 * @typedef {object} Images
 * @property {string} name
 * @property {ClassDataset} train
 * @property {ClassDataset} test
 * @property {ReturnType<typeof contactSheet>} sheet
 */

const GLYPHS = { train: 20_000, test: 5_000 };

/**
 * Glyphs, or the idx files of `folder`. Test glyphs are other drawings of the same classes.
 * @param {{ data: string | undefined, samples: number | undefined, seed: number }} options
 * @returns {Promise<Images>}
 */
export async function loadImages({ data, samples, seed }) {
  if (data === undefined) {
    const count = samples ?? GLYPHS.train;
    const train = glyphs({ count, seed: 2 * seed + 1, flatten: false });
    const testCount = Math.min(GLYPHS.test, Math.max(10, Math.ceil(count / 4)));
    const test = glyphs({ count: testCount, seed: 2 * seed + 2, flatten: false });
    return prepare("Procedural glyphs", train, test);
  }
  const isFashion = /fashion/i.test(data);
  const classNames = isFashion ? FASHION_MNIST_CLASSES : undefined;
  const all = await loadMnist(data, { train: true, flatten: false, classNames });
  const test = await loadMnist(data, { train: false, flatten: false, classNames });
  const train = samples !== undefined && samples < all.length ? first(all, samples) : all;
  return prepare(isFashion ? "Fashion-MNIST" : "Images from idx files", train, test);
}

/**
 * CIFAR-10 from the .bin files of `folder`: the first `samples` for training, a quarter as many for the test.
 * @param {{ images: string, imageSamples: number }} options
 * @returns {Promise<Images>}
 */
export async function loadColourImages({ images, imageSamples }) {
  const train = first(await loadCifar(images, { train: true }), imageSamples);
  const test = first(await loadCifar(images, { train: false }), Math.max(10, Math.ceil(imageSamples / 4)));
  return prepare("CIFAR-10", train, test);
}

/** Images that mean and deviation are measured on. */
const MEASURED = 5_000;

/**
 * @param {string} name
 * @param {ClassDataset} train
 * @param {ClassDataset} test
 * @returns {Images}
 */
function prepare(name, train, test) {
  const statistics = channelStatistics(first(train, MEASURED));
  const sheet = contactSheet(train, 3);
  return { name, train: normalise(train, statistics), test: normalise(test, statistics), sheet };
}

/**
 * @param {ClassDataset} dataset
 * @param {number} count
 */
const first = (dataset, count) =>
  subset(
    dataset,
    Int32Array.from({ length: Math.min(count, dataset.length) }, (_, i) => i),
  );

/**
 * The first examples of each class, one column a class, as a PNG: `url` is a data: URL.
 * @param {ClassDataset} dataset
 * @param {number} rows
 * @returns {{ url: string, width: number, height: number }}
 */
function contactSheet(dataset, rows) {
  const { classes, length, inputShape } = dataset;
  const [size, , channels] = inputShape;
  const gap = 2;
  const [width, height] = [classes * (size + gap) - gap, rows * (size + gap) - gap];
  const data = new Uint8Array(width * height * channels);
  const seen = new Array(classes).fill(0);
  const [x, y] = [new Float32Array(size * size * channels), new Int32Array(1)];
  for (let i = 0; i < length && seen.some((count) => count < rows); i++) {
    dataset.get([i], x, y);
    const [column, row] = [y[0], seen[y[0]]++];
    if (row >= rows) continue;
    for (let line = 0; line < size; line++) {
      const pixels = x.subarray(line * size * channels, (line + 1) * size * channels);
      const at = ((row * (size + gap) + line) * width + column * (size + gap)) * channels;
      data.set(
        pixels.map((value) => Math.round(255 * value)),
        at,
      );
    }
  }
  const file = encode({ width, height, data, channels });
  return { url: `data:image/png;base64,${Buffer.from(file).toString("base64")}`, width, height };
}
