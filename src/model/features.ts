/** Looking inside: outputs of single layers, and what in an image spoke for a class. */
import { ArgumentError, describe, expectation, NumericError, ShapeError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { argmax } from "../core/math.js";
import { integer, list, optional, readOptions, type Schema, text } from "../core/options.js";
import { formatShape, numel } from "../core/shape.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import type { Plan } from "../plan/plan.js";
import { expectModel } from "./expect-model.js";
import { fillInput, toInput } from "./input.js";
import type { Model } from "./model.js";

/**
 * The outputs of the layers at these paths (as `summary()` shows them: "layer1.0", "avgpool") for one batch, in
 * evaluation mode. Throws `ArgumentError` for a path that does not exist.
 *
 * @example
 * const { data, shape } = activations(model, x, ["layer1"]).get("layer1")!;
 */
export function activations(model: Model, x: TensorLike, layers: readonly string[]): Map<string, Tensor> {
  expectModel("activations", model);
  list(text)("activations", "layers", layers);
  const { engine } = model;
  const { data, batchSize } = toInput("activations", x, model);
  const step = engine.step({ batchSize, training: false, backward: "none", watch: layers });
  expectWatched("activations", step.plan, layers);
  fillInput(step.input, data);
  step.run();
  return new Map([...step.plan.watched].map(([path, { output }]) => [path, step.tensor(output)]));
}

/** Throws where the network has no layer at one of the paths. */
function expectWatched(where: string, { watched, graph }: Plan, paths: readonly string[]): void {
  const missing = paths.find((path) => !watched.has(path));
  if (missing === undefined) return;
  const known = graph.layers.map(({ path }) => path).filter((path) => path !== "");
  throw new ArgumentError(expectation(where, "layer", `one of ${known.slice(0, 40).join(", ")}`, describe(missing)));
}

export interface GradCamOptions {
  /** Path of a layer with an image as its output; usually the last stage: "layer4". */
  layer: string;
  /** Class to explain. Default: the one with the largest output, image by image. */
  target?: number;
}

/**
 * Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391): ReLU(sum over channels of a_c A_c), a_c the mean over pixels of the
 * gradient of the class's output with respect to channel c of the layer's output A. Returns [n, h, w], each image scaled
 * to a maximum of 1 (or all 0). Evaluation mode; weights and gradients of a training in progress are not touched but for
 * `gradients()`.
 *
 * @example
 * const { data, shape } = gradCam(model, x, { layer: "layer3", target: 1 }); // shape [1, h, w]
 */
export function gradCam(model: Model, x: TensorLike, options: GradCamOptions): Tensor {
  expectModel("gradCam", model);
  const { engine } = model;
  const schema = () =>
    ({
      layer: text,
      target: optional(integer({ max: numel(model.outputShape) - 1 })),
    }) satisfies Schema<GradCamOptions>;
  const { layer, target } = readOptions("gradCam", options, schema);
  const { data, batchSize } = toInput("gradCam", x, model);
  model.network.outputs?.()?.refuse("gradCam");
  const classes = numel(model.outputShape);
  const step = engine.step({ batchSize, training: false, backward: "output", watch: [layer] });
  expectWatched("gradCam", step.plan, [layer]);
  const { output, gradient } = lookUp(step.plan.watched, layer);
  const shape = step.plan.graph.shape(output);
  const [, h, w, channels] = shape;
  if (shape.length !== 4)
    throw new ShapeError(expectation("gradCam", "layer", "an output of [n, h, w, channels]", formatShape(shape)));
  if (gradient === undefined)
    throw new ArgumentError(expectation("gradCam", "layer", "one that the output depends on", layer));

  fillInput(step.input, data);
  step.run();
  const scores = step.output.slice();
  const dy = step.outputGradient.fill(0);
  for (let i = 0; i < batchSize; i++) dy[i * classes + (target ?? largest(scores, i, classes))] = 1;
  step.run("backward");

  const a = step.numbers(output);
  const da = step.numbers(gradient);
  const maps = new Float32Array(batchSize * h * w);
  for (let i = 0; i < batchSize; i++) camOf(a, da, i, h * w, channels, maps);
  return { data: maps, shape: [batchSize, h, w] };
}

/** The class with the largest output for image i. Throws `NumericError` where there is none. */
function largest(scores: Float32Array, i: number, classes: number): number {
  const own = scores.subarray(i * classes, (i + 1) * classes);
  if (own.some(Number.isNaN)) {
    const hint = "Give a target, or look for the layer that it comes from with activations";
    throw new NumericError(expectation("gradCam", `outputs of image ${i}`, "numbers", "NaN", { hint }));
  }
  return argmax(own, 0, classes);
}

/** Fills the map of image i. */
function camOf(
  a: Float32Array,
  da: Float32Array,
  i: number,
  pixels: number,
  channels: number,
  maps: Float32Array,
): void {
  const at = i * pixels * channels;
  const weights = new Float64Array(channels);
  for (let p = 0; p < pixels; p++) for (let c = 0; c < channels; c++) weights[c] += da[at + p * channels + c] / pixels;
  let top = 0;
  for (let p = 0; p < pixels; p++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += weights[c] * a[at + p * channels + c];
    maps[i * pixels + p] = Math.max(0, sum);
    top = Math.max(top, sum);
  }
  if (top > 0) for (let p = 0; p < pixels; p++) maps[i * pixels + p] /= top;
}
