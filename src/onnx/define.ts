/** What is kept of a canonical net: its definition, and its weights apart. */
import { lookUp } from "../core/look-up.js";
import { numel } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { BATCH_NORM, nodePath, pathOf } from "../nn/imported/emit.js";
import type { Definition, Weight } from "../nn/imported/recording.js";
import { numberOf, type Step } from "../nn/imported/step.js";
import { givesChannelsLast } from "./layout.js";
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
  "and",
  "or",
  "xor",
]);

/** A weight as one kind of op reads it. */
type Read = Omit<Weight, "name" | "from">;

/** What a step reads of its constant inputs, by their places; `bound` are inputs of the graph that became weights. */
function readsOf(
  { op, inputs, attributes }: Step,
  net: Net,
  bound: ReadonlySet<string>,
): [place: number, read: Read][] {
  const shapeOf = (place: number): number[] => net.values.get(inputs[place] ?? "")?.shape ?? [];
  const vector = (place: number, size: number, more: Partial<Read> = {}): [number, Read][] =>
    numel(shapeOf(place)) * (more.repeat ?? 1) === size && inputs[place]
      ? [[place, { shape: [size], role: "vector", ...more }]]
      : [];
  const times = (factor = 1): Partial<Read> => (factor === 1 ? {} : { factor });
  const shape = shapeOf(1);
  if (op === "conv" && shape.length < 5) return [[1, { shape, role: "conv" }], ...vector(2, shape[0])];
  if (op === "convTranspose" && shape.length < 5)
    return [[1, { shape, role: "conv" }], ...vector(2, shape[1] * numberOf(attributes, "group"))];
  if (op === "linear" || op === "gemm") {
    const isTransposed = op === "linear" || !attributes["transB"];
    const { alpha, beta } = attributes as { alpha?: number; beta?: number };
    const read: Read = { shape: isTransposed ? [...shape].reverse() : shape, role: "linear", ...times(alpha) };
    return [[1, isTransposed ? { ...read, isTransposed } : read], ...vector(2, read.shape[0], times(beta))];
  }
  if (TRAINED.has(op) || FIXED.has(op))
    return inputs.flatMap((name, place): [number, Read][] => {
      const shape = shapeOf(place);
      const role = TRAINED.has(op) || bound.has(name) ? "map" : "kept";
      return shape.every((size) => size > 0) ? [[place, { shape, role }]] : [];
    });
  if (!["layerNorm", "groupNorm", "instanceNorm"].includes(op)) return [];
  const x = shapeOf(0);
  const size = op === "layerNorm" ? x[x.length - 1] : x[1];
  const repeat = attributes["byGroup"] ? { repeat: size / numberOf(attributes, "groups") } : {};
  return inputs.slice(1).flatMap((_, i) => vector(i + 1, size, repeat));
}

/** What is kept of a net; nodes that read a constant in the same way share a weight. */
export function define(net: Net, bound: ReadonlySet<string>): Definition {
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
    for (const [place, read] of readsOf(step, net, bound))
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
  const areLast = isWhole ? net.outputs.map(() => true) : givesChannelsLast(net);
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
