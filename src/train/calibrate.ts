/** Temperature scaling: probabilities that can be believed (Guo et al. 2017, "On Calibration of Modern Neural Networks"). */
import { ArgumentError, DataError, expectation, NumericError, ShapeError } from "../core/errors.js";
import { argmax, exp, log } from "../core/math.js";
import { integer, readOptions, type Schema } from "../core/options.js";
import { formatShape, numel, type Shape } from "../core/shape.js";
import { isTagged } from "../core/tag.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import { type ClassDataset, expectDataset, getBatch } from "../data/dataset.js";
import { eceOf, type ReliabilityBin, reliability } from "../metrics/reliability.js";
import { classNamesOf, expectClassNames } from "../model/class-names.js";
import type { Outputs } from "../nn/outputs.js";
import { expectBelongs } from "./belongs.js";

/** A model of any entry. */
export interface Calibrated {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly classNames?: readonly string[] | undefined;
  readonly transform?: unknown;
  temperature: number | undefined;
  predict(x: TensorLike): Tensor | Outputs | Promise<Tensor | Outputs>;
}

export interface CalibrateOptions {
  /** Samples that are predicted at once. Default 64. */
  batchSize?: number;
  /** Bins of the expected calibration error. Default 15. */
  bins?: number;
}

/** How far probabilities can be believed. */
export interface Calibration {
  /** Mean of the negative logarithm of the right class's probability: the loss of crossEntropy. */
  nll: number;
  /** Expected calibration error. */
  ece: number;
  /** For a reliability diagram. */
  bins: ReliabilityBin[];
}

/** What `calibrate` found. */
export interface CalibrationResult {
  /** By which logits are divided; above 1 where the model was too sure. Now `model.temperature`. */
  temperature: number;
  before: Calibration;
  after: Calibration;
  samples: number;
}

const where = "calibrate";

const schema = () =>
  ({
    batchSize: integer({ min: 1, default: 64 }),
    bins: integer({ min: 1, default: 15 }),
  }) satisfies Schema<CalibrateOptions>;

/** Logits of samples, and their classes. */
interface Rows {
  logits: Float32Array;
  labels: Int32Array;
  classes: number;
}

/** Bounds of the temperature: where all answers are right, the likelihood rises to its end. */
const [COLDEST, HOTTEST] = [0.01, 100];

/**
 * Fits the temperature of a model to a dataset of classes that it was not trained with: the one number by which its logits are to be divided so
 * that the right classes are the most likely. The order of classes stays as it is. `model.temperature` holds it, `model.save`
 * keeps it, and `classify` applies it. Throws `ShapeError` where the model has no logits of classes.
 *
 * ```ts
 * const { temperature, before, after } = await calibrate(model, validation);
 * ```
 *
 * @example
 * const { before, after } = await calibrate(model, held); // sets model.temperature
 */
export async function calibrate(
  model: Calibrated,
  dataset: ClassDataset,
  options?: CalibrateOptions,
): Promise<CalibrationResult> {
  const { batchSize, bins } = readOptions(where, options, schema);
  expectDataset(where, dataset);
  if (dataset.targets !== "class")
    throw new ArgumentError(expectation(where, "dataset", "one of classes", "one of values"));
  expectCalibrated(model);
  expectClassNames(where, model.classNames, classNamesOf(dataset));
  await expectBelongs(where, model, dataset);
  const rows = await predictAll(model, dataset, batchSize);
  const temperature = fit(rows);
  const [before, after] = [1, temperature].map((each) => judge(rows, each, bins));
  model.temperature = temperature;
  return { temperature, before, after, samples: dataset.length };
}

/** Models of several entries, and of workers, are told by what they have. */
function expectCalibrated(model: unknown): asserts model is Calibrated {
  const { predict, inputShape, outputShape }: Partial<Calibrated> = Object(model);
  if (typeof predict !== "function" || !Array.isArray(inputShape) || !Array.isArray(outputShape))
    throw new ArgumentError(expectation(where, "model", "a model from createModel or loadModel", model));
}

async function predictAll(model: Calibrated, dataset: ClassDataset, batchSize: number): Promise<Rows> {
  const { inputShape, outputShape } = model;
  const classes = outputShape[outputShape.length - 1];
  if (classes < 2 || numel(outputShape) !== classes)
    throw new ShapeError(expectation(where, "model.outputShape", "[classes], 2 or more", formatShape(outputShape)));
  const size = numel(inputShape);
  const [logits, labels] = [new Float32Array(dataset.length * classes), new Int32Array(dataset.length)];
  for (let at = 0; at < dataset.length; at += batchSize) {
    const n = Math.min(batchSize, dataset.length - at);
    const indices = Array.from({ length: n }, (_, i) => at + i);
    await dataset.prefetch?.(indices);
    const x = new Float32Array(n * size);
    getBatch(dataset, indices, x, labels.subarray(at, at + n));
    const y = await model.predict({ data: x, shape: [n, ...inputShape] });
    if (!isTagged(y.data, "Float32Array"))
      throw new ShapeError(expectation(where, "model", "one output", `${Object.keys(y).length} by name`));
    logits.set(y.data, at * classes);
  }
  const bad = logits.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const name = `outputs of sample ${Math.floor(bad / classes)}`;
    throw new NumericError(expectation(where, name, "finite logits", logits[bad]));
  }
  expectLogits({ logits, labels, classes });
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0)
    throw new DataError(expectation(where, `label of sample ${wrong}`, `0 to ${classes - 1}`, labels[wrong]));
  return { logits, labels, classes };
}

/** Throws `ArgumentError` where all rows are probabilities, of a network that ends in a softmax. */
function expectLogits({ logits, classes }: Rows): void {
  for (let row = 0; row < logits.length; row += classes) {
    let sum = 0;
    for (let i = row; i < row + classes; i++) {
      if (logits[i] < 0) return;
      sum += logits[i];
    }
    if (Math.abs(sum - 1) > 1e-4) return;
  }
  const hint = "Leave the softmax out: classify and crossEntropy apply one themselves";
  throw new ArgumentError(expectation(where, "outputs", "logits", "probabilities", { hint }));
}

/** Mean, over samples, of log(sum_i exp(b z_i)) - b z_y and of its first two derivatives after b, the inverse temperature. */
function likelihood({ logits, labels, classes }: Rows, b: number): [nll: number, slope: number, curvature: number] {
  let [nll, slope, curvature] = [0, 0, 0];
  for (let s = 0; s < labels.length; s++) {
    const row = s * classes;
    const top = logits[row + argmax(logits, row, classes)];
    let [sum, first, second] = [0, 0, 0];
    for (let i = row; i < row + classes; i++) {
      const z = logits[i] - top;
      const p = exp(b * z);
      sum += p;
      first += p * z;
      second += p * z * z;
    }
    const own = logits[row + labels[s]] - top;
    const mean = first / sum;
    nll += log(sum) - b * own;
    slope += mean - own;
    curvature += second / sum - mean * mean;
  }
  return [nll / labels.length, slope / labels.length, curvature / labels.length];
}

/**
 * The temperature of the least negative log-likelihood, which is convex in b = 1 / T: Newton's steps towards where its slope is 0,
 * halved where they would leave the bracket (Press et al., Numerical Recipes, section 9.4).
 */
function fit(rows: Rows): number {
  let [low, high] = [1 / HOTTEST, 1 / COLDEST];
  if (likelihood(rows, high)[1] <= 0) return COLDEST;
  if (likelihood(rows, low)[1] >= 0) return HOTTEST;
  let b = 1;
  for (let i = 0; i < 100 && high - low > 1e-12 * b; i++) {
    const [, slope, curvature] = likelihood(rows, b);
    if (slope > 0) high = b;
    else low = b;
    const next = b - slope / curvature;
    const isInside = next > low && next < high;
    const step = isInside ? next : (low + high) / 2;
    if (Math.abs(step - b) <= 1e-12 * b) break;
    b = step;
  }
  return 1 / b;
}

function judge(rows: Rows, temperature: number, bins: number): Calibration {
  const { logits, labels, classes } = rows;
  const run = reliability({ bins }).start({ task: "classes", outputShape: [classes] });
  const outputs = logits.map((value) => value / temperature);
  run.update({ first: 0, samples: labels.length, outputs, targets: labels });
  const sorted = run.result();
  return { nll: likelihood(rows, 1 / temperature)[0], ece: eceOf(sorted), bins: sorted };
}
