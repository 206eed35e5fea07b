// What stands for numbers, in a worker and in the entry for inference: as in test/e2e/model/argument-kinds.test.ts.
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TensorLike } from "../../../src/core/tensor.js";
import { DataError, ShapeError } from "../../../src/faces/main.js";
import { createModel, crossEntropy, Linear, type Model, SGD } from "../../../src/hosts/node/index.js";
import { loadModel } from "../../../src/hosts/node/inference.js";
import type { Labels } from "../../../src/train/labels.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { createTrainer } from "../../../src/worker/trainer.js";
import { openModel } from "./open.js";

const network = new Linear(4, 3);
const options = { inputShape: [4], seed: 5 };
const numbers = [1, -2, 3, 4, 5, 6, -7, 8];
const typed = Float64Array.from(numbers);
const forms: TensorLike[] = [
  Int16Array.from(numbers),
  [typed.subarray(0, 4), typed.subarray(4)],
  { data: typed, shape: [2, 4] },
  runInNewContext(`[[${numbers.slice(0, 4)}], new Int8Array([${numbers.slice(4)}])]`) as number[][],
];
const odd: [unknown, string][] = [
  [[1, null, 3, 4], "got null at [1]"],
  [[[1, 2, 3, ""]], 'got "" at [0][3]'],
  [[1, true, 3, 4], "got true at [1]"],
  [new BigInt64Array(4), "got BigInt64Array(4). Convert them"],
  [{ data: typed, shape: [4, 2] }, "got [4, 2]"],
];

let here: Model;
let there: WorkerModel;
beforeAll(async () => {
  here = await createModel(network, { ...options, relaxedSimd: false });
  there = await openModel(network, options);
});
afterAll(() => {
  here.dispose();
  there.dispose();
});

describe("numbers", () => {
  it("are the same in a worker and in the entry for inference", async () => {
    const predictor = await loadModel(await here.save(), { relaxedSimd: false });
    const expected = here.predict(numbers);
    for (const form of forms) {
      expect(predictor.predict(form)).toEqual(expected);
      expect(await there.predict(form)).toEqual(expected);
    }
    for (const [x, message] of odd) {
      expect(() => predictor.predict(x as number[])).toThrow(message);
      const refused = there.predict(x as number[]);
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(ShapeError);
    }
    predictor.dispose();
  });

  it("are labels by their exact value in a worker", async () => {
    const trainer = await createTrainer(there, { loss: crossEntropy(), optimizer: new SGD({ lr: 0 }) });
    const { loss } = await trainer.step(numbers, [0, 2]);
    for (const labels of [Float64Array.of(0, 2), { data: [0, 2], shape: [2] }, [[0], [2]]])
      expect((await trainer.step(numbers, labels)).loss).toBe(loss);
    for (const label of [Number.NaN, 1.7, 2 ** 32 + 1, -1, null, "1"])
      await expect(trainer.step(numbers, [0, label] as Labels)).rejects.toBeInstanceOf(DataError);
    await expect(trainer.step(numbers, { data: [0, 2], shape: [1, 2] })).rejects.toThrow("got [1, 2]");
  });
});
