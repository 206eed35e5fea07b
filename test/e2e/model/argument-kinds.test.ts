// What stands for numbers, in every call of a model and a trainer that takes them.
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { DataError, ShapeError } from "../../../src/core/errors.js";
import type { TensorLike } from "../../../src/core/tensor.js";
import {
  bceWithLogits,
  createTrainer,
  crossEntropy,
  freeze,
  Linear,
  type Loss,
  mse,
  ReLU,
  readSafetensors,
  Sequential,
  SGD,
  writeSafetensors,
} from "../../../src/faces/main.js";
import type { Labels } from "../../../src/train/labels.js";
import { build } from "../../support/setups.js";

const alien = (code: string): never => runInNewContext(code) as never;
const numbers = [1, -2, 3, 4, 5, 6, -7, 8];
const linear = () => build(new Linear(4, 3), [4]);
const all = [Int8Array, Int16Array, Int32Array, Float32Array, Float64Array].map((Kind) => Kind.from(numbers));

const forms: TensorLike[] = [
  ...all,
  ...all.map((x) => [x.subarray(0, 4), x.subarray(4)]),
  ...all.map((data) => ({ data, shape: [2, 4] })),
  alien(`[${numbers}]`),
  alien(`[[${numbers.slice(0, 4)}], [${numbers.slice(4)}]]`),
  alien(`new Int16Array([${numbers}])`),
  alien(`({ data: new Float64Array([${numbers}]), shape: [2, 4] })`),
];

const odd: [string, unknown, RegExp][] = [
  ["null", [1, null, 3, 4], /got null at \[1\]/],
  ["an empty word", [1, 2, 3, ""], /got "" at \[3\]/],
  ["a boolean", [1, true, 3, 4], /got true at \[1\]/],
  ["null in a row", [[1, 2, 3, null]], /got null at \[0\]\[3\]/],
  ["big integers in a row", [new BigInt64Array(4)], /got BigInt64Array\(4\) at \[0\]\. Convert them/],
  ["a proxied array", new Proxy(new Float32Array(4), {}), /got a proxy\. Give the array itself/],
  ["a length below 0", { length: -4 }, /got \{length\}/],
  ["ragged typed rows", [new Float32Array(4), new Float32Array(3)], /ragged rows: Float32Array\(3\) at \[1\]/],
];

describe("inputs", () => {
  it("may be any numbers", async () => {
    const model = await linear();
    const expected = model.predict(numbers);
    for (const form of forms) {
      expect(model.predict(form)).toEqual(expected);
      expect(model.forward(form)).toEqual(expected);
    }
    const gradient = Float64Array.of(1, 0, 0, 0, 1, 0);
    const backward = (dy: TensorLike) => model.forward(numbers) && model.backward(dy);
    const dx = backward([...gradient]);
    expect(backward([gradient.subarray(0, 3), gradient.subarray(3)])).toEqual(dx);
    expect(backward({ data: gradient, shape: [2, 3] })).toEqual(dx);
    expect(() => backward({ data: gradient, shape: [3, 2] })).toThrow(
      "dy expected [n, 3] with n at least 1, got [3, 2]",
    );
  });

  it.each(odd)("are not %s", async (_, x, message) => {
    const model = await linear();
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0 }) });
    const calls = [
      () => model.predict(x as number[]),
      () => model.forward(x as number[]),
      () => trainer.step(x as number[], [0]),
    ];
    for (const call of calls) {
      expect(call).toThrow(ShapeError);
      expect(call).toThrow(message);
    }
  });

  it("are not the RGBA bytes of a canvas for fewer channels", async () => {
    const model = await build(new ReLU(), [2, 2, 1]);
    const canvas = new Uint8ClampedArray(16);
    expect(() => model.predict(canvas)).toThrow(
      "input expected samples of [2, 2, 1], got Uint8ClampedArray(16), the RGBA bytes of 4 pixels",
    );
    expect(() => model.predict({ data: new Float32Array(16), shape: [1, 4, 4, 1] })).toThrow("got [1, 4, 4, 1]");
    expect(() => model.predict({ data: canvas, width: 2, height: 2 } as never)).toThrow(ShapeError);
    expect(model.predict({ data: canvas, shape: [4, 2, 2, 1] }).shape).toEqual([4, 2, 2, 1]);
  });
});

describe("labels", () => {
  const losses = async (loss: Loss, forms: readonly Labels[]) => {
    const model = await linear();
    const trainer = createTrainer(model, { loss, optimizer: new SGD({ lr: 0 }) });
    return forms.map((labels) => trainer.step(numbers, labels).loss);
  };
  const same = (values: readonly number[]) => expect(new Set(values).size).toBe(1);

  it("may be any numbers", async () => {
    const classes = [
      [0, 2],
      Uint8Array.of(0, 2),
      Float64Array.of(0, 2),
      alien("[0, 2]"),
      alien("new Int16Array([0, 2])"),
    ];
    same(
      await losses(crossEntropy(), [
        ...classes,
        { data: [0, 2], shape: [2] },
        { data: [0, 2], shape: [2, 1] },
        [[0], [2]],
      ]),
    );
    const rows = [1, 0, 0, 0, 0, 1];
    const typed = Float64Array.from(rows);
    const shaped = { data: typed, shape: [2, 3] };
    same(await losses(crossEntropy(), [[0, 2], rows, typed, shaped, [typed.subarray(0, 3), typed.subarray(3)]]));
    same(await losses(mse(), [rows, shaped, alien("[[1, 0, 0], [0, 0, 1]]")]));
  });

  const transposed = { data: [1, 0, 0, 0, 0, 1], shape: [3, 2] };
  it("are compared by shape, not by their count alone", async () => {
    for (const loss of [crossEntropy(), mse(), bceWithLogits()]) {
      await expect(losses(loss, [transposed])).rejects.toThrow(
        /labels expected .*\[2, 3\] values for outputs of \[2, 3\], got \[3, 2\]/,
      );
      await expect(
        losses(loss, [
          [
            [1, 0],
            [0, 1],
            [1, 1],
          ],
        ]),
      ).rejects.toThrow("got [3, 2]");
      await expect(losses(loss, [{ ...transposed, shape: [6, 1] }])).rejects.toThrow("got [6, 1]");
    }
    await expect(losses(crossEntropy(), [{ data: [0, 1], shape: [1, 2] }])).rejects.toThrow("got [1, 2]");
  });

  it("are classes by their exact value", async () => {
    for (const label of [Number.NaN, 1.7, 2 ** 32 + 1, -1, 3])
      await expect(losses(crossEntropy(), [[0, label]])).rejects.toThrow(
        `labels[1] expected a class from 0 to 2, got ${label}`,
      );
    for (const label of [null, "", "1", true, 1n])
      await expect(losses(crossEntropy(), [[0, label] as never])).rejects.toThrow("labels[1] expected a number");
    await expect(losses(mse(), [[1, 0, 0, 0, 0, null] as never])).rejects.toThrow(DataError);
  });
});

describe("objects of other realms", () => {
  it("are maps, patterns, tensors and bytes", async () => {
    const model = await linear();
    const state = alien("new Map()") as Map<string, { data: Float32Array; shape: number[] }>;
    for (const [name, tensor] of model.stateDict()) state.set(name, tensor);
    expect(model.loadStateDict(state)).toEqual({ missing: [], unexpected: [] });
    expect(freeze(model, alien("/weight/"))).toEqual(["weight"]);
    const tensors = { a: { data: alien("new Float32Array([1, 2])") as Float32Array, shape: [2] } };
    const file = alien(`new Uint8Array([${writeSafetensors(tensors)}])`) as Uint8Array<ArrayBuffer>;
    expect([...readSafetensors(file).tensors.get("a")!.data]).toEqual([1, 2]);
    const saved = alien(`new Uint8Array([${await model.save()}])`) as Uint8Array<ArrayBuffer>;
    expect([...readSafetensors(saved.buffer).tensors.keys()]).toEqual([...readSafetensors(saved).tensors.keys()]);
  });
});

describe("records of layers", () => {
  it("have no integers for names: their order would not be that of the program", () => {
    const make = (...names: string[]) => new Sequential(Object.fromEntries(names.map((name) => [name, new ReLU()])));
    for (const names of [["2", "1"], ["conv", "0"], ["10"]])
      expect(() => make(...names)).toThrow("name expected no integer");
    expect(make("b", "a", "01", "-1").layers.map(([name]) => name)).toEqual(["b", "a", "01", "-1"]);
  });
});
