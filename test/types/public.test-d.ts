// What the compiler tells users of the main entry: results as they come, and mistakes as errors.
import { describe, expectTypeOf, it } from "vitest";
import { glyphs, normalise, split, subset } from "../../src/faces/data.js";
import {
  Adam,
  AdamW,
  BasicBlock,
  type Builder,
  type ClassDataset,
  type ClassEvaluation,
  Conv2d,
  cacheFeatures,
  cifarResNet,
  conv2d,
  cosineAnnealing,
  createModel,
  createTrainer,
  crossEntropy,
  type Dataset,
  densenet,
  type Evaluation,
  efficientnet,
  type History,
  Layer,
  LayerNorm,
  Linear,
  type LoadReport,
  layerFromJSON,
  loadModel,
  type Model,
  mse,
  ReLU,
  Residual,
  regnet,
  residualMLP,
  resnet50,
  type Schedule,
  Sequential,
  SGD,
  type StateDict,
  type Tensor,
  type Trainer,
  type ValueDataset,
  type ValueId,
} from "../../src/hosts/node/index.js";
import type { WorkerTrainer } from "../../src/worker/trainer.js";

declare const network: Layer;
declare const model: Model;
declare const trainer: Trainer;
declare const dataset: ClassDataset;
declare const values: ValueDataset;
declare const inWorker: WorkerTrainer;

describe("models", () => {
  it("come from a network and an input shape", () => {
    expectTypeOf(createModel(network, { inputShape: [32, 32, 3] })).resolves.toEqualTypeOf<Model>();
    expectTypeOf(loadModel(new Uint8Array())).resolves.toEqualTypeOf<Model>();
    createModel(network, { inputShape: [4], threads: "auto", relaxedSimd: false, prefer: "memory", seed: 1 });
    // @ts-expect-error: no input shape
    createModel(network, {});
    // @ts-expect-error: an option that there is not
    createModel(network, { inputShape: [4], Seed: 1 });
    // @ts-expect-error: a mode that there is not
    createModel(network, { inputShape: [4], prefer: "quality" });
    // @ts-expect-error: no network
    createModel({ inputShape: [4] }, { inputShape: [4] });
    // @ts-expect-error: the file has the input shape
    loadModel(new Uint8Array(), { inputShape: [4] });
  });

  it("predict float32 from numbers in any form", () => {
    expectTypeOf(model.predict([[1, 2]])).toEqualTypeOf<Tensor>();
    expectTypeOf<Tensor["data"]>().toExtend<Float32Array>();
    model.predict(new Uint8Array(4));
    model.predict({ data: new Float64Array(4), shape: [1, 4] });
    // @ts-expect-error: words
    model.predict("1 2 3 4");
    // @ts-expect-error: an option that there is not
    model.predict([1], { batch: 1 });
  });

  it("give and take states", () => {
    expectTypeOf(model.stateDict()).toEqualTypeOf<StateDict>();
    expectTypeOf(model.loadStateDict({ weight: { data: [1], shape: [1] } })).toEqualTypeOf<LoadReport>();
    // @ts-expect-error: a tensor without a shape
    model.loadStateDict({ weight: { data: [1] } });
  });
});

describe("layers", () => {
  it("are told their sizes and options", () => {
    expectTypeOf(new Sequential(new Linear(4, 8), new ReLU())).toExtend<Layer>();
    expectTypeOf(new Residual(network, { shortcut: "projection", activation: new ReLU() })).toExtend<Layer>();
    expectTypeOf(layerFromJSON({ type: "ReLU", args: [] })).toEqualTypeOf<Layer>();
    new Conv2d(3, 8, { kernelSize: [3, 5], stride: 2, padding: 1 });
    // @ts-expect-error: PyTorch's spelling
    new Conv2d(3, 8, { kernel_size: 3 });
    // @ts-expect-error: no output size
    new Linear(4);
    // @ts-expect-error: an initialisation that there is not
    new Linear(4, 8, { init: "glorot" });
    // @ts-expect-error: a shortcut that there is not
    new BasicBlock(4, 8, { shortcut: "skip" });
    // @ts-expect-error: a switch is a boolean
    new LayerNorm(4, { affine: "yes" });
  });

  it("of ready-made networks are layers", () => {
    expectTypeOf(resnet50({ classes: 10, stem: "deep" })).toExtend<Layer>();
    expectTypeOf(cifarResNet(20)).toExtend<Layer>();
    expectTypeOf(efficientnet("b0", { names: "timm" })).toExtend<Layer>();
    expectTypeOf(regnet({ depths: [1], widths: [8], groupWidths: [8] })).toExtend<Layer>();
    // @ts-expect-error: a variant that there is not
    efficientnet("b9");
    // @ts-expect-error: no sizes
    densenet({ growth: 8 });
    // @ts-expect-error: no sizes
    residualMLP({});
    // @ts-expect-error: an option that there is not
    resnet50({ numClasses: 10 });
  });
});

describe("trainers", () => {
  const optimizer = new SGD({ lr: 0.1 });

  it("take a loss, an optimizer and a schedule", () => {
    expectTypeOf(createTrainer(model, { loss: crossEntropy(), optimizer })).toEqualTypeOf<Trainer>();
    createTrainer(model, { loss: mse(), optimizer: new AdamW(), schedule: cosineAnnealing({ tMax: 10 }) });
    expectTypeOf(cosineAnnealing({ tMax: 10 })).toExtend<Schedule>();
    // @ts-expect-error: no optimizer
    createTrainer(model, { loss: mse() });
    // @ts-expect-error: a name in place of an optimizer
    createTrainer(model, { loss: mse(), optimizer: "sgd" });
    // @ts-expect-error: no learning rate
    new SGD({});
    // @ts-expect-error: one beta
    new Adam({ betas: [0.9] });
    // @ts-expect-error: no end
    cosineAnnealing({});
  });

  it("step, fit and evaluate", () => {
    expectTypeOf(trainer.step([[1, 2]], [0]).loss).toEqualTypeOf<number>();
    expectTypeOf(trainer.fit(dataset)).resolves.toEqualTypeOf<History>();
    expectTypeOf(trainer.evaluate(dataset)).resolves.toEqualTypeOf<ClassEvaluation>();
    expectTypeOf(trainer.evaluate(values)).resolves.toEqualTypeOf<Evaluation>();
    trainer.fit(dataset, {
      epochs: 2,
      callbacks: [
        {
          onStep: ({ loss, lr }) => void expectTypeOf([loss, lr]).toEqualTypeOf<number[]>(),
          onEpoch: async ({ validation }) => void expectTypeOf(validation).toEqualTypeOf<Evaluation | undefined>(),
        },
      ],
    });
    // @ts-expect-error: an array in place of a dataset
    trainer.fit([[1, 2]]);
    // @ts-expect-error: an option that there is not
    trainer.fit(dataset, { batch_size: 4 });
  });
});

describe("datasets", () => {
  it("narrow by their targets, and so does what is made of them and said of them", async () => {
    const given = dataset as Dataset;
    if (given.targets === "class") {
      expectTypeOf(given.classes).toEqualTypeOf<number>();
      expectTypeOf((await trainer.evaluate(given)).accuracy).toEqualTypeOf<number>();
      expectTypeOf(await cacheFeatures(model, given, { layer: "flatten" })).toEqualTypeOf<ClassDataset>();
      expectTypeOf(given.targetShape).toEqualTypeOf<readonly number[] | undefined>();
    } else {
      expectTypeOf(given).toEqualTypeOf<ValueDataset>();
      expectTypeOf((await trainer.evaluate(given)).accuracy).toEqualTypeOf<number | undefined>();
      expectTypeOf(await cacheFeatures(model, given, { layer: "flatten" })).toEqualTypeOf<ValueDataset>();
      // @ts-expect-error: classes are what the other kind has
      given.classes;
    }
    const [part, rest] = split(dataset, 0.5);
    expectTypeOf([part, rest, subset(dataset, [0]), glyphs({ count: 1 })]).toEqualTypeOf<ClassDataset[]>();
    expectTypeOf(normalise(values, { mean: [0], std: [1] })).toEqualTypeOf<ValueDataset>();
    expectTypeOf((await trainer.evaluate(part)).accuracy).toEqualTypeOf<number>();
  });

  it("say the same to trainers in workers", () => {
    expectTypeOf(inWorker.evaluate(dataset)).resolves.toEqualTypeOf<ClassEvaluation>();
    expectTypeOf(inWorker.evaluate(values)).resolves.toEqualTypeOf<Evaluation>();
  });
});

describe("own layers", () => {
  class Own extends Layer {
    readonly type = "Own";

    protected args(): unknown[] {
      return [];
    }

    protected record(b: Builder, x: ValueId): ValueId {
      expectTypeOf(b.shape(x)).toEqualTypeOf<readonly number[]>();
      const weight = b.parameter("weight", [3, 3], { init: "he" });
      const filter = b.parameter("filter", [4, 3, 3, 3], {
        init: { kind: "normal", std: 0.1 },
        layout: "channelsLast",
      });
      // @ts-expect-error: nothing to start from
      b.parameter("bias", [3], {});
      // @ts-expect-error: a distribution that there is not
      b.parameter("bias", [3], { init: { kind: "cauchy", std: 1 } });
      // @ts-expect-error: a layout that there is not
      b.parameter("bias", [3], { init: 0, layout: "OIHW" });
      // @ts-expect-error: an activation that there is not
      b.activation(x, "swish");
      // @ts-expect-error: an option that there is not
      conv2d(b, x, filter, { pad: 1 });
      expectTypeOf(b.child("inner", new Linear(3, 3), x)).toEqualTypeOf<ValueId>();
      return b.add(x, b.relu(b.linear(conv2d(b, x, filter, { padding: [1, 1], stride: 2 }), weight)));
    }
  }

  it("are layers", () => {
    expectTypeOf(new Own()).toExtend<Layer>();
    createModel(new Sequential(new Own()), { inputShape: [4] });
  });

  it("know after an expectation what they expected", () => {
    const assured = (b: Builder, place: number | undefined): number => {
      b.expect(place !== undefined, "place", "a number", "none", { hint: "Give one", error: RangeError });
      return place;
    };
    expectTypeOf(assured).returns.toEqualTypeOf<number>();
  });

  it("need a type, arguments and a record", () => {
    // @ts-expect-error: what it computes is missing
    class Empty extends Layer {
      readonly type = "Empty";
    }
    expectTypeOf<Empty>().toExtend<object>();
  });
});
