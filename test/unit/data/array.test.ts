import { describe, expect, it } from "vitest";
import { ArgumentError, DataError, ShapeError } from "../../../src/core/errors.js";
import {
  arrayDataset,
  channelStatistics,
  type Dataset,
  mapInputs,
  normalise,
  split,
  subset,
} from "../../../src/faces/data.js";
import { read } from "./read.js";

const augmentedMap = (dataset: Dataset): Dataset => normalise(dataset, { mean: [0], std: [1] });
const small = arrayDataset({ x: [0, 1, 2, 3, 4, 5], y: [1, 0, 2], classes: 3, inputShape: [2] });

describe("arrayDataset", () => {
  it("fills batches in the order of the indices", () => {
    expect(small).toMatchObject({ length: 3, inputShape: [2], targets: "class", classes: 3 });
    const { x, y } = read(small, [2, 0, 2]);
    expect([...x]).toEqual([4, 5, 0, 1, 4, 5]);
    expect([...y]).toEqual([2, 1, 2]);
  });

  it("fills the beginning of larger buffers", () => {
    const x = new Float32Array(8).fill(7);
    const y = new Int32Array(4).fill(7);
    small.get([1], x, y);
    expect([...x]).toEqual([2, 3, 7, 7, 7, 7, 7, 7]);
    expect([...y]).toEqual([0, 7, 7, 7]);
  });

  it("scales bytes, takes rows and doubles, and copies numbers", () => {
    const bytes = arrayDataset({ x: Uint8Array.of(0, 51, 255), y: [0, 0, 0], classes: 1, inputShape: [1] });
    expect([...read(bytes).x]).toEqual([0, Math.fround(0.2), 1]);
    const rows = arrayDataset({
      x: [
        [1, 2],
        [3, 4],
      ],
      y: [5, 6],
      inputShape: [2],
    });
    expect([...read(rows).x]).toEqual([1, 2, 3, 4]);
    const own = Float32Array.of(1, 2);
    const dataset = arrayDataset({ x: own, y: [0, 0], inputShape: [1] });
    own.fill(9);
    expect([...read(dataset).x]).toEqual([1, 2]);
  });

  it("has rows of numbers as targets where there are no classes", () => {
    const dataset = arrayDataset({ x: [1, 2], y: [3, 4, 5, 6], inputShape: [1], targetShape: [2] });
    expect(dataset).toMatchObject({ targets: "values", targetShape: [2] });
    const { y } = read(dataset, [1]);
    expect(y).toEqual(Float32Array.of(5, 6));
  });

  const bad: [string, object, new (message: string) => Error, string][] = [
    ["nothing", { x: [], y: [], classes: 2 }, DataError, "x expected at least one example, got none"],
    [
      "NaN in x",
      { x: [1, 2, Number.NaN, 4], y: [0, 1] },
      DataError,
      "x of example 1, value 0 expected a finite number, got NaN",
    ],
    [
      "infinity in x",
      { x: [1, 1e39, 3, 4], y: [0, 1] },
      DataError,
      "x of example 0, value 1 expected a finite number, got Infinity",
    ],
    ["a ragged row", { x: [[1, 2], [3]], y: [0, 1] }, ShapeError, "x[1] expected a row of 2 numbers, got [3]"],
    ["a part of an example", { x: [1, 2, 3], y: [0] }, ShapeError, "a multiple of 2 values, for [2], got 3"],
    [
      "text",
      { x: "12", y: [0] },
      ArgumentError,
      'x expected an array, a typed array, rows of either or { data, shape }, got "12"',
    ],
    ["too few labels", { x: [1, 2, 3, 4], y: [0], classes: 2 }, ShapeError, "y expected 2 class indices, got 1"],
    [
      "no labels",
      { x: [1, 2], y: undefined, classes: 2 },
      ArgumentError,
      "y expected an array, a typed array, rows of either or { data, shape }, got undefined",
    ],
    ["a class too many", { x: [1, 2], y: [2], classes: 2 }, DataError, "y[0] expected a class from 0 to 1, got 2"],
    ["a negative class", { x: [1, 2], y: [-1], classes: 2 }, DataError, "y[0] expected a class from 0 to 1, got -1"],
    [
      "a NaN label",
      { x: [1, 2], y: [Number.NaN], classes: 2 },
      DataError,
      "y[0] expected a class from 0 to 1, got NaN",
    ],
    ["half a class", { x: [1, 2], y: [0.5], classes: 2 }, DataError, "got 0.5"],
    ["a NaN target", { x: [1, 2], y: [Number.NaN] }, DataError, "y[0] expected a finite number, got NaN"],
    ["too many targets", { x: [1, 2], y: [1, 2] }, ShapeError, "1 values, [1] for each of 1 examples, got 2"],
    [
      "zero classes",
      { x: [1, 2], y: [0], classes: 0 },
      ArgumentError,
      "classes expected an integer of at least 1, got 0",
    ],
    [
      "a name missing",
      { x: [1, 2], y: [0], classes: 2, classNames: ["a"] },
      ArgumentError,
      "classNames expected 2 names, got 1",
    ],
    ["an unknown option", { x: [1, 2], y: [0], clases: 2 }, ArgumentError, '"clases"'],
    [
      "a bad shape",
      { x: [1, 2], y: [0], inputShape: [0] },
      ShapeError,
      "inputShape expected an array of positive sizes, got [0]",
    ],
    [
      "a map of labels of another size",
      { x: [1, 2], y: [0], classes: 2, targetShape: [2] },
      ShapeError,
      "y expected 2 class indices, [2] for each of 1 examples, got 1",
    ],
    [
      "a map of another shape",
      { x: [1, 2], y: { data: [0, 1], shape: [1, 2, 1] }, classes: 2, targetShape: [1, 2] },
      ShapeError,
      "[1, 2] for each of 1 examples, got [1, 2, 1]",
    ],
    [
      "a label that is none",
      { x: [1, 2], y: [0, 2], classes: 2, targetShape: [2] },
      DataError,
      "y[1] expected a class",
    ],
    ["labels to ignore without classes", { x: [1, 2], y: [0], ignoreIndex: 255 }, ArgumentError, "ignoreIndex"],
    ["weights of other samples", { x: [1, 2], y: [0], classes: 2, weights: [1, 1] }, ShapeError, "weights expected 1"],
    [
      "a negative weight",
      { x: [1, 2], y: [0], classes: 2, weights: [-1] },
      DataError,
      "weights[0] expected a number of",
    ],
    [
      "weights that are none",
      { x: [1, 2], y: [0], classes: 2, weights: ["a"] },
      DataError,
      "weights[0] expected a number",
    ],
  ];
  it.each(bad)("refuses %s", (_, options, type, message) => {
    const make = () => arrayDataset({ inputShape: [2], ...options } as never);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });

  it("refuses wrong buffers and indices, and stays usable", () => {
    const x = new Float32Array(2);
    const y = new Int32Array(1);
    expect(() => small.get([3], x, y)).toThrow("indices[0] expected an index from 0 to 2, got 3");
    expect(() => small.get([0.5], x, y)).toThrow(ArgumentError);
    expect(() => small.get([0, 1], x, y)).toThrow("x expected room for 2 of [2], got 2 values");
    expect(() => small.get([0, 1], new Float32Array(4), y)).toThrow("y expected room for 2 values, got 1");
    expect(() => small.get([0], x, new Uint8Array(1) as never)).toThrow("y expected an Int32Array, got Uint8Array(1)");
    const values = arrayDataset({ x: [1], y: [2], inputShape: [1] });
    expect(() => values.get([0], x, y)).toThrow("y expected a Float32Array, got Int32Array(1)");
    small.get([1], x, y);
    expect([...x]).toEqual([2, 3]);
  });
});

describe("views", () => {
  const ten = arrayDataset({
    x: Float32Array.from({ length: 10 }, (_, i) => i),
    y: Array.from({ length: 10 }, (_, i) => i % 2),
    classes: 2,
    inputShape: [1],
  });

  it("subset keeps order and repetitions, of subsets too", () => {
    const some = subset(subset(ten, [9, 8, 7, 6]), [3, 0, 0]);
    expect(some.length).toBe(3);
    expect([...read(some).x]).toEqual([6, 9, 9]);
    expect([...read(some, [1]).x]).toEqual([9]);
    expect(() => subset(ten, [10])).toThrow("subset: indices[0] expected an index from 0 to 9, got 10");
    expect(() => subset(ten, [1.5])).toThrow(ArgumentError);
    expect(() => subset(ten, [])).toThrow(DataError);
    expect(() => read(some, [3])).toThrow("indices[0] expected an index from 0 to 2, got 3");
  });

  it("split gives disjoint parts, the same for the same seed", () => {
    const [a, b] = split(ten, 0.7, 5);
    expect([a.length, b.length]).toEqual([7, 3]);
    const both = [...read(a).x, ...read(b).x];
    expect([...both].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(both).not.toEqual([...both].sort());
    expect([...read(split(ten, 0.7, 5)[0]).x]).toEqual([...read(a).x]);
    expect([...read(split(ten, 0.7, 6)[0]).x]).not.toEqual([...read(a).x]);
    expect(() => split(ten, 0.01)).toThrow("two parts that are not empty of 10 examples, got 0.01");
    expect(() => split(ten, 1)).toThrow(ArgumentError);
  });

  it("mapInputs and normalise change the batch alone", () => {
    const doubled = mapInputs(ten, (x, count) => {
      for (let i = 0; i < count; i++) x[i]! *= 2;
    });
    expect([...read(doubled, [3, 4]).x]).toEqual([6, 8]);
    expect([...read(ten, [3, 4]).x]).toEqual([3, 4]);
    for (const change of [(x: Float32Array) => x.map((value) => 2 * value), async () => {}])
      expect(() => read(mapInputs(ten, change as never), [0])).toThrow(
        "mapInputs: result expected none, with x changed in place, got ",
      );
    const image = arrayDataset({ x: Uint8Array.of(0, 51, 255, 102), y: [0], classes: 1, inputShape: [1, 2, 2] });
    const { x } = read(normalise(image, { mean: [0.5, 0.2], std: [0.5, 0.1] }));
    expect([...x].map((value) => +value.toFixed(5))).toEqual([-1, 0, 1, 2]);
    expect(() => normalise(image, { mean: [1, 2, 3], std: [1] })).toThrow(
      "mean expected 2 or 1 finite numbers, got [1, 2, 3]",
    );
    expect(() => normalise(image, { mean: [0], std: [0] })).toThrow("std expected 2 or 1 finite numbers above 0");
  });

  it("channelStatistics leads to mean 0 and deviation 1", () => {
    const values = Float32Array.from({ length: 300 * 4 }, (_, i) => ((i * 7919) % 1000) / 100 + (i % 2) * 5);
    const dataset = arrayDataset({ x: values, y: new Array(300).fill(0), inputShape: [1, 2, 2] });
    const { mean, std } = channelStatistics(normalise(dataset, channelStatistics(dataset)));
    for (let c = 0; c < 2; c++) {
      expect(mean[c]).toBeCloseTo(0, 6);
      expect(std[c]).toBeCloseTo(1, 6);
    }
  });

  it("refuses a get that only promises to fill a batch", () => {
    const late = { ...small, get: async () => {} } as Dataset;
    for (const view of [subset(late, [0]), mapInputs(late, () => {}), augmentedMap(late)])
      expect(() => read(view, [0])).toThrow(
        "get: result expected none, with x and y filled, got a promise. Load in prefetch",
      );
    expect(() => channelStatistics(late)).toThrow(DataError);
  });

  it("keeps datasets that are instances of a class whole", async () => {
    class Squares {
      readonly targets = "values";
      readonly targetShape = [1];
      #calls: number[] = [];
      get length() {
        return 5;
      }
      get inputShape() {
        return [1];
      }
      get(indices: ArrayLike<number>, x: Float32Array, y: Int32Array | Float32Array, epoch = -1) {
        this.#calls.push(epoch);
        for (let i = 0; i < indices.length; i++) y[i] = (x[i] = indices[i]!) ** 2;
      }
      async prefetch(indices: ArrayLike<number>) {
        this.#calls.push(...Array.from(indices));
      }
      get calls() {
        return this.#calls;
      }
    }
    const squares = new Squares();
    const view: Dataset = normalise(subset<Dataset>(squares, [4, 2]), { mean: [1], std: [1] });
    expect(view.length).toBe(2);
    await view.prefetch!([0]);
    const { x, y } = read(view, [1, 0], 8);
    expect([...x]).toEqual([1, 3]);
    expect([...y]).toEqual([4, 16]);
    expect(squares.calls).toEqual([4, 8]); // prefetched 4, then epoch 8
  });
});
