// Every golden case of PyTorch through the public API: createModel, forward, backward, gradients, trainer.
import { describe, expect, it } from "vitest";
import {
  BatchNorm1d,
  bceWithLogits,
  createTrainer,
  crossEntropy,
  ELU,
  GELU,
  GroupNorm,
  Hardsigmoid,
  Hardswish,
  huber,
  InstanceNorm2d,
  type Layer,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  type Loss,
  Mish,
  mse,
  ReLU,
  ReLU6,
  SGD,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from "../../../src/hosts/node/index.js";
import { build, setupName, setups, setWeights } from "../../support/setups.js";
import type { GoldenCase } from "../load.js";
import { check, checkFixedNorm, checkTrainedNorm, expectGolden, named } from "./check.js";

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
  relu6: () => new ReLU6(),
  hardsigmoid: () => new Hardsigmoid(),
  mish: () => new Mish(),
  softplus: (beta) => new Softplus({ beta }),
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
    case "groupNorm":
      return new GroupNorm(attributes.groups, inputs.x.shape[1], { eps: attributes.eps, affine: attributes.affine });
    case "instanceNorm2d":
      return new InstanceNorm2d(inputs.x.shape[1], { eps: attributes.eps, affine: attributes.affine });
    default:
      throw new Error(`no layer for ${op}`);
  }
}

const batchNorm = ({ attributes: { eps, momentum, affine }, inputs }: GoldenCase, frozen: boolean) =>
  new BatchNorm1d(inputs.x.shape[1], { eps, momentum, affine, frozen });

function lossOf({ op, attributes, inputs }: GoldenCase): Loss {
  const { smoothing: labelSmoothing, ignoreIndex, delta } = attributes;
  const numbers = (name: "classWeights" | "posWeight") => {
    const data = inputs[name]?.data;
    return data && { [name]: name === "posWeight" && data.length === 1 ? data[0] : data };
  };
  const makers: Record<string, () => Loss> = {
    crossEntropy: () =>
      crossEntropy({
        labelSmoothing,
        ...numbers("classWeights"),
        ...(ignoreIndex !== undefined && { ignoreIndex }),
      }),
    mse,
    bceWithLogits: () => bceWithLogits(numbers("posWeight") as object),
    huber: () => huber({ delta }),
  };
  return makers[op]();
}

describe.each(setups)("%o", (setup) => {
  const cases = named("linear", "activations", "activations-further", "norms", "norms-group").filter(
    ([, { op }]) => op !== "batchNorm1d",
  );
  it.each(cases)("%s", async (_, golden) => {
    (await check(golden, layerOf(golden), setup)).dispose();
  });

  const norms = named("norms").filter(([, { op }]) => op === "batchNorm1d");
  const inMode = (mode: string) => norms.filter(([, { attributes }]) => attributes.mode === mode);
  it.each(inMode("training"))("%s", (_, golden) => checkTrainedNorm(golden, batchNorm(golden, false), setup));
  it.each(inMode("eval"))("%s, and frozen in training", (_, golden) =>
    checkFixedNorm(golden, (frozen) => batchNorm(golden, frozen), setup),
  );

  // Rows of the identity matrix go in, so that the weights are the logits (transposed) and their gradient is dx.
  it.each(named("losses", "losses-weighted"))("%s", async (_, golden) => {
    const { x, target, weights } = golden.inputs;
    const cols = x.shape.at(-1)!;
    const rows = x.data.length / cols;
    const model = await build(new Linear(rows, cols, { bias: false }), [...x.shape.slice(1, -1), rows], setup);
    const transposed = Float32Array.from(x.data, (_, i) => x.data[(i % rows) * cols + Math.floor(i / rows)]);
    setWeights(model, { weight: { data: transposed, shape: [cols, rows] } });
    const trainer = createTrainer(model, { loss: lossOf(golden), optimizer: new SGD({ lr: 0 }) });
    const identity = Float32Array.from({ length: rows * rows }, (_, i) => Number(i % (rows + 1) === 0));
    const ignored = golden.attributes.ignoreIndex as number | undefined;
    const labels = target.data.map((label, i) => (ignored !== undefined && i % 3 === 1 ? ignored : label));
    const { loss } = trainer.step(
      identity,
      { data: labels, shape: target.shape },
      { ...(weights && { weights: weights.data }) },
    );
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
