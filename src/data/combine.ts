/** Datasets made of whole others: the first samples, several in a row, each sample changed, samples kept in memory. */
import { expectInteger } from "../core/check.js";
import { ArgumentError, DataError, describe, expectation, ShapeError } from "../core/errors.js";
import { integer, list, number, optional, readOptions, type Schema, text } from "../core/options.js";
import { numel, type Shape } from "../core/shape.js";
import {
  type ClassDataset,
  checkBuffers,
  type Dataset,
  expectDataset,
  getBatch,
  labelsOf,
  sampleWeights,
  targetSize,
  targetsOf,
  trustLabels,
  type ValueDataset,
} from "./dataset.js";
import { subset, withGet } from "./views.js";

/**
 * The first `count` examples, or all where there are fewer.
 *
 * @example
 * const few = take(dataset, 4);
 */
export function take<D extends Dataset>(dataset: D, count: number): D {
  expectDataset("take", dataset);
  expectInteger("take", "count", count, 1);
  return subset(
    dataset,
    Int32Array.from({ length: Math.min(count, dataset.length) }, (_, i) => i),
  );
}

/** Room for a batch of a dataset's samples. */
const roomFor = (dataset: Dataset, samples: number) => ({
  x: new Float32Array(samples * numel(dataset.inputShape)),
  y: new (dataset.targets === "class" ? Int32Array : Float32Array)(samples * targetSize(dataset)),
});

/**
 * The examples of several datasets, one after the other. Their inputs and targets must be of one kind and shape; where some have
 * weights, those of the others count as 1.
 *
 * ```ts
 * const all = concat([await loadImageFolder("photos/2024", { transform }), await loadImageFolder("photos/2025", { transform })]);
 * ```
 *
 * @example
 * const both = concat([dataset, held]);
 */
export function concat<D extends Dataset>(datasets: readonly D[]): D {
  if (!Array.isArray(datasets) || datasets.length === 0)
    throw new ArgumentError(expectation("concat", "datasets", "an array of datasets", describe(datasets)));
  for (const dataset of datasets) expectDataset("concat", dataset);
  const [first] = datasets as [D, ...D[]];
  for (const [i, dataset] of datasets.entries()) expectSame(first, dataset, `datasets[${i}]`);
  const starts = datasets.map((_, i) => datasets.slice(0, i).reduce((sum, { length }) => sum + length, 0));
  const length = starts[starts.length - 1] + datasets[datasets.length - 1].length;

  interface Part {
    dataset: D;
    /** Places in the batch, and the examples in the part's own count. */
    slots: number[];
    own: number[];
  }
  const partsOf = (indices: ArrayLike<number>): Part[] => {
    const parts = datasets.map((dataset: D): Part => ({ dataset, slots: [], own: [] }));
    for (let slot = 0; slot < indices.length; slot++) {
      const at = starts.findLastIndex((start) => start <= indices[slot]);
      parts[at].slots.push(slot);
      parts[at].own.push(indices[slot] - starts[at]);
    }
    return parts.filter(({ own }) => own.length > 0);
  };
  const [size, each] = [numel(first.inputShape), targetSize(first)];
  const get: Dataset["get"] = (indices, x, y, epoch) => {
    checkBuffers(all, indices, x, y);
    for (const { dataset, slots, own } of partsOf(indices)) {
      const batch = roomFor(dataset, own.length);
      getBatch(dataset, own, batch.x, batch.y, epoch);
      slots.forEach((slot, i) => {
        x.set(batch.x.subarray(i * size, (i + 1) * size), slot * size);
        y.set(batch.y.subarray(i * each, (i + 1) * each), slot * each);
      });
    }
  };
  const getWeights: Dataset["getWeights"] = (indices, weights) => {
    for (const { dataset, slots, own } of partsOf(indices)) {
      const given = sampleWeights("concat", dataset, own);
      slots.forEach((slot, i) => {
        weights[slot] = given ? given[i] : 1;
      });
    }
  };
  const prefetch: Dataset["prefetch"] = async (indices, epoch) => {
    for (const { dataset, own } of partsOf(indices)) await dataset.prefetch?.(own, epoch);
  };
  const all: D = withGet(first, get, {
    length,
    getWeights: datasets.some((dataset: D) => dataset.getWeights) ? getWeights : undefined,
    prefetch: datasets.some((dataset: D) => dataset.prefetch) ? prefetch : undefined,
  } as Partial<D>);
  return trustLabels(all, () => {
    const labels = datasets.map(labelsOf);
    return labels.every((each) => each !== undefined) ? labels.flatMap((each) => Array.from(each)) : undefined;
  });
}

function expectSame(first: Dataset, other: Dataset, name: string): void {
  const kindOf = (dataset: Dataset) => JSON.stringify({ inputShape: dataset.inputShape, ...targetsOf(dataset) });
  if (kindOf(first) === kindOf(other)) return;
  const expected = `inputs and targets as those of datasets[0], ${kindOf(first)}`;
  throw new DataError(expectation("concat", name, expected, kindOf(other)));
}

/** A sample that `map` hands over. Its arrays are used again for the next one. */
export interface Sample {
  x: Float32Array;
  /** The class or the number, where there is one; else all of them. */
  y: number | Int32Array | Float32Array;
  index: number;
  /** The pass over the data, where `fit` asks. */
  epoch: number | undefined;
}

/** What `map` makes of a sample. */
export interface MappedSample {
  x: ArrayLike<number>;
  y: number | ArrayLike<number>;
}

export interface MapOptions {
  /** Shape of a changed input. Default: as it was. */
  inputShape?: Shape;
  /** How many classes there are after it. Default: as before. */
  classes?: number;
  classNames?: readonly string[];
  /** Shape of changed targets: numbers, unless there are `classes`. Default: as it was. */
  targetShape?: Shape;
}

const sides = () => list(integer({ min: 1 }), "an array of positive sizes");

const mapSchema = () =>
  ({
    inputShape: optional(sides()),
    classes: optional(integer({ min: 1 })),
    classNames: optional(list(text)),
    targetShape: optional(sides()),
  }) satisfies Schema<MapOptions>;

/**
 * `dataset` with each sample changed by a function, inputs and targets, to other shapes where `options` say so. What is random in it
 * must be a function of `index` and `epoch` alone for trainings to be repeatable. `mapInputs` changes whole batches in place.
 *
 * ```ts
 * const halves = map(dataset, ({ x, y }) => ({ x: x.subarray(0, 392), y: Number(y) % 2 }), { inputShape: [392], classes: 2 });
 * ```
 *
 * @example
 * const bright = map(dataset, ({ x, y }) => ({ x: x.map((value) => value + 0.1), y }));
 */
export function map(dataset: Dataset, change: (sample: Sample) => MappedSample, options?: MapOptions): Dataset {
  const where = "map";
  expectDataset(where, dataset);
  if (typeof change !== "function") throw new ArgumentError(expectation(where, "change", "a function", change));
  const given = readOptions(where, options, mapSchema);
  const { inputShape = dataset.inputShape } = given;
  const targets = mappedTargets(dataset, given);
  const [size, each] = [numel(dataset.inputShape), targetSize(dataset)];
  const get: Dataset["get"] = (indices, x, y, epoch) => {
    checkBuffers(mapped, indices, x, y);
    const batch = roomFor(dataset, indices.length);
    getBatch(dataset, indices, batch.x, batch.y, epoch);
    const write = (to: Float32Array | Int32Array, slot: number, name: string, value: unknown, count: number) => {
      const values = typeof value === "number" ? [value] : (value as ArrayLike<number>);
      if (values?.length !== count)
        throw new ShapeError(
          expectation(where, `${name} of sample ${indices[slot]}`, `${count} numbers`, describe(value)),
        );
      for (let i = 0; i < count; i++) {
        to[slot * count + i] = values[i];
        if (to instanceof Int32Array ? to[slot * count + i] === values[i] : !Number.isNaN(values[i])) continue;
        const expected = to instanceof Int32Array ? "a class index" : "a number";
        throw new DataError(
          expectation(where, `${name}[${i}] of sample ${indices[slot]}`, expected, describe(values[i])),
        );
      }
    };
    for (let i = 0; i < indices.length; i++) {
      const own = batch.y.subarray(i * each, (i + 1) * each);
      const sample = { x: batch.x.subarray(i * size, (i + 1) * size), y: each === 1 ? own[0] : own };
      const changed: Partial<MappedSample> = Object(change({ ...sample, index: indices[i], epoch }));
      write(x, i, "x", changed.x, numel(inputShape));
      write(y, i, "y", changed.y, targetSize(mapped));
    }
  };
  const { length } = dataset;
  const more = { getWeights: dataset.getWeights?.bind(dataset), prefetch: dataset.prefetch?.bind(dataset) };
  const mapped = { length, inputShape, ...targets, ...more, get } as Dataset;
  return mapped;
}

function mappedTargets(dataset: Dataset, { classes, classNames, targetShape }: MapOptions) {
  const names = classNames && { classNames };
  if (classes !== undefined)
    return {
      ...{ targets: "class", classes, ...names, ...(targetShape && { targetShape }) },
    } satisfies Partial<ClassDataset>;
  if (targetShape !== undefined) return { targets: "values", targetShape, ...names } satisfies Partial<ValueDataset>;
  return { ...targetsOf(dataset), ...names };
}

export interface CacheOptions {
  /** Samples are kept as long as there is room. Default 1 GiB. */
  maxBytes?: number;
}

/**
 * `dataset` with its samples kept in memory once they were asked for: what `map` or a function of your own computes is computed
 * once. Augmentations come after it, as they are new in each epoch.
 *
 * @example
 * const kept = cache(dataset); // each sample is computed once
 */
export function cache<D extends Dataset>(dataset: D, options?: CacheOptions): D {
  expectDataset("cache", dataset);
  const schema = () => ({ maxBytes: number({ min: 0, default: 2 ** 30 }) }) satisfies Schema<CacheOptions>;
  const { maxBytes } = readOptions("cache", options, schema);
  const [size, each] = [numel(dataset.inputShape), targetSize(dataset)];
  const kept = new Map<number, ReturnType<typeof roomFor>>();
  const most = Math.floor(maxBytes / (4 * (size + each)));
  const missing = (indices: ArrayLike<number>) => Array.from(indices).filter((index) => !kept.has(index));
  const get: Dataset["get"] = (indices, x, y, epoch) => {
    checkBuffers(dataset, indices, x, y);
    const wanted = missing(indices);
    const fresh = new Map<number, ReturnType<typeof roomFor>>();
    if (wanted.length > 0) {
      const batch = roomFor(dataset, wanted.length);
      getBatch(dataset, wanted, batch.x, batch.y, epoch);
      wanted.forEach((index, i) => {
        const sample = {
          x: batch.x.slice(i * size, (i + 1) * size),
          y: batch.y.slice(i * each, (i + 1) * each),
        };
        fresh.set(index, sample);
        if (kept.size < most) kept.set(index, sample);
      });
    }
    for (let i = 0; i < indices.length; i++) {
      const sample = kept.get(indices[i]) ?? fresh.get(indices[i]);
      if (!sample) continue;
      x.set(sample.x, i * size);
      y.set(sample.y, i * each);
    }
  };
  const prefetch: Dataset["prefetch"] =
    dataset.prefetch &&
    (async (indices, epoch) => {
      const wanted = missing(indices);
      if (wanted.length > 0) await dataset.prefetch?.(wanted, epoch);
    });
  return withGet(dataset, get, { prefetch } as Partial<D>);
}
