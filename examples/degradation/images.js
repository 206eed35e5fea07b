// @ts-check
/** What the nets are trained on: images with mean 0 and deviation 1; and a picture of it for the report. */
import { channelStatistics, FASHION_MNIST_CLASSES, glyphs, loadMnist, normalise, subset } from "resnet-wasm/data";

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
 * The first examples of each class, one column a class, as a grey bitmap: `url` is a data: URL.
 * @param {ClassDataset} dataset
 * @param {number} rows
 * @returns {{ url: string, width: number, height: number }}
 */
function contactSheet(dataset, rows) {
  const { classes, length, inputShape } = dataset;
  const size = inputShape[0];
  const gap = 2;
  const [width, height] = [classes * (size + gap) - gap, rows * (size + gap) - gap];
  const stride = Math.ceil(width / 4) * 4;
  const header = 54 + 4 * 256;
  const file = new Uint8Array(header + stride * height);
  const seen = new Array(classes).fill(0);
  const [x, y] = [new Float32Array(size * size), new Int32Array(1)];
  for (let i = 0; i < length && seen.some((count) => count < rows); i++) {
    dataset.get([i], x, y);
    const [column, row] = [y[0], seen[y[0]]++];
    if (row >= rows) continue;
    for (let p = 0; p < size * size; p++) {
      const top = row * (size + gap) + Math.floor(p / size);
      // Bitmaps run from the bottom line up.
      file[header + (height - 1 - top) * stride + column * (size + gap) + (p % size)] = Math.round(255 * x[p]);
    }
  }
  // Windows bitmap, 8 bits a pixel: file header of 14 bytes, BITMAPINFOHEADER of 40, a palette of 256 greys.
  const view = new DataView(file.buffer);
  view.setUint16(0, 0x424d);
  /** @type {[offset: number, value: number][]} */
  const fields = [
    [2, file.length],
    [10, header],
    [14, 40],
    [18, width],
    [22, height],
    [26, 1 | (8 << 16)],
    [34, stride * height],
    [46, 256],
  ];
  for (const [offset, value] of fields) view.setUint32(offset, value, true);
  for (let grey = 0; grey < 256; grey++) view.setUint32(54 + 4 * grey, grey * 0x010101, true);
  return { url: `data:image/bmp;base64,${Buffer.from(file).toString("base64")}`, width, height };
}
