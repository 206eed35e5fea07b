/**
 * Random changes to training batches, in place on NHWC floats, or those of signals. Each example draws from a generator of its own, keyed by
 * (seed, epoch, index): batches may be of any size and order, and a resumed run sees what it would have seen.
 */
import { ArgumentError, describe, expectation, ShapeError } from "../../core/errors.js";
import { integer, readOptions, type Schema } from "../../core/options.js";
import { Philox } from "../../core/random.js";
import { formatShape, numel } from "../../core/shape.js";
import { checkBuffers, type Dataset, expectDataset, getBatch, targetSize, type ValueDataset } from "../dataset.js";
import { describeDataset } from "../description.js";
import { withGet } from "../views.js";
import { type PictureCut, picturesOf } from "./pictures.js";
import type { ImageShape } from "./pixels.js";

/** Changes one image, which begins at x[0]; `scratch` is as large as the image and holds nothing. */
export interface ImageAugmentation {
  kind: "image";
  /** Refuses image shapes that it cannot treat. */
  check?(shape: ImageShape): void;
  apply(x: Float32Array, shape: ImageShape, random: Philox, scratch: Float32Array): void;
  /** @internal Where it cuts a part out: datasets of picture files do that before a picture is made small. */
  readonly cut?: PictureCut;
}

/**
 * Changes `count` samples and their rows of targets together; `y` holds these rows and no more. The shape of a signal is that of an
 * image of height 1, that of a row of numbers has width 1 besides.
 */
export interface BatchAugmentation {
  kind: "batch";
  /** Refuses shapes that it cannot treat. */
  check?(shape: ImageShape): void;
  apply(x: Float32Array, y: Float32Array, count: number, shape: ImageShape, random: Philox): void;
  /** @internal What mixes a dataset for `fit`: with the augmentation comes all that it takes. */
  readonly augment?: typeof augment;
}

/** Changes one signal, [length, channels], which begins at x[0]; `scratch` is as large and holds nothing. */
export interface SignalAugmentation {
  kind: "signal";
  apply(x: Float32Array, shape: SignalShape, random: Philox, scratch: Float32Array): void;
}

/** Steps of time, and values at each. */
export interface SignalShape {
  length: number;
  channels: number;
}

/** What `augment` does to samples or to whole batches. */
export type Augmentation = ImageAugmentation | SignalAugmentation | BatchAugmentation;

/** Apart from the streams of parameters and samplers. */
const FIRST_STREAM = 0x40000000;
const BATCH_STREAM = 0xfffd0000;

/**
 * `dataset` with the augmentations applied in order. Put it before `normalise`: colours are taken to be 0 … 1. With
 * mixup or cutmix among them, targets become rows of class probabilities.
 *
 * On an image folder, or a part of one, `randomResizedCrop` cuts its box out of the whole picture, which is made small after
 * that, and all others change values of 0 … 1 that are normalised after them. So the transform's `resize` and `crop` count
 * for their size alone, and pictures are kept larger than samples: as large as the smallest box needs.
 *
 * ```ts
 * const train = augment(await loadImageFolder("photos", { transform }), [randomResizedCrop(), horizontalFlip()]);
 * ```
 *
 * @example
 * await trainer.fit(augment(dataset, [randomCrop({ padding: 1 }), horizontalFlip()]), { epochs: 1 });
 */
export function augment<D extends Dataset>(
  dataset: D,
  augmentations: readonly (ImageAugmentation | SignalAugmentation)[],
  options?: { seed?: number },
): D;
export function augment(
  dataset: Dataset,
  augmentations: readonly Augmentation[],
  options?: { seed?: number },
): ValueDataset;
export function augment(
  dataset: Dataset,
  augmentations: readonly Augmentation[],
  options?: { seed?: number },
): Dataset {
  expectDataset(where, dataset);
  const { seed } = readOptions(where, options, schema);
  if (!Array.isArray(augmentations) || !Array.from(augmentations).every((each) => KINDS.includes(each?.kind))) {
    throw new ArgumentError(expectation(where, "augmentations", "an array of augmentations", describe(augmentations)));
  }
  if (dataset.targets === "class" && dataset.targetShape) {
    const hint = "Labels a pixel would stay where they are: change both in a dataset of your own";
    throw new ArgumentError(expectation(where, "dataset", "one label an image", "several", { hint }));
  }
  const shape = shapeFor(augmentations, dataset.inputShape);
  const batches = augmentations.filter((each) => each.kind === "batch");
  const single = augmentations.filter((each) => each.kind !== "batch");
  const images = single.filter((each) => each.kind === "image");
  for (const each of [...images, ...batches]) each.check?.(shape);
  if (firstBatch(augmentations) < single.length) {
    throw new ArgumentError(expectation(where, "augmentations", "mixup and cutmix after all others", "another order"));
  }
  const size = numel(dataset.inputShape);
  const scratch = new Float32Array(size);
  const described = <A extends Dataset>(augmented: A): A =>
    describeDataset(augmented, () => ({ type: "augment", dataset, augmentations, seed }));
  // Without an epoch from the caller, calls are counted: random still, but not resumable.
  let calls = 0;

  const randomOf = (index: number, epoch: number): Philox =>
    new Philox(seed, FIRST_STREAM + ((epoch * dataset.length + index) % FIRST_STREAM));

  const open = images.length > 0 ? picturesOf(dataset) : undefined;
  const cutting = open && images.find(({ cut }) => cut);
  const view = open?.(cutting?.cut);
  const others = single.filter((each) => each !== cutting);
  const getChanged: Dataset["get"] = (indices, x, y, epoch = calls++) => {
    const randoms = Array.from(indices, (index) => randomOf(index, epoch));
    if (view) view.get(indices, x, y, randoms);
    else getBatch(dataset, indices, x, y, epoch);
    for (const [i, random] of randoms.entries()) {
      const image = x.subarray(i * size, (i + 1) * size);
      for (const each of others) {
        if (each.kind === "image") each.apply(image, shape, random, scratch);
        else each.apply(image, { length: shape.width, channels: shape.channels }, random, scratch);
      }
    }
    view?.normalise(x.subarray(0, indices.length * size));
  };
  const changed = withGet(dataset, getChanged, view && { prefetch: view.prefetch });
  if (batches.length === 0) return described(changed);
  if (dataset.getWeights)
    throw new ArgumentError(expectation(where, "dataset", "none with weights for mixup and cutmix", "weights"));

  const rows = withRows(changed);
  const get: Dataset["get"] = (indices, x, y, epoch = calls++) => {
    rows.get(indices, x, y, epoch);
    // The first index tells one batch of an epoch from another: an index comes once in an epoch.
    const first = indices.length > 0 ? indices[0] : 0;
    const random = new Philox(seed, BATCH_STREAM - ((epoch * dataset.length + first) % FIRST_STREAM));
    const targets = (y as Float32Array).subarray(0, indices.length * numel(rows.targetShape));
    for (const each of batches) each.apply(x, targets, indices.length, shape, random);
  };
  return described(withGet(rows, get));
}

const where = "augment";

const schema = () =>
  ({ seed: integer({ max: Number.MAX_SAFE_INTEGER, default: 0 }) }) satisfies Schema<{ seed?: number }>;

const firstBatch = (augmentations: readonly Augmentation[]): number => {
  const at = augmentations.findIndex(({ kind }) => kind === "batch");
  return at < 0 ? augmentations.length : at;
};

const KINDS: readonly unknown[] = ["image", "signal", "batch"];

/** Throws `ShapeError` where samples are not what the augmentations change. */
function shapeFor(augmentations: readonly Augmentation[], inputShape: readonly number[]): ImageShape {
  const refuse = (expected: string, hint?: string) =>
    new ShapeError(expectation(where, "inputShape", expected, formatShape(inputShape), { hint }));
  const has = (kind: Augmentation["kind"]) => augmentations.some((each) => each.kind === kind);
  if (has("image") && inputShape.length !== 3)
    throw refuse("[height, width, channels]", "Load the images with { flatten: false }");
  if (has("signal") && inputShape.length !== 2) throw refuse("[length, channels]");
  if (inputShape.length > 3) throw refuse("[height, width, channels], [length, channels] or [features]");
  const [height, width, channels] = [1, 1, ...inputShape].slice(-3) as [number, number, number];
  return { height, width, channels };
}

/**
 * `dataset` with class indices as rows of probabilities: 1 at the class, 0 elsewhere.
 *
 * @example
 * const rows = withRows(dataset); // targets as rows of probabilities, as mixup needs them
 */
export function withRows(dataset: Dataset): ValueDataset {
  expectDataset("withRows", dataset);
  if (dataset.targets === "values") return dataset;
  const { classes, classNames, targetShape = [], ignoreIndex } = dataset;
  if (ignoreIndex !== undefined)
    throw new ArgumentError(expectation("withRows", "dataset", "none with an ignoreIndex", ignoreIndex));
  let labels = new Int32Array(0);
  const rows: ValueDataset = {
    length: dataset.length,
    inputShape: dataset.inputShape,
    targets: "values",
    targetShape: [...targetShape, classes],
    classNames,
    getWeights: dataset.getWeights?.bind(dataset),
    prefetch: dataset.prefetch?.bind(dataset),
    get(indices, x, y, epoch) {
      checkBuffers(rows, indices, x, y, epoch);
      const count = indices.length * targetSize(dataset);
      if (labels.length !== count) labels = new Int32Array(count);
      getBatch(dataset, indices, x, labels, epoch);
      y.fill(0, 0, count * classes);
      for (let i = 0; i < count; i++) y[i * classes + labels[i]] = 1;
    },
  };
  return describeDataset(rows, () => ({ type: "rows", dataset }));
}
