// Weights of classes, positives and samples, labels to be ignored, a label a pixel: through step, fit and evaluate, here and
// in a worker. Values and gradients stand against PyTorch in test/golden/ops and test/golden/nets.
import { afterAll, describe, expect, it } from "vitest";
import { arrayDataset, augment, horizontalFlip, mixup, normalise, split, subset } from "../../../src/faces/data.js";
import {
  ArgumentError,
  BatchNorm2d,
  bceWithLogits,
  Conv2d,
  cacheFeatures,
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  type Dataset,
  type Layer,
  Linear,
  LogSoftmax,
  type Loss,
  mse,
  NumericError,
  ReLU,
  Sequential,
  SGD,
  ShapeError,
  Sigmoid,
  Softmax,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { exportOnnx, loadOnnx } from "../../../src/hosts/node/onnx.js";
import { createTrainer as createWorkerTrainer } from "../../../src/hosts/node/worker.js";
import { indices, uniform } from "../../golden/generator.js";
import { build, weightBits } from "../../support/setups.js";
import { openModel, rejection } from "../worker/open.js";

const optimizer = new SGD({ lr: 0.1, momentum: 0.9 });
const net = () => new Sequential(new Linear(4, 6), new ReLU(), new Linear(6, 3));
const n = 23;
const x = uniform("weights/x", n * 4);
const y = indices("weights/y", n, 3);
const weights = uniform("weights/w", n, 1, 1.25);

const trainerOf = async (loss: Loss, network: Layer = net(), inputShape = [4]) =>
  createTrainer(await build(network, inputShape, undefined, 3), { loss, optimizer });
const close = (a: Trainer, b: Trainer) => {
  const [one, two] = [a, b].map(({ model }) => [...model.stateDict().values()].flatMap(({ data }) => [...data]));
  expect(one.length).toBeGreaterThan(0);
  for (const [i, value] of one.entries()) expect(Math.abs(value - two[i])).toBeLessThan(2e-6);
};
const data = (more: object = {}) => arrayDataset({ x, y, inputShape: [4], classes: 3, ...more });

describe("weights of samples", () => {
  it("of 2 and 0 are as samples that are there twice, or not at all", async () => {
    const counts = Array.from({ length: n }, (_, i) => i % 3);
    const kept = counts.flatMap((count, i) => Array<number>(count).fill(i));
    const losses: [Loss, Loss][] = [
      [crossEntropy(), crossEntropy()],
      [crossEntropy({ classWeights: [1, 2, 0.5] }), crossEntropy({ classWeights: [1, 2, 0.5] })],
    ];
    for (const [a, b] of losses) {
      const [weighted, repeated] = [await trainerOf(a), await trainerOf(b)];
      for (let step = 0; step < 5; step++) {
        const one = weighted.step(x, y, { weights: counts });
        const rows = kept.flatMap((i) => [...x.subarray(i * 4, i * 4 + 4)]);
        const two = repeated.step(
          rows,
          kept.map((i) => y[i]),
        );
        expect(Math.abs(one.loss - two.loss)).toBeLessThan(1e-6);
      }
      close(weighted, repeated);
    }
  });

  it("come with datasets and with what is made of them, in fit and in single steps alike", async () => {
    const whole = data({ weights });
    const [part] = split(whole, 0.6, 1);
    const some = subset(normalise(refilled(part), { mean: [0.1], std: [2] }), [3, 1, 7]);
    const got = new Float32Array(3);
    some.getWeights?.([2, 0, 1], got);
    const order = new Float32Array(part.length);
    part.getWeights?.(
      order.map((_, i) => i),
      order,
    );
    expect([...got]).toEqual([order[7], order[3], order[1]]);
    const [fitted, stepped] = [await trainerOf(crossEntropy()), await trainerOf(crossEntropy())];
    await fitted.fit(whole, { batchSize: 8, shuffle: false });
    for (let at = 0; at < n; at += 8)
      stepped.step(x.subarray(at * 4, (at + 8) * 4), y.subarray(at, at + 8), { weights: weights.subarray(at, at + 8) });
    expect(weightBits(fitted.model)).toBe(weightBits(stepped.model));
  });

  it("make evaluations and epochs their means, whatever the batches", async () => {
    const trainer = await trainerOf(crossEntropy({ labelSmoothing: 0.1 }));
    const each = await Promise.all(Array.from({ length: n }, (_, i) => trainer.evaluate(subset(data(), [i]))));
    const total = weights.reduce((a, b) => a + b);
    const expected = each.reduce((sum, { loss }, i) => sum + loss * weights[i], 0) / total;
    for (const batchSize of [1, 5, 8, 23]) {
      const { loss, accuracy } = await trainer.evaluate(data({ weights }), { batchSize });
      expect(loss).toBeCloseTo(expected, 6);
      expect(accuracy).toBeCloseTo(each.reduce((sum, { accuracy }) => sum + accuracy, 0) / n, 12);
    }
    const still = createTrainer(trainer.model, { loss: trainer.loss!, optimizer: new SGD({ lr: 0 }) });
    const { epochs } = await still.fit(data({ weights }), { batchSize: 5 });
    expect(epochs[0].loss).toBeCloseTo(expected, 6);
  });

  it("that are none are refused, with the sample", async () => {
    const trainer = await trainerOf(crossEntropy());
    expect(() => trainer.step(x, y, { weights: [1, 2] })).toThrow(ShapeError);
    expect(() => trainer.step(x, y, { weights: weights.map((w, i) => (i === 3 ? -w : w)) })).toThrow(
      /step: weights\[3\] expected a number of at least 0, got -/,
    );
    expect(() => trainer.step(x, y, { weights: "abc" as never })).toThrow(ArgumentError);
    expect(() => trainer.step(x, y, { weight: [1] } as never)).toThrow(/Did you mean "weights"/);
    const own = (fill: (w: Float32Array) => void): Dataset => ({ ...data(), getWeights: (_, w) => fill(w) });
    for (const fill of [(w: Float32Array) => w.fill(Number.NaN), () => {}]) {
      const error = await rejection(trainer.fit(own(fill), { shuffle: false, batchSize: 4 }));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch(
        /weights\[0\] expected a number of at least 0, got NaN \(sample 0 of the dataset\)/,
      );
    }
  });

  it("are kept by cached features, and refused by mixup, which would part them from their samples", async () => {
    const model = await createModel(net(), { inputShape: [4] });
    const cached = await cacheFeatures(model, data({ weights }), { layer: "1" });
    const got = new Float32Array(2);
    cached.getWeights?.([5, 2], got);
    expect([...got]).toEqual([weights[5], weights[2]]);
    const pictures = arrayDataset({ x, y, inputShape: [2, 2, 1], classes: 3, weights });
    expect(() => augment(pictures, [mixup()])).toThrow(/none with weights for mixup and cutmix/);
    expect(augment(pictures, [horizontalFlip()]).getWeights).toBeDefined();
  });
});

/** A view that fills batches by a function of one's own. */
function refilled<D extends Dataset>(dataset: D): D {
  return { ...dataset, get: (...args: Parameters<Dataset["get"]>) => dataset.get(...args) };
}

describe("labels to be ignored", () => {
  it("count in no sum, and where all are, the loss is 0", async () => {
    const loss = crossEntropy({ ignoreIndex: -1, classWeights: [1, 2, 3] });
    const [some, all] = [await trainerOf(loss), await trainerOf(loss)];
    const labels = y.map((label, i) => (i < 10 ? label : -1));
    expect(some.step(x, labels).loss).toBeCloseTo(all.step(x.subarray(0, 40), y.subarray(0, 10)).loss, 6);
    close(some, all);
    const none = await trainerOf(loss);
    const before = weightBits(none.model);
    expect(
      none.step(
        x,
        y.map(() => -1),
      ),
    ).toMatchObject({ loss: 0, gradNorm: 0 });
    expect(weightBits(none.model)).toBe(before);
    const nothing = data({ y: y.map(() => -1), ignoreIndex: -1 });
    expect(await none.evaluate(nothing)).toMatchObject({ loss: 0, accuracy: 0, samples: n });
    expect((await none.fit(nothing)).epochs[0].loss).toBe(0);
  });

  it("may be a class, and count in no accuracy", async () => {
    const trainer = await trainerOf(crossEntropy({ ignoreIndex: 2 }));
    const kept = Array.from({ length: n }, (_, i) => i).filter((i) => y[i] !== 2);
    const [all, others] = [await trainer.evaluate(data()), await trainer.evaluate(subset(data(), kept))];
    expect(all.loss).toBeCloseTo(others.loss, 6);
    expect(all.accuracy).toBe(others.accuracy);
  });

  it("are told by the dataset, so that a loss that takes them for classes is refused", async () => {
    const ignoring = data({ y: y.map((label, i) => (i % 5 === 0 ? 255 : label)), ignoreIndex: 255 });
    const error = await rejection((await trainerOf(crossEntropy())).fit(ignoring));
    expect(error.message).toMatch(
      /loss expected crossEntropy\(\{ ignoreIndex: 255 \}\), as the dataset's, got undefined/,
    );
    expect((await (await trainerOf(crossEntropy({ ignoreIndex: 255 }))).fit(ignoring)).stopped).toBe("finished");
    const trainer = await trainerOf(crossEntropy({ ignoreIndex: 255 }));
    expect(() => trainer.step(x, [254, ...y.subarray(1)])).toThrow(/labels\[0\] expected a class from 0 to 2, got 254/);
  });
});

describe("a label a pixel", () => {
  const pixels = uniform("weights/pixels", 6 * 48);
  const map = indices("weights/map", 6 * 16, 3).map((label, i) => (i % 7 === 0 ? 255 : label));
  const segments = (more: object = {}) =>
    arrayDataset({
      x: pixels,
      y: map,
      inputShape: [4, 4, 3],
      classes: 3,
      targetShape: [4, 4],
      ignoreIndex: 255,
      ...more,
    });
  const conv = () =>
    new Sequential(
      new Conv2d(3, 4, { kernelSize: 3, padding: 1 }),
      new BatchNorm2d(4),
      new Conv2d(4, 3, { kernelSize: 1 }),
    );

  it("is learned by fit, step by step as by step, and evaluated over those that count", async () => {
    const loss = crossEntropy({ ignoreIndex: 255, classWeights: [1, 2, 3] });
    const [fitted, stepped] = [await trainerOf(loss, conv(), [4, 4, 3]), await trainerOf(loss, conv(), [4, 4, 3])];
    const { losses } = await fitted.fit(segments({ weights: [1, 1, 2, 2, 3, 3] }), { batchSize: 6, shuffle: false });
    const shaped = { data: map, shape: [6, 4, 4] };
    expect(stepped.step(pixels, shaped, { weights: [1, 1, 2, 2, 3, 3] }).loss).toBe(losses[0]);
    expect(weightBits(fitted.model)).toBe(weightBits(stepped.model));
    const { accuracy } = await fitted.evaluate(segments(), { batchSize: 4 });
    const logits = fitted.model.predict(pixels).data;
    const best = (i: number) => [0, 1, 2].reduce((a, b) => (logits[i * 3 + b] > logits[i * 3 + a] ? b : a));
    const counted = Array.from(map.keys()).filter((i) => map[i] !== 255);
    expect(accuracy).toBe(counted.filter((i) => best(i) === map[i]).length / counted.length);
  });

  it("is refused where it does not fit, or would be moved away from its pixel", async () => {
    const trainer = await trainerOf(crossEntropy({ ignoreIndex: 255 }), conv(), [4, 4, 3]);
    const wrong = segments({ y: map.subarray(0, 6 * 8), targetShape: [4, 2] });
    expect((await rejection(trainer.fit(wrong))).message).toMatch(
      /dataset.targetShape expected \[4, 4\], got \[4, 2\]/,
    );
    const four = segments({ classes: 4 });
    expect((await rejection(trainer.fit(four))).message).toMatch(/dataset.classes expected at most 3/);
    expect(() => augment(segments(), [horizontalFlip()])).toThrow(
      /one label an image, got several.*dataset of your own/,
    );
    expect(() => split(segments(), 0.5, { stratify: true })).toThrow(/a dataset of classes, one a sample/);
    expect(split(segments(), 0.5).map(({ length }) => length)).toEqual([3, 3]);
  });
});

describe("options of losses", () => {
  it.each([
    [
      "classes without a weight",
      () => crossEntropy({ classWeights: [1, 2] }),
      /classWeights expected 3 numbers.*got 2/,
    ],
    ["outputs without one", () => bceWithLogits({ posWeight: [1, 2] }), /posWeight expected 3 numbers.*got 2/],
  ] as [string, () => Loss, RegExp][])("%s are refused with the network", async (_, loss, message) => {
    const error = await rejection(trainerOf(loss()));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(message);
  });

  it("are checked when they are given", () => {
    expect(() => crossEntropy({ classWeights: [1, -1] })).toThrow(/classWeights\[1\] expected a number in \[0, /);
    expect(() => crossEntropy({ classWeights: 3 as never })).toThrow(/classWeights expected numbers, got 3/);
    expect(() => crossEntropy({ ignoreIndex: 1.5 })).toThrow(/ignoreIndex expected an integer/);
    expect(() => bceWithLogits({ posWeight: Number.NaN })).toThrow(/posWeight expected a number/);
    expect(JSON.stringify(crossEntropy({ classWeights: Float32Array.of(1, 2) }))).toBe(
      '{"type":"crossEntropy","options":{"classWeights":[1,2],"labelSmoothing":0}}',
    );
  });

  it("are of the checkpoint", async () => {
    const saved = await trainerOf(crossEntropy({ classWeights: [1, 2, 3] }));
    await saved.fit(data({ weights }), { batchSize: 8, maxSteps: 2 });
    const bytes = await saved.save();
    const other = await trainerOf(crossEntropy({ classWeights: [1, 2, 4] }));
    expect((await rejection(other.load(bytes))).message).toMatch(/loss.classWeights\[2\] expected 4, got 3/);
    const again = await trainerOf(crossEntropy({ classWeights: [1, 2, 3] }));
    await again.load(bytes);
    expect((await rejection(again.fit(data(), { batchSize: 8 }))).message).toMatch(/weighted expected null, got true/);
    const [a, b] = [await saved.fit(data({ weights })), await again.fit(data({ weights }))];
    expect(b.epochs.map(({ loss }) => loss)).toEqual(a.epochs.map(({ loss }) => loss));
    expect(weightBits(again.model)).toBe(weightBits(saved.model));
  });

  it("do not hide where a step left the finite numbers", async () => {
    const trainer = await trainerOf(crossEntropy({ classWeights: [1, 2, 3], ignoreIndex: 7 }));
    const bad = x.slice();
    bad[9] = Number.NaN;
    expect(() => trainer.step(bad, y, { weights })).toThrow(NumericError);
    expect(() => trainer.step(bad, y, { weights })).toThrow(/first not finite: the input/);
  });
});

describe("a network that ends in a softmax or sigmoid", () => {
  const ends = (...end: Layer[]) => new Sequential(new Linear(4, 3), ...end);

  it.each([
    ["crossEntropy", "Softmax", crossEntropy(), ends(new Softmax())],
    ["crossEntropy", "Sigmoid", crossEntropy(), ends(new Sigmoid())],
    ["bceWithLogits", "Sigmoid", bceWithLogits(), ends(new Sigmoid())],
    ["bceWithLogits", "Softmax in a Sequential", bceWithLogits(), ends(new Sequential(new Softmax()))],
  ] as [string, string, Loss, Layer][])("is refused by %s: %s", async (type, _, loss, network) => {
    const error = await rejection(trainerOf(loss, network));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(
      new RegExp(
        `network expected logits, got a softmax or sigmoid at its end. ${type} has it itself: leave the last layer`,
      ),
    );
  });

  it("is right for a LogSoftmax before crossEntropy, and for losses of numbers", async () => {
    const trainer = await trainerOf(crossEntropy(), ends(new LogSoftmax()));
    const plain = await trainerOf(crossEntropy(), ends());
    expect(trainer.step(x, y).loss).toBeCloseTo(plain.step(x, y).loss, 6);
    expect((await trainerOf(mse(), ends(new Sigmoid()))).loss?.type).toBe("mse");
    const model = await build(ends(new Softmax()), [4]);
    expect(createTrainer(model, { optimizer }).loss).toBe(null);
  });

  it("is refused when it was imported, and taken without its end", async () => {
    const bytes = exportOnnx(await build(ends(new Softmax()), [4]));
    const imported = await loadOnnx(bytes);
    expect(() => createTrainer(imported, { loss: crossEntropy(), optimizer })).toThrow(
      /importOnnx by \{ logits: true \}/,
    );
    const cut = createTrainer(await loadOnnx(bytes, { logits: true }), { loss: crossEntropy(), optimizer });
    expect(cut.step(x, y).loss).toBeGreaterThan(0);
  });
});

describe("in a worker", async () => {
  const model = await openModel(net(), { inputShape: [4], seed: 3 });
  afterAll(() => model.dispose());
  const loss = crossEntropy({ classWeights: [1, 2, 3], ignoreIndex: 9 });

  it("all of it comes to the same bits", async () => {
    const here = await trainerOf(loss);
    const there = await createWorkerTrainer(model, { loss, optimizer });
    expect(await there.step(x, y, { weights })).toEqual(here.step(x, y, { weights }));
    for (const dataset of [data({ weights }), { ...data({ weights }) }]) {
      const fitting = { batchSize: 8 };
      expect((await there.fit(dataset, fitting)).losses).toEqual((await here.fit(dataset, fitting)).losses);
      expect(await there.evaluate(dataset)).toEqual(await here.evaluate(dataset));
    }
    const error = await rejection(there.step(x, y, { weight: weights } as never));
    expect(error.message).toMatch(/Did you mean "weights"/);
  });
});
