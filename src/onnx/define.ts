/** What is kept of a canonical net: its definition, and its weights apart. */
import { lookUp } from "../core/look-up.js";
import { numel } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { BATCH_NORM, nodePath, pathOf } from "../nn/imported/emit.js";
import type { Definition, Weight } from "../nn/imported/recording.js";
import type { Net } from "./net.js";

/** Elementwise ops whose constants are weights, and those whose constants are kept as they are, such as means of pixels. */
const TRAINED = new Set(["add", "mul", "prelu", "mean"]);
const FIXED = new Set([
  "sub",
  "div",
  "max",
  "min",
  "pow",
  "fmod",
  "equal",
  "less",
  "lessOrEqual",
  "greater",
  "greaterOrEqual",
]);

/** Which weights the steps read, and how the state dict has them; `bound` are inputs of the graph that became weights. */
export function define(net: Net, isChannelsLast: boolean, bound: ReadonlySet<string>): Definition {
  const weights: Record<string, Weight> = Object.create(null);
  const used = new Map<string, string>();
  const declare = (name: string | undefined, weight: Omit<Weight, "name">) => {
    if (name && net.values.get(name)?.constant && !weights[name]) {
      // "onnx::Conv_193" is as good a name as any, a slash is not: it would stand in paths.
      const label = nodePath(name);
      const taken = used.has(label);
      used.set(label, name);
      weights[name] = { name: taken ? `${label}_${used.size}` : label, ...weight };
    }
  };
  const vector = (name: string | undefined, size: number, factor?: number) => {
    const shape = name ? net.values.get(name)?.shape : undefined;
    if (shape && numel(shape) === size)
      declare(name, {
        shape: [numel(shape)],
        role: "vector",
        ...(factor === undefined || factor === 1 ? {} : { factor }),
      });
  };
  for (const step of net.steps) {
    const [, w, bias] = step.inputs;
    const shape = w ? (net.values.get(w)?.shape ?? []) : [];
    if (step.op === "conv" && shape.length < 5) {
      declare(w, { shape, role: "conv" });
      vector(bias, shape[0]);
    } else if (step.op === "linear" || step.op === "gemm") {
      const isTransposed = step.op === "linear" || !step.attributes["transB"];
      const { alpha = 1, beta = 1 } = step.attributes as { alpha?: number; beta?: number };
      const factor = alpha === 1 ? {} : { factor: alpha };
      declare(w, {
        shape: isTransposed ? [...shape].reverse() : shape,
        role: "linear",
        ...(isTransposed ? { isTransposed } : {}),
        ...factor,
      });
      vector(bias, shape[isTransposed ? 1 : 0], beta);
    } else if (step.op === "convTranspose" && shape.length < 5) {
      declare(w, { shape, role: "conv" });
      vector(bias, shape[1] * (step.attributes["group"] as number));
    } else if (TRAINED.has(step.op) || FIXED.has(step.op)) {
      for (const name of step.inputs) {
        const shape = net.values.get(name)?.shape ?? [];
        const isTrained = TRAINED.has(step.op) || bound.has(name);
        if (shape.every((size) => size > 0)) declare(name, { shape, role: isTrained ? "map" : "kept" });
      }
    } else if (["layerNorm", "groupNorm", "instanceNorm"].includes(step.op)) {
      const x = lookUp(net.values, step.inputs[0]).shape;
      for (const name of step.inputs.slice(1)) vector(name, step.op === "layerNorm" ? x[x.length - 1] : x[1]);
    }
  }
  const kept = new Set([...net.inputs, ...net.steps.flatMap(({ outputs }) => outputs)]);
  const shapes = Object.fromEntries(
    [...net.values].flatMap(([name, { shape }]) => (kept.has(name) ? [[name, shape]] : [])),
  );
  return {
    input: net.inputs[0],
    outputs: net.outputs.map((value, i) => ({ name: net.outputNames[i], value })),
    isChannelsLast,
    steps: net.steps,
    shapes,
    weights,
  };
}

/** The weights as a state dict has them. */
export function stateOf(net: Net, definition: Definition): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  const weights = new Map([...net.values].flatMap(([name, { constant }]) => (constant ? [[name, constant.data]] : [])));
  const data = (name: string) => lookUp(weights, name);
  for (const [key, { name, shape, isTransposed, factor = 1 }] of Object.entries(definition.weights)) {
    const from = data(key);
    const to = Float32Array.from(from);
    const [out, into] = shape as [number, number];
    if (isTransposed) for (let i = 0; i < out; i++) for (let j = 0; j < into; j++) to[i * into + j] = from[j * out + i];
    if (factor !== 1) for (let i = 0; i < to.length; i++) to[i] *= factor;
    state.set(name, { data: to, shape });
  }
  for (const step of net.steps)
    if (step.op === "batchNorm")
      for (const [i, suffix] of BATCH_NORM.entries()) {
        const values = data(step.inputs[i + 1]);
        state.set(pathOf(step) + suffix, { data: Float32Array.from(values), shape: [values.length] });
      }
  return state;
}
