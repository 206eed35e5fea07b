/** From pictures to classes: pictures are decoded, transformed as the model asks for, and its outputs ranked. */
import { expectation, NumericError, ShapeError } from "../core/errors.js";
import { exp } from "../core/math.js";
import { signal as abortSignal, integer, readOptions, type Schema } from "../core/options.js";
import { formatShape, numel, type Shape, sameShape } from "../core/shape.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import { createYielder } from "../core/yield.js";
import { type DecodeOptions, decodeSchema } from "../data/image/open.js";
import { expectImage, type Image, withChannels } from "../data/image/pixels.js";
import { imageOf } from "../data/image/source.js";
import { expectTransform, type ImageTransform, transformedShape, transformImage } from "../data/image/transform.js";
import { readTemperature } from "./temperature.js";

/** One class of an image. */
export interface Classification {
  /** Which output it is. */
  index: number;
  /** From the model's `classNames`; undefined without. */
  name: string | undefined;
  /** 0 to 1. After a softmax those of all classes sum to 1, after a Sigmoid each stands for itself. */
  probability: number;
}

/** How `classify` answers, and how files are decoded. */
export interface ClassifyOptions extends DecodeOptions {
  /** How many classes to give, the most probable first; at most as many as there are. Default 5. */
  topK?: number;
  /** Stops with the signal's reason as an error, between two pictures or batches. */
  signal?: AbortSignal;
}

/** A model, as far as pictures go through it. All else of it stays out of this file, which pages load on demand. */
interface Classifier {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly transform: unknown;
  readonly classNames: readonly string[] | undefined;
  readonly temperature: number | undefined;
  /** Bytes mean value / 255. */
  readonly fill: (target: Float32Array, source: ArrayLike<number>) => void;
  /** Whether outputs are probabilities already. */
  readonly givesProbabilities: boolean;
  predict(x: TensorLike): Tensor;
}

const where = "classify";

/** Pictures that are in memory as inputs at a time. */
const BATCH = 64;

const schema = () =>
  ({ topK: integer({ min: 1, default: 5 }), signal: abortSignal, ...decodeSchema() }) satisfies Schema<ClassifyOptions>;

/** What `model.classify` does: a list of classes for an image, a list of such lists for an array of images. */
export async function classify(
  model: Classifier,
  given: unknown,
  options?: ClassifyOptions,
): Promise<Classification[] | Classification[][]> {
  const { topK, signal, ...decoding } = readOptions(where, options, schema);
  expectClasses(model.outputShape);
  const { inputShape, classNames, givesProbabilities: areProbabilities } = model;
  const temperature = readTemperature(where, model.temperature) ?? 1;
  const write = writerOf(model);
  const images = Array.isArray(given) ? given : [given];
  const size = numel(inputShape);
  const results: Classification[][] = [];
  const pause = createYielder();
  for (let at = 0; at < images.length; at += BATCH) {
    const part = images.slice(at, at + BATCH);
    const x = new Float32Array(part.length * size);
    for (const [i, image] of part.entries()) {
      signal?.throwIfAborted();
      write(await imageOf(where, image, decoding), x.subarray(i * size, (i + 1) * size));
      await pause();
    }
    signal?.throwIfAborted();
    const { data } = model.predict({ data: x, shape: [part.length, ...inputShape] });
    const classes = data.length / part.length;
    for (let i = 0; i < part.length; i++) {
      const outputs = data.subarray(i * classes, (i + 1) * classes);
      expectNumbers(outputs, at + i, areProbabilities);
      const probabilities = areProbabilities ? outputs : softmax(outputs, temperature);
      results.push(rank(probabilities, topK, classNames));
    }
  }
  return Array.isArray(given) ? results : results[0];
}

function expectClasses(outputShape: Shape): void {
  const classes = outputShape[outputShape.length - 1];
  if (classes > 1 && numel(outputShape) === classes) return;
  const hint =
    classes === 1
      ? "One output tells yes from no: model.predict gives it, and a sigmoid makes a probability of it"
      : "A map of classes needs a pool before the last layer, AdaptiveAvgPool2d for example";
  throw new ShapeError(expectation(where, "outputs", "[classes], 2 or more", formatShape(outputShape), { hint }));
}

/** Writes a picture to the place of a sample. */
function writerOf({ inputShape, transform, fill }: Classifier): (image: Image, target: Float32Array) => void {
  if (inputShape.length !== 3) {
    const expected = "a network of [height, width, channels]";
    throw new ShapeError(expectation(where, "model", expected, `one of ${formatShape(inputShape)}`));
  }
  if (transform === undefined || transform === null)
    return (image, target) => fill(target, plainPixels(image, inputShape));
  const settings = expectTransform(where, transform);
  return (image, target) => writeTransformed(image, settings, inputShape, target);
}

function writeTransformed(image: Image, transform: ImageTransform, inputShape: Shape, target: Float32Array): void {
  expectImage(where, image);
  const shape = transformedShape(transform, image.width, image.height);
  if (!sameShape(shape, inputShape)) {
    const hint = "Its resize and crop decide the size, the length of its mean the channels";
    const got = `${formatShape(shape)} of ${image.width} x ${image.height} pixels`;
    throw new ShapeError(expectation(where, "model.transform", `to make ${formatShape(inputShape)}`, got, { hint }));
  }
  transformImage(image, transform, target);
}

/** Without a transform nothing says how to resize: the picture must have the model's size. */
function plainPixels(image: Image, inputShape: Shape): Image["data"] {
  const [height, width, channels] = inputShape;
  const from = expectImage(where, image);
  if (image.height !== height || image.width !== width || (channels !== from && channels !== 1 && channels !== 3)) {
    const hint =
      "Give createModel or loadModel a transform, { resize, crop, mean, std }, or resize the picture with resizeImage";
    const got = `[${image.height}, ${image.width}, ${from}]`;
    const expected = `${formatShape(inputShape)}, for a model without transform`;
    throw new ShapeError(expectation(where, "image", expected, got, { hint }));
  }
  return channels === 1 || channels === 3 ? withChannels(where, image, channels).data : image.data;
}

/** An output of minus infinity is a class that cannot be; no other number may be missing. */
function expectNumbers(outputs: Float32Array, image: number, areProbabilities: boolean): void {
  const odd = outputs.findIndex((value) => Number.isNaN(value) || value === Number.POSITIVE_INFINITY);
  const none = !areProbabilities && outputs.every((value) => value === Number.NEGATIVE_INFINITY);
  if (odd < 0 && !none) return;
  const hint =
    "Weights of a training that diverged, or a transform that does not belong to the model, give such numbers";
  const got = `${outputs[Math.max(0, odd)]} for class ${Math.max(0, odd)} of image ${image}`;
  throw new NumericError(expectation(where, "outputs", "finite numbers", got, { hint }));
}

/** exp(x_j / T) / sum_i exp(x_i / T). */
function softmax(logits: Float32Array, temperature: number): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b));
  const parts = Float64Array.from(logits, (value) => exp((value - top) / temperature));
  const sum = parts.reduce((a, b) => a + b);
  return parts.map((value) => value / sum);
}

/** The most probable classes; of equals the first. */
function rank(probabilities: ArrayLike<number>, topK: number, names: readonly string[] | undefined): Classification[] {
  return Array.from(probabilities, (probability, index) => ({ index, name: names?.[index], probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, topK);
}
