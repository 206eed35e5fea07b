/** What is kept of a canonical net: its definition, and its weights apart. */
import { lookUp } from "../core/look-up.js";
import { numel } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { BATCH_NORM, nodePath, pathOf } from "../nn/imported/emit.js";
import type { Definition, Weight } from "../nn/imported/recording.js";
import type { Step } from "../nn/imported/step.js";
import type { Net } from "./net.js";

/** A weight as one kind of op reads it. */
export type Read = Omit<Weight, "name" | "from">;

/** What a step reads of its constant inputs, by their places. */
export type Reads = (step: Step, net: Net) => [place: number, read: Read][];

export const shapeAt = ({ inputs }: Step, { values }: Net, place: number): number[] =>
  values.get(inputs[place] ?? "")?.shape ?? [];

/** An input with a number for each of `size`. */
export function vectorAt(
  step: Step,
  net: Net,
  place: number,
  size: number,
  more: Partial<Read> = {},
): ReturnType<Reads> {
  const isRead = step.inputs[place] && numel(shapeAt(step, net, place)) * (more.repeat ?? 1) === size;
  return isRead ? [[place, { shape: [size], role: "vector", ...more }]] : [];
}

/** Of products: filters or a matrix, and a bias. */
export const productReads: Reads = (step, net) => {
  const { op, attributes } = step;
  const shape = shapeAt(step, net, 1);
  if (op === "conv" && shape.length < 5) return [[1, { shape, role: "conv" }], ...vectorAt(step, net, 2, shape[0])];
  if (op !== "linear" && op !== "gemm") return [];
  const isTransposed = op === "linear" || !attributes["transB"];
  const times = (factor = 1): Partial<Read> => (factor === 1 ? {} : { factor });
  const { alpha, beta } = attributes as { alpha?: number; beta?: number };
  const read: Read = { shape: isTransposed ? [...shape].reverse() : shape, role: "linear", ...times(alpha) };
  const matrix: Read = isTransposed ? { ...read, isTransposed } : read;
  return [[1, matrix], ...vectorAt(step, net, 2, read.shape[0], times(beta))];
};

/** What is kept of a net; nodes that read a constant in the same way share a weight. `areLast`: whether outputs hold channels last. */
export function define(net: Net, readsOf: Reads, areLast: readonly boolean[] = []): Definition {
  const weights: Record<string, Weight> = Object.create(null);
  const labels = new Set<string>();
  const keys = new Map<string, string>();
  const free = (name: string, isTaken: (name: string) => boolean): string => {
    let made = name;
    for (let i = 2; isTaken(made); i++) made = `${name}_${i}`;
    return made;
  };
  /** The key of the weight that reads a constant so: its name, or another where other nodes read it otherwise. */
  const keyOf = (name: string, read: Read): string => {
    const way = JSON.stringify([name, read]);
    const known = keys.get(way);
    if (known !== undefined) return known;
    const key = free(name, (each) => Object.hasOwn(weights, each) || (each !== name && net.values.has(each)));
    // "onnx::Conv_193" is as good a name as any, a slash is not: it would stand in paths.
    const label = free(nodePath(key), (each) => labels.has(each));
    labels.add(label);
    weights[key] = { name: label, ...read, ...(key !== name && { from: name }) };
    keys.set(way, key);
    return key;
  };
  const norms = new Set<string>();
  const steps = net.steps.map((step) => {
    const inputs = [...step.inputs];
    for (const [place, read] of readsOf(step, net))
      if (net.values.get(inputs[place])?.constant) inputs[place] = keyOf(inputs[place], read);
    if (step.op !== "batchNorm") return { ...step, inputs };
    const path = pathOf(step);
    const attributes = norms.has(path) ? { ...step.attributes, isAgain: true } : step.attributes;
    norms.add(path);
    return { ...step, inputs, attributes };
  });
  const kept = new Set([...net.inputs, ...net.steps.flatMap(({ outputs }) => outputs)]);
  const shapes = Object.fromEntries(
    [...net.values].flatMap(([name, { shape }]) => (kept.has(name) ? [[name, shape]] : [])),
  );
  const { isWhole } = net;
  const outputs = net.outputs.map((name): string => {
    const { constant, shape } = lookUp(net.values, name);
    if (!constant) return name;
    const key = keyOf(name, { shape, role: "kept" });
    shapes[key] = shape;
    return key;
  });
  return {
    input: net.inputs[0],
    outputs: outputs.map((value, i) => ({
      name: net.outputNames[i],
      value,
      ...(areLast[i] && { isChannelsLast: true }),
    })),
    isChannelsLast: net.isChannelsLast,
    ...(isWhole && { isWhole }),
    steps,
    shapes,
    weights,
  };
}

/** The weights as a state dict has them. */
export function stateOf(net: Net, definition: Definition): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  const weights = new Map([...net.values].flatMap(([name, { constant }]) => (constant ? [[name, constant.data]] : [])));
  const data = (name: string) => lookUp(weights, name);
  for (const [key, { name, shape, isTransposed, factor = 1, repeat = 1, from: source = key }] of Object.entries(
    definition.weights,
  )) {
    const from = data(source);
    const to = Float32Array.from({ length: from.length * repeat }, (_, i) => from[Math.floor(i / repeat)]);
    const [out, into] = shape as [number, number];
    if (isTransposed) for (let i = 0; i < out; i++) for (let j = 0; j < into; j++) to[i * into + j] = from[j * out + i];
    if (factor !== 1) for (let i = 0; i < to.length; i++) to[i] *= factor;
    state.set(name, { data: to, shape });
  }
  for (const step of definition.steps)
    if (step.op === "batchNorm")
      for (const [i, suffix] of BATCH_NORM.entries()) {
        const values = data(step.inputs[i + 1]);
        state.set(pathOf(step) + suffix, { data: Float32Array.from(values), shape: [values.length] });
      }
  return state;
}
