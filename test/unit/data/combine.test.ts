import { describe, expect, it } from "vitest";
import { ArgumentError, DataError, ShapeError } from "../../../src/core/errors.js";
import { Philox } from "../../../src/core/random.js";
import type { Dataset } from "../../../src/data/dataset.js";
import {
  arrayDataset,
  augment,
  cache,
  concat,
  cutmix,
  horizontalFlip,
  jitter,
  kFold,
  map,
  mapInputs,
  mixup,
  resample,
  scaling,
  take,
  timeWarp,
} from "../../../src/faces/data.js";
import { read } from "./read.js";

const count = 60;
/** Sample i is [i, -i], of class i % 3, or of class 2 where i is under 6. */
const classes = arrayDataset({
  x: Array.from({ length: count }, (_, i) => [i, -i]),
  y: Array.from({ length: count }, (_, i) => (i < 6 ? 2 : i % 2)),
  inputShape: [2],
  classes: 3,
});
const values = arrayDataset({ x: [[1], [2], [3]], y: [10, 20, 30], inputShape: [1], weights: [1, 2, 3] });
const firsts = (x: Float32Array) => [...x].filter((_, i) => i % 2 === 0);

describe("kFold", () => {
  it("holds every example out once, with the classes' shares in each fold", () => {
    const folds = kFold(classes, 5, 3);
    const held = folds.flatMap(([, part]) => firsts(read(part).x));
    expect(held.sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
    for (const [train, part] of folds) {
      expect([train.length, part.length]).toEqual([48, 12]);
      const both = [...firsts(read(train).x), ...firsts(read(part).x)];
      expect(new Set(both).size).toBe(count);
      const counts = [0, 1, 2].map((label) => read(part).y.filter((y) => y === label).length);
      expect(Math.max(...counts.slice(0, 2)) - Math.min(...counts.slice(0, 2))).toBeLessThanOrEqual(1);
      expect(counts[2]).toBeGreaterThanOrEqual(1);
      expect(counts[2]).toBeLessThanOrEqual(2);
    }
    expect(read(kFold(classes, 5, 4)[0][1]).x).not.toEqual(read(folds[0][1]).x);
  });

  it("takes datasets of values, and own ones by their labels where it is told to", () => {
    expect(kFold(values, 3).map(([train, held]) => [train.length, held.length])).toEqual([
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
    const { get, length, inputShape } = classes;
    const own: Dataset = { targets: "class", classes: 3, length, inputShape, get };
    const rare = kFold(own, 3, { stratify: true }).map(([, held]) => read(held).y.filter((y) => y === 2).length);
    expect(rare).toEqual([2, 2, 2]);
    expect(() => kFold(values, 3, { stratify: true })).toThrow("kFold: stratify expected a dataset of classes");
    expect(() => kFold(classes, 61)).toThrow(ArgumentError);
  });
});

describe("take, concat, map and cache", () => {
  it("take the first ones", () => {
    expect(firsts(read(take(classes, 3)).x)).toEqual([0, 1, 2]);
    expect(take(classes, 1000).length).toBe(count);
    expect(() => take(classes, 0)).toThrow(ArgumentError);
  });

  it("put datasets one after the other, with weights and what is loaded ahead", async () => {
    const plain = arrayDataset({ x: [[4]], y: [40], inputShape: [1] });
    const loads: number[][] = [];
    const loading: Dataset = { ...plain, prefetch: async (indices) => void loads.push([...Array.from(indices)]) };
    const all = concat<Dataset>([values, loading, values]);
    expect(all.length).toBe(7);
    const x = new Float32Array(4);
    const y = new Float32Array(4);
    await all.prefetch?.([6, 3, 0, 3]);
    all.get([6, 3, 0, 3], x, y);
    expect([...x, ...y]).toEqual([3, 4, 1, 4, 30, 40, 10, 40]);
    expect(loads).toEqual([[0, 0]]);
    const weights = new Float32Array(4);
    all.getWeights?.([6, 3, 0, 3], weights);
    expect([...weights]).toEqual([3, 1, 1, 1]);
    expect(() => concat<Dataset>([values, classes])).toThrow(DataError);
    expect(() => concat([])).toThrow(ArgumentError);
    // Labels stay known: folds have their shares.
    const rare = kFold(concat([classes, classes]), 4).map(([, held]) => read(held).y.filter((y) => y === 2).length);
    expect(rare).toEqual([3, 3, 3, 3]);
  });

  it("change samples one by one, to other shapes and targets", () => {
    const sums = map(classes, ({ x, y, index }) => ({ x: [x[0], Number(y), index], y: x[0] * 2 }), {
      inputShape: [3],
      targetShape: [1],
    });
    expect(read(sums, [5, 40])).toEqual({
      x: Float32Array.from([5, 2, 5, 40, 0, 40]),
      y: Float32Array.from([10, 80]),
    });
    const two = map(classes, ({ x, y }) => ({ x, y: y === 2 ? 1 : 0 }), { classes: 2, classNames: ["other", "two"] });
    expect([...read(two, [0, 59]).y]).toEqual([1, 0]);
    expect(two.classNames).toEqual(["other", "two"]);
    expect(() =>
      read(
        map(classes, ({ y }) => ({ x: [1], y })),
        [0],
      ),
    ).toThrow(ShapeError);
    expect(() =>
      read(
        map(classes, ({ x }) => ({ x, y: 0.5 })),
        [7],
      ),
    ).toThrow("y[0] of sample 7 expected a class index");
    expect(() =>
      read(
        map(values, ({ x }) => ({ x, y: Number.NaN })),
        [1],
      ),
    ).toThrow(DataError);
  });

  it("keep samples as long as there is room", () => {
    let calls = 0;
    const slow = mapInputs(classes, (_, n) => {
      calls += n;
    });
    const kept = cache(slow);
    const first = read(kept, [3, 50, 3]);
    expect(first).toEqual(read(classes, [3, 50, 3]));
    calls = 0;
    expect(read(kept, [50, 3])).toEqual(read(classes, [50, 3]));
    expect(calls).toBe(0);
    const small = cache(slow, { maxBytes: 2 * 12 });
    read(small);
    calls = 0;
    expect(read(small)).toEqual(read(classes));
    expect(calls).toBe(count - 2);
  });
});

describe("resample", () => {
  it("draws classes equally often, anew in each epoch, and the same again", () => {
    const drawn = resample(classes, { weights: "balanced", length: 3000, seed: 5 });
    const labels = read(drawn, undefined, 0).y;
    for (const label of [0, 1, 2]) {
      const share = labels.filter((y) => y === label).length / 3000;
      expect(Math.abs(share - 1 / 3)).toBeLessThan(0.04);
    }
    expect(read(drawn, [0, 1, 2, 3, 4], 1).x).not.toEqual(read(drawn, [0, 1, 2, 3, 4], 0).x);
    const again = resample(classes, { weights: "balanced", length: 3000, seed: 5 });
    expect(read(again, [7, 2999], 1)).toEqual(read(drawn, [7, 2999], 1));
  });

  it("draws by weights, those of the loss with them", () => {
    const drawn = resample(values, { weights: [0, 1, 0] });
    expect([...read(drawn).y]).toEqual([20, 20, 20]);
    const weights = new Float32Array(3);
    drawn.getWeights?.([0, 1, 2], weights);
    expect([...weights]).toEqual([2, 2, 2]);
    expect(() => resample(values, { weights: [1, 2] })).toThrow(ShapeError);
    expect(() => resample(values, { weights: [0, 0, 0] })).toThrow("some above 0");
    expect(() => resample(values, { weights: [1, -1, 1] })).toThrow(DataError);
    expect(() => resample(values, { weights: "balanced" })).toThrow("labels that are known");
  });
});

describe("augmentations of signals", () => {
  const length = 50;
  const ramp = Float32Array.from({ length: 2 * length }, (_, i) => (i % 2 === 0 ? i / 2 : 1));
  const signals = arrayDataset({ x: [ramp, ramp], y: [0, 1], inputShape: [length, 2], classes: 2 });

  it("add noise, scale channels and warp time, by seed, epoch and sample alone", () => {
    const changed = augment(signals, [timeWarp(), scaling({ std: 0.2 }), jitter({ std: 0.01 })], { seed: 1 });
    const first = read(changed, [0, 1], 3).x;
    expect(read(changed, [1], 3).x).toEqual(first.subarray(2 * length));
    expect(first.subarray(0, 2 * length)).not.toEqual(first.subarray(2 * length));
    expect(read(changed, [0, 1], 4).x).not.toEqual(first);
  });

  it("warp time forwards, from end to end", () => {
    for (let seed = 0; seed < 20; seed++) {
      const x = ramp.slice();
      timeWarp({ std: 0.7, knots: 6 }).apply(
        x,
        { length, channels: 2 },
        new Philox(seed),
        new Float32Array(2 * length),
      );
      const times = firsts(x);
      expect([times[0], times[length - 1]]).toEqual([0, length - 1]);
      expect(times.every((time, i) => i === 0 || time > times[i - 1])).toBe(true);
      expect(x.filter((value, i) => i % 2 === 1 && value !== 1)).toHaveLength(0);
    }
  });

  it("have the deviations that they are told", () => {
    const flat = new Float32Array(20_000).fill(1);
    const deviation = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + (v - 1) ** 2, 0) / x.length);
    const noisy = flat.slice();
    jitter({ std: 0.5 }).apply(noisy, { length: 20_000, channels: 1 }, new Philox(0), flat);
    expect(deviation(noisy)).toBeCloseTo(0.5, 1);
    const scaled = flat.slice();
    scaling({ std: 0.5 }).apply(scaled, { length: 1, channels: 20_000 }, new Philox(0), flat);
    expect(deviation(scaled)).toBeCloseTo(0.5, 1);
    jitter({ p: 0 }).apply(noisy, { length: 20_000, channels: 1 }, new Philox(0), flat);
  });

  it("mix signals and rows of numbers, too, and leave pictures' alone", () => {
    const mixed = augment(signals, [cutmix()], { seed: 2 });
    const { x, y } = read(mixed, [0, 1], 0);
    expect(x).toEqual(Float32Array.from([...ramp, ...ramp]));
    expect(y[0] + y[1]).toBeCloseTo(1);
    const rows = augment(classes, [mixup({ alpha: 5 })], { seed: 2 });
    const pair = read(rows, [0, 10], 0);
    expect(pair.x[0] + pair.x[2]).toBeCloseTo(10);
    expect(pair.x[0]).not.toBe(0);
    expect(() => augment(classes, [cutmix()])).toThrow("cutmix: inputShape expected");
    expect(() => augment(classes, [jitter()])).toThrow("inputShape expected [length, channels], got [2]");
    expect(() => augment(signals, [horizontalFlip()])).toThrow(ShapeError);
    expect(() => augment(signals, [mixup(), jitter()])).toThrow("mixup and cutmix after all others");
  });
});
