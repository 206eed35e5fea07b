// One layer against a golden case of PyTorch, through the public API. Parameters are called as the golden inputs; images,
// NCHW in the golden files, are NHWC in the model.
import { expect } from "vitest";
import type { Layer, Model } from "../../../src/hosts/node/index.js";
import { build, type Setup, setWeights } from "../../support/setups.js";
import { type GoldenCase, type GoldenTensor, loadCases, maxDifference, nchwToNhwc, tolerance } from "../load.js";

/** How far a value may be from PyTorch's float64. */
export type Bar = (expected: GoldenTensor) => number;

export function expectGolden(
  name: string,
  actual: ArrayLike<number>,
  expected: GoldenTensor,
  bar: Bar = tolerance,
): void {
  expect(maxDifference(actual, expected.data), name).toBeLessThanOrEqual(bar(expected));
}

/** A tensor of one dimension is one sample. */
const asBatch = (shape: number[]): number[] => (shape.length === 1 ? [1, ...shape] : shape);

interface Values {
  shape: number[];
  data: Float32Array | Float64Array | Int32Array;
}

/** An activation as the model has it; signals are [n, c, length] in the golden files. */
function activation<T extends Values>(tensor: T, isSignal = false): T {
  const { shape, data } = tensor;
  const isImage = shape.length === 4 || isSignal;
  if (!isImage || data instanceof Int32Array) return { ...tensor, shape: asBatch(shape) };
  const [n, c, ...pixels] = shape;
  const [h, w] = isSignal ? [1, ...pixels] : pixels;
  return { ...tensor, shape: [n, ...pixels, c], data: nchwToNhwc(data, [n, c, h, w]) };
}

/** The data of a golden input, NHWC if it is an image. */
export const floats = (golden: GoldenCase, key: string, isSignal = false) =>
  activation(golden.inputs[key], isSignal).data as Float32Array<ArrayBuffer>;

/** Names in the state dict of what a golden case gives. */
const PARAMETERS: Record<string, string> = {
  weight: "weight",
  bias: "bias",
  gamma: "gamma",
  runningMean: "running_mean",
  runningVar: "running_var",
};

export interface CheckOptions {
  training?: boolean;
  bar?: Bar;
  /** Three dimensions are [n, c, length]. */
  isSignal?: boolean;
}

/** Forward, prediction and backward. */
export async function check(
  golden: GoldenCase,
  layer: Layer,
  setup: Setup,
  { training = false, bar, isSignal = false }: CheckOptions = {},
): Promise<Model> {
  const { inputs, outputs } = golden;
  const [, ...inputShape] = activation(inputs.x, isSignal).shape;
  const [x, dy] = [floats(golden, "x", isSignal), floats(golden, "dy", isSignal)];
  const [expectedY, expectedDx] = [activation(outputs.y, isSignal), activation(outputs.dx, isSignal)];
  const model = await build(layer, inputShape, setup);
  const given = Object.entries(PARAMETERS).filter(([key]) => key in inputs);
  setWeights(model, Object.fromEntries(given.map(([key, name]) => [name, inputs[key]])));
  const y = model.forward(x, { training });
  expect(y.shape).toEqual(expectedY.shape);
  expectGolden("y", y.data, expectedY, bar);
  if (!training) expectGolden("predict", model.predict(x, { batchSize: y.shape[0] }).data, expectedY, bar);
  model.forward(x, { training });
  const dx = model.backward(dy);
  expect(dx.shape).toEqual(expectedDx.shape);
  expectGolden("dx", dx.data, expectedDx, bar);
  if (model.stateDict().size === 0) return model;
  for (const [key, gradient] of model.gradients()) {
    expect(gradient.shape, key).toEqual(outputs[`d${key}`].shape);
    expectGolden(`d${key}`, gradient.data, outputs[`d${key}`], bar);
  }
  return model;
}

/** Running statistics after `batches` training forwards. */
export function expectBuffers(model: Model, { outputs }: GoldenCase, batches: number): void {
  const state = model.stateDict();
  expectGolden("running_mean", state.get("running_mean")!.data, outputs.newRunningMean);
  expectGolden("running_var", state.get("running_var")!.data, outputs.newRunningVar);
  expect([...state.get("num_batches_tracked")!.data]).toEqual([batches]);
}

/** A BatchNorm in training mode: output, gradients, and running statistics after one forward. */
export async function checkTrainedNorm(golden: GoldenCase, layer: Layer, setup: Setup): Promise<void> {
  // `check` runs two training forwards; running statistics must move from the first alone to be PyTorch's.
  const model = await check(golden, layer, setup, { training: true });
  const { runningMean, runningVar } = golden.inputs;
  setWeights(model, {
    running_mean: runningMean,
    running_var: runningVar,
    num_batches_tracked: { data: [0], shape: [] },
  });
  model.forward(floats(golden, "x"), { training: true });
  expectBuffers(model, golden, 1);
  model.dispose();
}

/** A BatchNorm with fixed statistics, in evaluation and, frozen, in training. */
export async function checkFixedNorm(
  golden: GoldenCase,
  layer: (frozen: boolean) => Layer,
  setup: Setup,
): Promise<void> {
  for (const frozen of [false, true]) {
    const model = await check(golden, layer(frozen), setup, { training: frozen });
    expectBuffers(model, golden, 0);
    model.dispose();
  }
}

/** Cases as `it.each` takes them, with their names. */
export const named = (...files: string[]) => files.flatMap(loadCases).map((golden) => [golden.name, golden] as const);
