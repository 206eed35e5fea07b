// What stands for numbers, in arrayDataset and in what datasets of one's own write.
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ArgumentError, DataError, ShapeError } from "../../../src/core/errors.js";
import { getBatch } from "../../../src/data/dataset.js";
import {
  arrayDataset,
  type ClassArrays,
  type ClassDataset,
  channelStatistics,
  type Dataset,
  mapInputs,
  subset,
  type ValueArrays,
} from "../../../src/faces/data.js";
import { read } from "./read.js";

const alien = (code: string): never => runInNewContext(code) as never;
const inputs = (x: unknown, inputShape = [2]) => {
  const given = { x, y: [0, 0], inputShape, classes: 1 } as unknown as ClassArrays;
  return [...read(arrayDataset(given)).x];
};

describe("numbers in arrayDataset", () => {
  const numbers = [1, 2, 3, 4];
  const typed = [
    ...[Int8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array].map((Kind) =>
      Kind.from(numbers),
    ),
  ];
  it.each(typed.map((x) => [x.constructor.name, x] as const))("may be a %s, flat or in rows", (_, x) => {
    expect(inputs(x)).toEqual(numbers);
    expect(inputs([x.subarray(0, 2), x.subarray(2)])).toEqual(numbers);
    expect(inputs({ data: x, shape: [2, 2] })).toEqual(numbers);
  });

  it("may be nested, mixed, of rows of one and of other realms", () => {
    expect(inputs([Float32Array.of(5), Float32Array.of(6)], [1])).toEqual([5, 6]);
    expect(inputs([Float32Array.of(1, 2), [3, 4]])).toEqual(numbers);
    expect(
      inputs(
        [
          [[1], [2]],
          [[3], [4]],
        ],
        [2, 1],
      ),
    ).toEqual(numbers);
    expect(inputs([numbers, numbers], [2, 2])).toEqual([...numbers, ...numbers]);
    for (const code of [
      "[1, 2, 3, 4]",
      "[[1, 2], [3, 4]]",
      "new Float64Array([1, 2, 3, 4])",
      "new Int16Array([1, 2, 3, 4])",
    ])
      expect(inputs(alien(code))).toEqual(numbers);
    expect(inputs(alien("({ data: new Float32Array([1, 2, 3, 4]), shape: [2, 2] })"))).toEqual(numbers);
    expect(inputs(alien("[new Float32Array([1, 2]), new Float32Array([3, 4])]"))).toEqual(numbers);
  });

  it("are bytes wherever bytes are given", () => {
    const bytes = Uint8Array.of(0, 51, 255, 102);
    const scaled = [0, 51, 255, 102].map((value) => Math.fround(value / 255));
    const forms = [
      bytes,
      [bytes.subarray(0, 2), bytes.subarray(2)],
      { data: bytes, shape: [2, 2] },
      Uint8ClampedArray.from(bytes),
    ];
    for (const form of forms) expect(inputs(form)).toEqual(scaled);
    expect(inputs(alien("new Uint8Array([0, 51, 255, 102])"))).toEqual(scaled);
    expect(inputs([[bytes.subarray(0, 2)], [bytes.subarray(2)]], [1, 2])).toEqual(scaled);
    expect(inputs([...bytes])).toEqual([...bytes]);
  });

  const odd: [string, unknown, new (m: string) => Error, string][] = [
    ["null", [1, null, 3, 4], DataError, "x[1] expected a number, got null"],
    ["a boolean", [1, 2, true, 4], DataError, "x[2] expected a number, got true"],
    ["words", ["1", "0x10", "", " 7 "], DataError, 'x[0] expected a number, got "1"'],
    ["an empty word", [1, 2, 3, ""], DataError, 'x[3] expected a number, got ""'],
    ["a hole", Object.assign([1, 2, 3, 4], { 1: undefined }), DataError, "x[1] expected a number, got undefined"],
    ["a date", [1, new Date(0), 3, 4], DataError, "x[1] expected a number, got a Date"],
    [
      "null in a row",
      [
        [1, 2],
        [3, null],
      ],
      DataError,
      "x[1][1] expected a number, got null",
    ],
    [
      "a row for a number",
      [
        [1, 2],
        [3, [4]],
      ],
      DataError,
      "x[1][1] expected a number, got [4]",
    ],
    ["big integers", BigInt64Array.of(1n, 2n, 3n, 4n), ArgumentError, "got BigInt64Array(4). Convert them"],
    [
      "rows of them",
      [BigUint64Array.of(1n, 2n)],
      DataError,
      "x[0] expected a number, got BigUint64Array(2). Convert them",
    ],
    ["others' big integers", alien("new BigInt64Array(4)"), ArgumentError, "got BigInt64Array(4)"],
    ["bytes without a kind", new ArrayBuffer(16), ArgumentError, "got a ArrayBuffer"],
    ["a view", new DataView(new ArrayBuffer(16)), ArgumentError, "got DataView(16)"],
    [
      "a proxied array",
      new Proxy(Float32Array.of(1, 2, 3, 4), {}),
      ArgumentError,
      "got a proxy. Give the array itself",
    ],
    ["a map", new Map([[0, 1]]), ArgumentError, "got a Map"],
    ["a transposed shape", { data: [1, 2, 3, 4, 5, 6], shape: [2, 3] }, ShapeError, "x expected [n, 2], got [2, 3]"],
    ["a shape that is not the data's", { data: [1, 2], shape: [2, 2] }, ArgumentError, "2 numbers for shape [2, 2]"],
    ["rows too long", [[1, 2, 3]], ShapeError, "x expected [n, 2], got [1, 3]"],
    [
      "ragged typed rows",
      [Float32Array.of(1, 2), Float32Array.of(1)],
      ShapeError,
      "x[1] expected a row of 2 numbers, got Float32Array(1)",
    ],
    ["a number among rows", [[1, 2], 3], ShapeError, "x[1] expected a row of 2 numbers, got 3"],
    [
      "infinity in a row",
      [
        [1, 2],
        [3, 1e39],
      ],
      DataError,
      "x of example 1, value 1 expected a finite number, got Infinity",
    ],
  ];
  it.each(odd)("are not %s", (_, x, type, message) => {
    expect(() => inputs(x)).toThrow(type);
    expect(() => inputs(x)).toThrow(message);
  });

  it("are not the RGBA bytes of a canvas for fewer channels", () => {
    const canvas = new Uint8ClampedArray(4 * 28 * 28);
    const grey = { x: canvas, y: [0, 0, 0, 0], inputShape: [28, 28, 1], classes: 1 };
    expect(() => arrayDataset(grey)).toThrow(
      "x expected samples of [28, 28, 1], got Uint8ClampedArray(3136), the RGBA bytes of 784 pixels",
    );
    expect(arrayDataset({ ...grey, x: { data: canvas, shape: [4, 28, 28, 1] } }).length).toBe(4);
    expect(arrayDataset({ ...grey, y: [0], inputShape: [28, 28, 4] }).length).toBe(1);
    const large = { x: new Float32Array(196 * 196), y: [0], inputShape: [28, 28, 1], classes: 1 };
    expect(() => arrayDataset(large)).toThrow("y expected 1 class indices".replace("1", "49"));
    expect(() => arrayDataset(large)).toThrow("x holds 49 examples of [28, 28, 1]");
    const tensor = { data: large.x, shape: [1, 196, 196, 1] };
    expect(() => arrayDataset({ ...large, x: tensor })).toThrow("x expected [n, 28, 28, 1], got [1, 196, 196, 1]");
  });
});

describe("targets in arrayDataset", () => {
  const values = (y: unknown, targetShape?: number[]) => {
    const given = { x: [1, 2], y, inputShape: [1], ...(targetShape && { targetShape }) } as unknown as ValueArrays;
    return [...read(arrayDataset(given)).y];
  };
  it("may be flat, rows, nested or { data, shape }", () => {
    expect(
      values(
        [
          [0, 1],
          [2, 3],
        ],
        [2],
      ),
    ).toEqual([0, 1, 2, 3]);
    expect(values([Float32Array.of(0, 1), Float32Array.of(2, 3)], [2])).toEqual([0, 1, 2, 3]);
    expect(values({ data: [5, 6], shape: [2] })).toEqual([5, 6]);
    expect(values([[5], [6]])).toEqual([5, 6]);
    expect(
      values(
        [
          [[1], [2]],
          [[3], [4]],
        ],
        [2, 1],
      ),
    ).toEqual([1, 2, 3, 4]);
    expect(values(alien("[[0, 1], [2, 3]]"), [2])).toEqual([0, 1, 2, 3]);
  });

  it("are compared by shape, not by their count alone", () => {
    const shape = (data: number[], ...sides: number[]) => ({ data, shape: sides });
    expect(() => values(shape([1, 2, 3, 4, 5, 6], 3, 2), [3])).toThrow(
      "y expected 6 values, [3] for each of 2 examples, got [3, 2]",
    );
    expect(() =>
      values(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [3],
      ),
    ).toThrow("got [3, 2]");
    expect(() => values(shape([1, 2], 1, 2))).toThrow("y expected 2 values, [1] for each of 2 examples, got [1, 2]");
    expect(() =>
      values([
        [0, 1],
        [1, 0],
      ]),
    ).toThrow("got [2, 2]. Is it targetShape: [2]?");
    expect(() => values([1, null])).toThrow("y[1] expected a number, got null");
  });

  const classes = (y: unknown) => [
    ...read(arrayDataset({ x: [1, 2], y, inputShape: [1], classes: 3 } as unknown as ClassArrays)).y,
  ];
  it("are classes by their exact value", () => {
    expect(classes(Uint8Array.of(2, 1))).toEqual([2, 1]);
    expect(classes({ data: [2, 1], shape: [2] })).toEqual([2, 1]);
    expect(classes(alien("new Int32Array([2, 1])"))).toEqual([2, 1]);
    for (const label of [Number.NaN, 1.7, 2 ** 32 + 1, -1, 3, Number.POSITIVE_INFINITY, -0.5])
      expect(() => classes([0, label])).toThrow(`y[1] expected a class from 0 to 2, got ${label}`);
    for (const label of [null, "", "1", true, 1n]) expect(() => classes([0, label])).toThrow("y[1] expected a number");
    expect(() =>
      classes([
        [1, 0, 0],
        [0, 1, 0],
      ]),
    ).toThrow("y expected [2], one class index for each example, got [2, 3]");
    expect(() => classes({ data: [0, 1], shape: [1, 2] })).toThrow(ShapeError);
  });
});

describe("labels of a dataset of one's own", () => {
  const own = (label: number): ClassDataset => ({
    length: 3,
    inputShape: [1],
    targets: "class",
    classes: 3,
    get(indices, x, y) {
      for (let i = 0; i < indices.length; i++) {
        x[i] = indices[i]!;
        y[i] = indices[i] === 1 ? label : indices[i]!;
      }
    },
  });
  const batch = (dataset: ClassDataset) => {
    const y = new Int32Array(3);
    getBatch(dataset, [2, 1, 0], new Float32Array(3), y);
    return [...y];
  };

  it.each([Number.NaN, 1.7, 2 ** 32 + 1, Number.NEGATIVE_INFINITY, 0.999])("are not %d", (label) => {
    const message = `get: y[1] expected a class index, got ${label}`;
    expect(() => batch(own(label))).toThrow(message);
    expect(() => batch(subset(own(label), [0, 1, 2]))).toThrow(message);
    expect(() => batch(mapInputs(own(label), () => {}))).toThrow(message);
    expect(() => channelStatistics(own(label))).toThrow(DataError);
  });

  it("are no numbers where get has not written them, nor is the input", () => {
    const silent: ClassDataset = { ...own(1), get() {} };
    const [x, y] = [new Float32Array(3).fill(7), Int32Array.of(1, 1, 1)];
    expect(() => getBatch(silent, [2, 1, 0], x, y)).toThrow("get: y[0] expected a class index, got NaN");
    expect([...x]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    const half: ClassDataset = { ...own(1), get: (indices, _, labels) => void labels.fill(0, 0, indices.length - 1) };
    expect(() => getBatch(half, [2, 1, 0], x, y)).toThrow("get: y[2] expected a class index, got NaN");
    const values: Dataset = { length: 3, inputShape: [1], targets: "values", targetShape: [2], get() {} };
    const rows = new Float32Array(6).fill(1);
    getBatch(values, [0, 1], x, rows);
    expect([...rows]).toEqual([...Array(4).fill(Number.NaN), 1, 1]);
  });

  it("are written where they belong, and into floats for what copies them", () => {
    expect(batch(own(1))).toEqual([2, 1, 0]);
    expect(batch(subset(own(1), [2, 2, 0]))).toEqual([0, 2, 2]);
    const inner = arrayDataset({ x: [1, 2, 3], y: [2, 0, 1], inputShape: [1], classes: 3 });
    const around: ClassDataset = { ...inner, get: (indices, x, y, epoch) => inner.get(indices, x, y, epoch) };
    expect(batch(around)).toEqual([1, 0, 2]);
  });
});
