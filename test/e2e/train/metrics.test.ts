// Metrics in evaluate and in the validation of fits, here and in a worker: as scikit-learn has them of the same outputs.
import { afterAll, describe, expect, it } from "vitest";
import { argmax } from "../../../src/core/math.js";
import { arrayDataset } from "../../../src/faces/data.js";
import {
  accuracy,
  averagePrecision,
  confusionMatrix,
  ece,
  f1,
  type Metric,
  mae,
  precision,
  r2,
  recall,
  rmse,
  rocAuc,
  topK,
} from "../../../src/faces/metrics.js";
import {
  ArgumentError,
  bceWithLogits,
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  earlyStopping,
  type FitOptions,
  Linear,
  type Loss,
  type Model,
  mse,
  NumericError,
  ReLU,
  reduceOnPlateau,
  Sequential,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { createTrainer as createWorkerTrainer, type WorkerTrainer } from "../../../src/worker/trainer.js";
import { blobs } from "../../support/datasets.js";
import { openModel } from "../worker/open.js";

const open: WorkerModel[] = [];
afterAll(() => Promise.all(open.map((model) => model.dispose())));

const network = (outputs: number) => new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, outputs));

type Either = Trainer | WorkerTrainer;

const places: [string, (loss: Loss, outputs: number) => Promise<Either>][] = [
  [
    "here",
    async (loss, outputs) => {
      const model = await createModel(network(outputs), { inputShape: [4], seed: 7, relaxedSimd: false });
      return createTrainer(model, { loss, optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
    },
  ],
  [
    "in a worker",
    async (loss, outputs) => {
      const model = await openModel(network(outputs), { inputShape: [4], seed: 7 });
      open.push(model);
      return createWorkerTrainer(model, { loss, optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
    },
  ],
];

/** As `evaluate` of either trainer is called, without the types of single metrics. */
const evaluate = (trainer: Either, data: Parameters<Trainer["evaluate"]>[0], metrics: readonly Metric[], more = {}) =>
  (trainer as Trainer).evaluate(data, { metrics, ...more });

const outputsOf = async (trainer: Either, x: Float32Array) =>
  (await (trainer.model as Model).predict({ data: x, shape: [x.length / 4, 4] })).data;

const inputs = Float32Array.from({ length: 120 * 4 }, (_, i) => Math.sin(i * i));

describe.each(places)("metrics %s", (_, make) => {
  it("are told every output once, whatever the batch", async () => {
    const data = blobs(50);
    const trainer = await make(crossEntropy(), 3);
    await (trainer as Trainer).fit(data, { epochs: 2, batchSize: 16 });
    const metrics = () => [
      accuracy(),
      topK(2),
      f1(),
      confusionMatrix(),
      rocAuc(),
      averagePrecision(),
      ece({ bins: 10 }),
    ];
    const { metrics: whole, accuracy: own } = await evaluate(trainer, data, metrics(), { batchSize: 150 });
    const { metrics: parts } = await evaluate(trainer, data, metrics(), { batchSize: 7 });
    // The last digits of outputs depend on the batch.
    expect(parts).toEqual({ ...whole, ece: expect.closeTo(whole.ece as number, 6) });
    expect(Object.keys(whole)).toEqual([
      "accuracy",
      "top2",
      "f1",
      "confusionMatrix",
      "rocAuc",
      "averagePrecision",
      "ece",
    ]);
    expect(whole.accuracy).toBe(own);
    const x = new Float32Array(data.length * 4);
    const y = new Int32Array(data.length);
    data.get(
      Array.from({ length: data.length }, (_, i) => i),
      x,
      y as never,
    );
    const outputs = await outputsOf(trainer, x);
    const matrix = [0, 1, 2].map(() => [0, 0, 0]);
    for (const [i, truth] of y.entries()) matrix[truth][argmax(outputs, 3 * i, 3)]++;
    expect(whole.confusionMatrix).toEqual(matrix);
  });

  it("measure several labels, and numbers", async () => {
    const y = { data: Float32Array.from({ length: 240 }, (_, i) => Number(inputs[2 * i] > 0.2)), shape: [120, 2] };
    const labelled = arrayDataset({ x: inputs, y, inputShape: [4], targetShape: [2] });
    const trainer = await make(bceWithLogits(), 2);
    await (trainer as Trainer).fit(labelled, { epochs: 3 });
    const found = await evaluate(trainer, labelled, [
      recall({ average: "none" }),
      precision(),
      rocAuc({ average: "micro" }),
    ]);
    const outputs = await outputsOf(trainer, inputs);
    const recalls = [0, 1].map((label) => {
      const positive = [...y.data.keys()].filter((i) => i % 2 === label && y.data[i] === 1);
      return positive.filter((i) => outputs[i] > 0).length / positive.length;
    });
    expect(found.metrics.recall).toEqual(recalls);
    expect(found.metrics.rocAuc).toBeGreaterThan(0.5);

    const numbers = arrayDataset({ x: inputs, y: inputs.filter((_, i) => i % 4 === 1), inputShape: [4] });
    const regressor = await make(mse(), 1);
    const { loss, metrics } = await evaluate(regressor, numbers, [rmse(), mae(), r2()]);
    expect((metrics.rmse as number) ** 2).toBeCloseTo(loss, 5);
    expect(metrics.r2).toBeLessThan(1);
    expect(metrics.mae).toBeGreaterThan(0);
  });

  it("stand in validation, and steer earlyStopping and reduceOnPlateau", async () => {
    const trainer = (await make(crossEntropy(), 3)) as Trainer;
    const plateau = reduceOnPlateau({ monitor: "validation.macro", patience: 0, threshold: 2, thresholdMode: "abs" });
    const { epochs, stopped } = await trainer.fit(blobs(20), {
      epochs: 9,
      validation: blobs(9),
      metrics: [f1({ name: "macro" }), confusionMatrix()],
      callbacks: [earlyStopping({ monitor: "validation.macro", patience: 3, minDelta: 2 }), plateau],
    });
    expect(stopped).toBe("callback"); // nothing is 2 better than an F1 of at least 0
    expect(epochs.length).toBe(4);
    expect(plateau.lrScale).toBeLessThan(1);
    for (const { validation } of epochs) {
      expect(validation?.metrics?.macro).toBeTypeOf("number");
      expect([validation?.metrics?.confusionMatrix].flat(2).reduce((a, b) => Number(a) + Number(b))).toBe(9);
    }
  });

  it("go on where a fit was stopped within validation", async () => {
    const fitting = (): FitOptions => ({
      epochs: 2,
      batchSize: 8,
      validation: blobs(20),
      metrics: [f1(), confusionMatrix()],
    });
    const whole = (await make(crossEntropy(), 3)) as Trainer;
    const expected = await whole.fit(blobs(20), fitting());
    const trainer = (await make(crossEntropy(), 3)) as Trainer;
    const validation = blobs(20);
    let calls = 0;
    const abort = new AbortController();
    const interrupting = {
      ...validation,
      get: (...batch: Parameters<typeof validation.get>) => {
        if (++calls === 2) abort.abort();
        return validation.get(...batch);
      },
    };
    const first = await trainer.fit(blobs(20), { ...fitting(), validation: interrupting, signal: abort.signal });
    expect(first.stopped).toBe("aborted");
    expect(first.epochs.length).toBe(0);
    const second = await trainer.fit(blobs(20), { ...fitting(), validation: interrupting });
    expect(second.epochs.map((epoch) => epoch.validation)).toEqual(expected.epochs.map((epoch) => epoch.validation));
  });

  it("refuse before the first step what they cannot measure", async () => {
    const trainer = (await make(crossEntropy(), 3)) as Trainer;
    const data = blobs(20);
    const fit = (options: FitOptions) => trainer.fit(data, { validation: data, ...options });
    await expect(fit({ metrics: [rmse()] })).rejects.toThrow(/rmse: evaluation expected a task of numbers/);
    await expect(fit({ metrics: [f1(), f1()] })).rejects.toThrow(
      /metrics\[1\].name expected a name that no other metric has/,
    );
    for (const junk of [5, {}, [1], [{ name: "x" }], "f1"])
      await expect(fit({ metrics: junk as never })).rejects.toThrow(ArgumentError);
    await expect(trainer.fit(data, { metrics: [f1()] })).rejects.toThrow(
      /fit: validation expected a dataset to measure by metrics/,
    );
    await expect(
      fit({ metrics: [f1()], callbacks: [earlyStopping({ monitor: "validation.recall" })] }),
    ).rejects.toThrow(/validation\.f1/);
    expect(trainer.stepCount).toBe(0);
    for (const junk of [5, {}, [1], [{ name: "x" }], "f1"])
      await expect(evaluate(trainer, data, junk as never)).rejects.toThrow(ArgumentError);
    const one = arrayDataset({ x: inputs.subarray(0, 8), y: [1, 1], inputShape: [4], classes: 3 });
    await expect(evaluate(trainer, one, [rocAuc()])).rejects.toThrow(DataError);
    const nan = (_: unknown, x: Float32Array, y: Int32Array | Float32Array) => void [x.fill(Number.NaN), y.fill(0)];
    const broken = { ...blobs(9), get: nan };
    await expect(evaluate(trainer, broken, [f1()])).rejects.toThrow(NumericError);
  });
});

describe("a metric of one's own", () => {
  it("has its result under its name, of its type", async () => {
    const [, make] = places[0];
    const trainer = (await make(crossEntropy(), 3)) as Trainer;
    const seen: Metric<"seen", number[]> = {
      name: "seen",
      start() {
        const all: number[] = [];
        return { update: ({ first, samples }) => void all.push(first, samples), result: () => all };
      },
    };
    const { metrics } = await trainer.evaluate(blobs(9), { metrics: [seen, topK(3)], batchSize: 4 });
    const told: number[] = metrics.seen;
    expect(told).toEqual([0, 4, 4, 4, 8, 1]);
    expect(metrics.top3).toBe(1);
  });
});
