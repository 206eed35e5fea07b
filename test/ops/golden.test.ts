// Every golden case of PyTorch through the public API: createModel, forward, backward, gradients, trainer.
import { describe, expect, it } from "vitest";
import {
  BatchNorm1d,
  bceWithLogits,
  createTrainer,
  crossEntropy,
  ELU,
  GELU,
  Hardswish,
  huber,
  type Layer,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  type Loss,
  type Model,
  mse,
  ReLU,
  SGD,
  Sigmoid,
  SiLU,
  Softmax,
  Tanh,
} from "../../src/index.node.js";
import { type GoldenCase, type GoldenTensor, loadCases, maxDifference, tolerance } from "../golden/load.js";
import { build, type Setup, setupName, setups, setWeights } from "../model/setups.js";

const floats = (golden: GoldenCase, key: string) => golden.inputs[key].data as Float32Array<ArrayBuffer>;

function expectGolden(name: string, actual: ArrayLike<number>, expected: GoldenTensor): void {
  expect(maxDifference(actual, expected.data), name).toBeLessThanOrEqual(tolerance(expected));
}

/** A tensor of one dimension is one sample. */
const asBatch = (shape: number[]): number[] => (shape.length === 1 ? [1, ...shape] : shape);

/** Forward and backward of one layer whose parameters are called as the golden inputs. */
async function check(golden: GoldenCase, layer: Layer, setup: Setup, training = false): Promise<Model> {
  const { inputs, outputs } = golden;
  const [, ...inputShape] = asBatch(inputs.x.shape);
  const model = await build(layer, inputShape, setup);
  const names: Record<string, string> = {
    weight: "weight",
    bias: "bias",
    runningMean: "running_mean",
    runningVar: "running_var",
  };
  setWeights(
    model,
    Object.fromEntries(
      Object.entries(names)
        .filter(([key]) => key in inputs)
        .map(([key, name]) => [name, inputs[key]]),
    ),
  );
  const y = model.forward(floats(golden, "x"), { training });
  expect(y.shape).toEqual(asBatch(outputs.y.shape));
  expectGolden("y", y.data, outputs.y);
  if (!training) expectGolden("predict", model.predict(floats(golden, "x"), { batchSize: y.shape[0] }).data, outputs.y);
  model.forward(floats(golden, "x"), { training });
  const dx = model.backward(floats(golden, "dy"));
  expect(dx.shape).toEqual(asBatch(inputs.x.shape));
  expectGolden("dx", dx.data, outputs.dx);
  for (const [key, gradient] of model.gradients()) {
    expect(gradient.shape, key).toEqual(outputs[`d${key}`].shape);
    expectGolden(`d${key}`, gradient.data, outputs[`d${key}`]);
  }
  return model;
}

const activationLayers: Record<string, (param: number) => Layer> = {
  relu: () => new ReLU(),
  leakyRelu: (negativeSlope) => new LeakyReLU({ negativeSlope }),
  gelu: () => new GELU(),
  geluTanh: () => new GELU({ approximate: "tanh" }),
  silu: () => new SiLU(),
  sigmoid: () => new Sigmoid(),
  tanh: () => new Tanh(),
  elu: (alpha) => new ELU({ alpha }),
  hardswish: () => new Hardswish(),
};

function layerOf({ op, attributes, inputs }: GoldenCase): Layer {
  switch (op) {
    case "linear":
      return new Linear(inputs.weight.shape[1], inputs.weight.shape[0], { bias: attributes.bias });
    case "activation":
      return activationLayers[attributes.kind](attributes.param);
    case "softmax":
      return attributes.log ? new LogSoftmax() : new Softmax();
    case "layerNorm":
      return new LayerNorm(inputs.x.shape.at(-1)!, { eps: attributes.eps, affine: attributes.affine });
    default:
      throw new Error(`no layer for ${op}`);
  }
}

const batchNorm = ({ attributes: { eps, momentum, affine }, inputs }: GoldenCase, frozen: boolean) =>
  new BatchNorm1d(inputs.x.shape[1], { eps, momentum, affine, frozen });

function expectBuffers(model: Model, { outputs }: GoldenCase, batches: number): void {
  const state = model.stateDict();
  expectGolden("running_mean", state.get("running_mean")!.data, outputs.newRunningMean);
  expectGolden("running_var", state.get("running_var")!.data, outputs.newRunningVar);
  expect([...state.get("num_batches_tracked")!.data]).toEqual([batches]);
}

const lossOf = ({ op, attributes }: GoldenCase): Loss =>
  ({
    crossEntropy: () => crossEntropy({ labelSmoothing: attributes.smoothing }),
    mse,
    bceWithLogits,
    huber: () => huber({ delta: attributes.delta }),
  })[op]!();

describe.each(setups)("%o", (setup) => {
  const cases = ["linear", "activations", "norms"].flatMap(loadCases).filter(({ op }) => op !== "batchNorm1d");
  it.each(cases.map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
    (await check(golden, layerOf(golden), setup)).dispose();
  });

  const norms = loadCases("norms").filter(({ op }) => op === "batchNorm1d");
  const trained = norms.filter(({ attributes }) => attributes.mode === "training");
  it.each(trained.map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
    // `check` runs two training forwards; running statistics must move from the first alone to be PyTorch's.
    const model = await check(golden, batchNorm(golden, false), setup, true);
    const { runningMean, runningVar } = golden.inputs;
    setWeights(model, {
      running_mean: runningMean,
      running_var: runningVar,
      num_batches_tracked: { data: [0], shape: [] },
    });
    model.forward(floats(golden, "x"), { training: true });
    expectBuffers(model, golden, 1);
    model.dispose();
  });

  const evaluated = norms.filter(({ attributes }) => attributes.mode === "eval");
  it.each(evaluated.map((golden) => [golden.name, golden] as const))(
    "%s, and frozen in training",
    async (_, golden) => {
      for (const [layer, training] of [
        [batchNorm(golden, false), false],
        [batchNorm(golden, true), true],
      ] as const) {
        const model = await check(golden, layer, setup, training);
        expectBuffers(model, golden, 0);
        model.dispose();
      }
    },
  );

  // Rows of the identity matrix go in, so that the weights are the logits (transposed) and their gradient is dx.
  it.each(loadCases("losses").map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
    const { x, target } = golden.inputs;
    const [rows, cols] = x.shape;
    const model = await build(new Linear(rows, cols, { bias: false }), [rows], setup);
    const transposed = Float32Array.from(x.data, (_, i) => x.data[(i % rows) * cols + Math.floor(i / rows)]);
    setWeights(model, { weight: { data: transposed, shape: [cols, rows] } });
    const trainer = createTrainer(model, { loss: lossOf(golden), optimizer: new SGD({ lr: 0 }) });
    const identity = Float32Array.from({ length: rows * rows }, (_, i) => Number(i % (rows + 1) === 0));
    const { loss } = trainer.step(identity, target);
    expectGolden("loss", [loss], golden.outputs.y);
    const gradient = model.gradients().get("weight")!.data;
    const dx = gradient.map((_, i) => gradient[(i % cols) * rows + Math.floor(i / cols)]);
    expectGolden("dx", dx, golden.outputs.dx);
    model.dispose();
  });
});

it("covers what this runtime can run", () => {
  expect(setups.map(setupName).slice(0, 2)).toEqual(["simd, 1 thread", "simd, 2 threads"]);
});
