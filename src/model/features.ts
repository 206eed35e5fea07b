/** Looking inside: outputs of single layers, and what in an image spoke for a class. */
import { expectInteger, expectOptions } from "../core/check.js";
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { formatShape, numel } from "../core/shape.js";
import { type Tensor, type TensorLike, toBatch } from "../core/tensor.js";
import type { Plan } from "../plan/plan.js";
import type { Engine } from "./engine.js";
import type { Model } from "./model.js";

/**
 * The outputs of the layers at these paths (as `summary()` shows them: "layer1.0", "avgpool") for one batch, in
 * evaluation mode. Throws `ArgumentError` for a path that does not exist.
 */
export function activations(model: Model, x: TensorLike, layers: readonly string[]): Map<string, Tensor> {
  const { engine } = model;
  const { data, batchSize } = toBatch("activations", "input", x, model.inputShape);
  const plan = watchingPlan("activations", engine, batchSize, layers, "none");
  engine.executor.view(plan, plan.input).set(data);
  engine.run(plan, "forward", "forward", false);
  return new Map([...plan.watched].map(([path, { output }]) => [path, copy(engine, plan, output)]));
}

function watchingPlan(
  where: string,
  engine: Engine,
  batchSize: number,
  watch: readonly string[],
  backward: "none" | "output",
): Plan {
  const plan = engine.plan({ batchSize, training: false, backward, watch });
  const missing = watch.find((path) => !plan.watched.has(path));
  if (missing !== undefined) {
    const paths = plan.graph.layers.map(({ path }) => path).filter((path) => path !== "");
    throw new ArgumentError(
      expectation(where, "layer", `one of ${paths.slice(0, 40).join(", ")}`, JSON.stringify(missing)),
    );
  }
  return plan;
}

function copy({ executor }: Engine, plan: Plan, id: number): Tensor {
  return { data: new Float32Array(executor.view(plan, id)), shape: [...plan.graph.shape(id)] };
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
 */
export function gradCam(model: Model, x: TensorLike, options: GradCamOptions): Tensor {
  const { layer, target } = expectOptions("gradCam", options, ["layer", "target"]);
  const { engine } = model;
  const { data, batchSize } = toBatch("gradCam", "input", x, model.inputShape);
  const classes = numel(model.outputShape);
  if (target !== undefined) expectInteger("gradCam", "target", target, 0, classes - 1);
  const plan = watchingPlan("gradCam", engine, batchSize, [layer], "output");
  const { output, gradient } = plan.watched.get(layer)!;
  const [, h, w, channels] = plan.graph.shape(output);
  if (plan.graph.shape(output).length !== 4)
    throw new ShapeError(
      expectation("gradCam", "layer", "an output of [n, h, w, channels]", formatShape(plan.graph.shape(output))),
    );
  if (gradient === undefined)
    throw new ArgumentError(expectation("gradCam", "layer", "one that the output depends on", layer));

  const { executor } = engine;
  executor.view(plan, plan.input).set(data);
  engine.run(plan, "forward", "forward", false);
  const scores = executor.view(plan, plan.output).slice();
  const dy = executor.view(plan, plan.outputGradient!).fill(0);
  for (let i = 0; i < batchSize; i++) dy[i * classes + (target ?? largest(scores, i * classes, classes))] = 1;
  engine.run(plan, "backward", "backward", false);

  const a = executor.view(plan, output);
  const da = executor.view(plan, gradient);
  const maps = new Float32Array(batchSize * h * w);
  for (let i = 0; i < batchSize; i++) camOf(a, da, i, h * w, channels, maps);
  return { data: maps, shape: [batchSize, h, w] };
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

function largest(values: Float32Array, from: number, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}
