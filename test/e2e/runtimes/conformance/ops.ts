/** Single layers, forward and backward, against PyTorch's float64; the cases of `test/golden/data`. */

import activations from "../../../golden/data/activations.json" with { type: "json" };
import conv2d from "../../../golden/data/conv2d.json" with { type: "json" };
import conv2dWinograd from "../../../golden/data/conv2d-3x3.json" with { type: "json" };
import conv2dGrouped from "../../../golden/data/conv2d-grouped.json" with { type: "json" };
import linear from "../../../golden/data/linear.json" with { type: "json" };
import norms from "../../../golden/data/norms.json" with { type: "json" };
import norms2d from "../../../golden/data/norms-2d.json" with { type: "json" };
import pools from "../../../golden/data/pools.json" with { type: "json" };
import {
  decodeCase,
  type EncodedCase,
  type GoldenCase,
  type GoldenTensor,
  maxDifference,
  nchwToNhwc,
  tolerance,
} from "../../../golden/decode.js";
import { atMost, type Cases, type Context, equal, type Layer, type Library } from "./suite.js";

const CASES = [
  linear,
  activations,
  norms,
  conv2d,
  conv2dWinograd,
  conv2dGrouped,
  pools,
  norms2d,
].flat() as EncodedCase[];

/** The layer that a case describes. */
function layerOf(library: Library, { op, attributes, inputs }: GoldenCase): Layer {
  const channels = inputs.x.shape[1];
  const norm = { eps: attributes.eps, affine: attributes.affine };
  switch (op) {
    case "linear":
      return new library.Linear(inputs.weight.shape[1], inputs.weight.shape[0], { bias: attributes.bias });
    case "activation":
      return activationOf(library, attributes);
    case "softmax":
      return attributes.log ? new library.LogSoftmax() : new library.Softmax();
    case "layerNorm":
      return new library.LayerNorm(inputs.x.shape.at(-1)!, norm);
    case "batchNorm1d":
      return new library.BatchNorm1d(channels, { ...norm, momentum: attributes.momentum });
    case "batchNorm2d":
      return new library.BatchNorm2d(channels, { ...norm, momentum: attributes.momentum });
    case "conv2d": {
      const { kernelSize, stride, padding, dilation, groups, bias } = attributes;
      const options = { kernelSize, stride, padding, dilation, groups, bias };
      return new library.Conv2d(channels, inputs.weight.shape[0], options);
    }
    case "maxPool2d": {
      const { kernelSize, stride, padding, dilation, ceilMode } = attributes;
      return new library.MaxPool2d({ kernelSize, stride, padding, dilation, ceilMode });
    }
    case "avgPool2d": {
      const { kernelSize, stride, padding, ceilMode, countIncludePad } = attributes;
      return new library.AvgPool2d({ kernelSize, stride, padding, ceilMode, countIncludePad });
    }
    case "adaptiveAvgPool2d":
      return new library.AdaptiveAvgPool2d(attributes.size);
    default:
      throw new Error(`no layer for ${op}`);
  }
}

function activationOf(library: Library, { kind, param }: GoldenCase["attributes"]): Layer {
  const { ReLU, LeakyReLU, GELU, SiLU, Sigmoid, Tanh, ELU, Hardswish } = library;
  const layers: Record<string, () => Layer> = {
    relu: () => new ReLU(),
    leakyRelu: () => new LeakyReLU({ negativeSlope: param }),
    gelu: () => new GELU(),
    geluTanh: () => new GELU({ approximate: "tanh" }),
    silu: () => new SiLU(),
    sigmoid: () => new Sigmoid(),
    tanh: () => new Tanh(),
    elu: () => new ELU({ alpha: param }),
    hardswish: () => new Hardswish(),
  };
  return layers[kind]();
}

/** A tensor as the model has it: images NHWC, a tensor of one dimension as one sample. */
function inside<T extends { shape: number[]; data: Float32Array | Float64Array | Int32Array }>(tensor: T): T {
  const { shape, data } = tensor;
  if (shape.length === 1) return { ...tensor, shape: [1, ...shape] };
  if (shape.length !== 4 || data instanceof Int32Array) return tensor;
  const [n, c, h, w] = shape;
  return { ...tensor, shape: [n, h, w, c], data: nchwToNhwc(data, shape) };
}

/** Names in the state dict of what a case gives, and of the running statistics that it expects. */
const STATE: Record<string, string> = {
  weight: "weight",
  bias: "bias",
  runningMean: "running_mean",
  runningVar: "running_var",
};
const NEW_STATE: Record<string, string> = { newRunningMean: "running_mean", newRunningVar: "running_var" };

function close(what: string, actual: ArrayLike<number>, expected: GoldenTensor): void {
  atMost(maxDifference(actual, expected.data), tolerance(expected), what);
}

async function runCase({ library, create }: Context, golden: GoldenCase): Promise<void> {
  const { inputs, outputs, attributes } = golden;
  const training = attributes.mode === "training";
  const [x, dy] = [inside(inputs.x), inside(inputs.dy)];
  const model = await create(layerOf(library, golden), x.shape.slice(1));
  const state = Object.entries(STATE).flatMap(([key, name]) => (key in inputs ? [[name, inputs[key]] as const] : []));
  model.loadStateDict(new Map([...model.stateDict(), ...state]));

  const expected = inside(outputs.y);
  if (!training) close("predict", model.predict(x.data, { batchSize: x.shape[0] }).data, expected);
  const y = model.forward(x.data, { training });
  equal(y.shape, expected.shape, "shape of y");
  close("y", y.data, expected);
  close("dx", model.backward(dy.data).data, inside(outputs.dx));
  const after = model.stateDict();
  if (after.size > 0) for (const [name, { data }] of model.gradients()) close(`d${name}`, data, outputs[`d${name}`]);
  for (const [key, name] of Object.entries(NEW_STATE))
    if (key in outputs) close(name, after.get(name)!.data, outputs[key]);
  model.dispose();
}

export const ops: Cases = Object.fromEntries(
  CASES.map((encoded) => [encoded.name, (context) => runCase(context, decodeCase(encoded))]),
);
