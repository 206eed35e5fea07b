/** Samples to look at: of a dataset, spread over all of it, or of a batch. */
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { numel, sameShape } from "../core/shape.js";
import type { TensorLike } from "../core/tensor.js";
import { type Dataset, getBatch, notDataset, targetSize } from "../data/dataset.js";
import { toInput } from "../model/input.js";
import type { Predictor } from "../model/predictor.js";
import { expectPrepared } from "../train/prepared.js";

export interface Samples {
  readonly count: number;
  /** Each has one class. */
  readonly hasClasses: boolean;
  /** The inputs of `n` samples from the one at `at` on, and their classes where they have any. */
  read(at: number, n: number): Promise<{ x: ArrayLike<number>; classes: ArrayLike<number> }>;
}

const isDataset = (data: unknown): data is Dataset => typeof Object(data).get === "function";

/** At most `most` samples of a dataset or of a batch. Throws `ArgumentError` where there are none. */
export function readSamples(where: string, data: Dataset | TensorLike, model: Predictor, most: number): Samples {
  const samples = isDataset(data) ? ofDataset(where, data, model, most) : ofBatch(where, data, model, most);
  if (samples.count === 0) throw new ArgumentError(expectation(where, "calibrationData", "samples", "none"));
  return samples;
}

function ofDataset(where: string, dataset: Dataset, model: Predictor, most: number): Samples {
  const fault = notDataset(where, dataset);
  if (fault !== undefined) throw new ArgumentError(fault);
  if (!sameShape(dataset.inputShape, model.inputShape))
    throw new ShapeError(expectation(where, "dataset.inputShape", model.inputShape, dataset.inputShape));
  if (model.transform !== undefined && model.transform !== null) expectPrepared(where, dataset, model.transform);
  const count = Math.min(most, dataset.length);
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * dataset.length) / count));
  const size = targetSize(dataset);
  return {
    count,
    hasClasses: dataset.targets === "class" && size === 1,
    async read(at, n) {
      const indices = places.slice(at, at + n);
      await dataset.prefetch?.(indices);
      const x = new Float32Array(n * numel(dataset.inputShape));
      const y = dataset.targets === "class" ? new Int32Array(n * size) : new Float32Array(n * size);
      getBatch(dataset, indices, x, y);
      return { x, classes: y };
    },
  };
}

function ofBatch(where: string, data: TensorLike, model: Predictor, most: number): Samples {
  const batch = toInput(where, data, model);
  const size = numel(model.inputShape);
  const numbers = Array.prototype.slice;
  return {
    count: Math.min(most, batch.batchSize),
    hasClasses: false,
    async read(at, n) {
      // A copy of the same kind: bytes mean value / 255.
      const part = ArrayBuffer.isView(batch.data)
        ? (batch.data as unknown as Float32Array).slice(at * size, (at + n) * size)
        : numbers.call(batch.data, at * size, (at + n) * size);
      return { x: part, classes: [] };
    },
  };
}
