/**
 * What each operator of ONNX means, whatever its version: attributes that became inputs, defaults that changed, axes
 * below zero. The versions are those of https://onnx.ai/onnx/operators/; a comment names the one that changed a thing.
 */
import type { AttributeValue } from "../nn/imported/step.js";
import type { Constant } from "./tensor.js";

/** A node as an operator's rule sees it: in its own words, without the file's. */
export interface Call {
  opset: number;
  /** The batch that the file fixed, if it did. */
  fileBatch: number | undefined;
  inputs: string[];
  outputs: string[];
  shape(index: number): number[];
  has(index: number): boolean;
  /** An input's numbers, which must be constant. */
  numbers(index: number): number[];
  constant(index: number): Constant | undefined;
  /** ONNX's number of an input's type, of inputs of the graph. */
  type(index: number): number | undefined;
  int(name: string, fallback?: number): number;
  float(name: string, fallback?: number): number;
  ints(name: string): number[] | undefined;
  text(name: string, fallback: string): string;
  tensor(name: string): Constant | undefined;
  refuse(what: string, expected: unknown, got: unknown): Error;
}

/** An op with its outputs' shapes. */
interface Doing {
  op: string;
  attributes?: Record<string, AttributeValue>;
  inputs?: string[];
  shapes: number[][];
}

/** What a node comes to: another name of an input, constants, an op, or one for each output. */
export type Meaning = { alias: string } | { constants: Constant[] } | Doing | { parts: Doing[] };

export type Rule = (call: Call) => Meaning;

/** How many elements may come of a few bytes of a file at once. */
export const MAX_MADE = 2 ** 18;

export const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** An axis from 0; `rank` itself only where a place between axes is meant. */
export function axisOf(call: Call, axis: number, rank: number, last = rank - 1): number {
  const from0 = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(from0) && from0 >= 0 && from0 <= last) return from0;
  throw call.refuse("axis", `an axis of ${rank}`, axis);
}

export function axesOf(call: Call, axes: number[], rank: number): number[] {
  const found = axes.map((axis) => axisOf(call, axis, rank)).sort((a, b) => a - b);
  if (new Set(found).size !== found.length) throw call.refuse("axes", "each axis once", axes);
  return found;
}

/** An attribute up to an opset, an input after it. */
export const attributeOrInput = (call: Call, name: string, index: number): number[] | undefined =>
  call.has(index) ? call.numbers(index) : call.ints(name);

/** NumPy's broadcasting. */
export function broadcast(call: Call, shapes: number[][]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[i - rank + shape.length] ?? 1).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) throw call.refuse("inputs", "shapes that broadcast", shapes);
    return sizes[0] ?? 1;
  });
}

function expectInputs(call: Call, count: number): void {
  if (call.inputs.length !== count) throw call.refuse("inputs", count, call.inputs.length);
}

export const unary =
  (op: string, attributes: (call: Call) => Record<string, AttributeValue> = () => ({})): Rule =>
  (call) => {
    expectInputs(call, 1);
    return { op, attributes: attributes(call), shapes: [call.shape(0)] };
  };

/** Before 7, `axis` and `broadcast` said where the second input's axes lie. */
export const binary =
  (op: string): Rule =>
  (call) => {
    expectInputs(call, 2);
    if (
      call.opset < 7 &&
      call.int("broadcast", 0) === 1 &&
      call.ints("axis") === undefined &&
      call.int("axis", -1) !== -1
    ) {
      const rank = call.shape(0).length;
      const axis = axisOf(call, call.int("axis"), rank);
      if (axis + call.shape(1).length !== rank) throw call.refuse("axis", "the last axes", axis);
    }
    return { op, shapes: [broadcast(call, [call.shape(0), call.shape(1)])] };
  };

/** Of one input or more. */
const variadic =
  (op: string): Rule =>
  (call) => {
    const shapes = [call.shape(0), ...call.inputs.slice(1).map((_, i) => call.shape(i + 1))];
    return shapes.length === 1 ? { alias: call.inputs[0] } : { op, shapes: [broadcast(call, shapes)] };
  };

/** Sliding windows: pads [begin of each axis, end of each axis], from `auto_pad` too; and the sizes that come out. */
export function windows(call: Call, spatial: number[], kernel: number[], ceil = false) {
  const rank = spatial.length;
  const fill = (name: string): number[] => {
    const given = call.ints(name) ?? new Array(rank).fill(1);
    if (given.length !== rank || !given.every((size) => size >= 1))
      throw call.refuse(name, `${rank} of 1 or more`, given);
    return given;
  };
  const [strides, dilations] = [fill("strides"), fill("dilations")];
  const extents = kernel.map((size, i) => (size - 1) * dilations[i] + 1);
  let pads = call.ints("pads") ?? new Array(2 * rank).fill(0);
  const auto = call.text("auto_pad", "NOTSET");
  if (auto === "VALID") pads = new Array(2 * rank).fill(0);
  else if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
    const needed = spatial.map((size, i) =>
      Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + extents[i] - size),
    );
    const [less, more] = [needed.map((pad) => Math.floor(pad / 2)), needed.map((pad) => Math.ceil(pad / 2))];
    pads = auto === "SAME_UPPER" ? [...less, ...more] : [...more, ...less];
  } else if (auto !== "NOTSET") throw call.refuse("auto_pad", "NOTSET, VALID, SAME_UPPER or SAME_LOWER", auto);
  if (pads.length !== 2 * rank || pads.some((pad) => pad < 0))
    throw call.refuse("pads", `${2 * rank} of 0 or more`, pads);
  const out = spatial.map((size, i) => {
    const padded = size + pads[i] + pads[rank + i];
    const steps = (padded - extents[i]) / strides[i];
    let count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A window that would begin in the padding at the end is left out.
    if (ceil && (count - 1) * strides[i] >= size + pads[i]) count--;
    if (count < 1) throw call.refuse("kernel", `to fit into ${padded}`, extents[i]);
    return count;
  });
  return { strides, dilations, pads, out };
}

const conv: Rule = (call) => {
  const [x, w] = [call.shape(0), call.shape(1)];
  const group = call.int("group", 1);
  const kernel = w.slice(2);
  const declared = call.ints("kernel_shape") ?? kernel;
  if (
    x.length < 3 ||
    w.length !== x.length ||
    x[1] !== w[1] * group ||
    w[0] % group ||
    declared.some((k, i) => k !== kernel[i])
  )
    throw call.refuse("weight", `[out, ${x[1]} / group, …kernel] for the input ${JSON.stringify(x)}`, w);
  const { out, ...attributes } = windows(call, x.slice(2), kernel);
  return { op: "conv", attributes: { ...attributes, group }, shapes: [[x[0], w[0], ...out]] };
};

const convTranspose: Rule = (call) => {
  const [x, w] = [call.shape(0), call.shape(1)];
  const [group, kernel, spatial] = [call.int("group", 1), w.slice(2), x.slice(2)];
  const rank = spatial.length;
  if (x.length < 3 || w.length !== x.length || x[1] !== w[0])
    throw call.refuse("weight", `[${x[1]}, out / group, …kernel]`, w);
  const strides = call.ints("strides") ?? new Array(rank).fill(1);
  const dilations = call.ints("dilations") ?? new Array(rank).fill(1);
  const extra = call.ints("output_padding") ?? new Array(rank).fill(0);
  let pads = call.ints("pads") ?? new Array(2 * rank).fill(0);
  const full = spatial.map((size, i) => (size - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + extra[i]);
  const auto = call.text("auto_pad", "NOTSET");
  const wanted =
    call.ints("output_shape")?.slice(-rank) ??
    (auto.startsWith("SAME") ? spatial.map((size, i) => size * strides[i]) : undefined);
  if (wanted) {
    const cut = full.map((size, i) => Math.max(0, size - wanted[i]));
    // What the windows do not reach follows at the end.
    full.forEach((size, i) => {
      const missing = Math.max(0, wanted[i] - size);
      extra[i] += missing;
      full[i] += missing;
    });
    const [less, more] = [cut.map((c) => Math.floor(c / 2)), cut.map((c) => Math.ceil(c / 2))];
    pads = auto === "SAME_UPPER" ? [...less, ...more] : [...more, ...less];
  }
  const out = full.map((size, i) => size - pads[i] - pads[rank + i]);
  return {
    op: "convTranspose",
    attributes: { strides, dilations, pads, outputPadding: extra, group },
    shapes: [[x[0], w[1] * group, ...out]],
  };
};

const pool =
  (op: "maxPool" | "averagePool"): Rule =>
  (call) => {
    if (call.outputs.length > 1 && call.outputs[1])
      throw call.refuse("outputs", "the pooled values alone", "indices too");
    const x = call.shape(0);
    const kernel = call.ints("kernel_shape") ?? [];
    if (x.length < 3 || kernel.length !== x.length - 2)
      throw call.refuse("kernel_shape", `${x.length - 2} sizes`, kernel);
    const ceilMode = call.int("ceil_mode", 0) === 1;
    const { out, ...attributes } = windows(call, x.slice(2), kernel, ceilMode);
    const countIncludePad = call.int("count_include_pad", 0) === 1;
    return {
      op,
      attributes: { ...attributes, kernel, ceilMode, ...(op === "averagePool" ? { countIncludePad } : {}) },
      shapes: [[x[0], x[1], ...out]],
    };
  };

const globalPool =
  (op: string): Rule =>
  (call) => {
    const x = call.shape(0);
    const axes = x.map((_, i) => i).slice(2);
    return { op, attributes: { axes, keepDims: true }, shapes: [x.map((size, i) => (i < 2 ? size : 1))] };
  };

/** ReduceSum takes axes as an input since 13, the others since 18. */
export const reduce =
  (op: string): Rule =>
  (call) => {
    const x = call.shape(0);
    const given = attributeOrInput(call, "axes", 1);
    if (!given?.length && call.int("noop_with_empty_axes", 0) === 1) return { alias: call.inputs[0] };
    const axes = given?.length ? axesOf(call, given, x.length) : x.map((_, i) => i);
    const keepDims = call.int("keepdims", 1) === 1;
    const kept = x.map((size, i) => (axes.includes(i) ? 1 : size));
    const shape = keepDims ? kept : kept.filter((_, i) => !axes.includes(i));
    return { op, inputs: [call.inputs[0]], attributes: { axes, keepDims }, shapes: [shape] };
  };

const matMul: Rule = (call) => {
  const [a, b] = [call.shape(0), call.shape(1)];
  if (a.length < 1 || b.length < 1 || a.at(-1) !== (b.at(-2) ?? b[0]))
    throw call.refuse("inputs", "[…, k] and [k, …]", [a, b]);
  if (b.length === 2) return { op: "linear", attributes: { transposed: true }, shapes: [[...a.slice(0, -1), b[1]]] };
  if (a.length < 2 || b.length < 2) throw call.refuse("inputs", "matrices", [a, b]);
  const batch = broadcast(call, [a.slice(0, -2), b.slice(0, -2)]);
  return { op: "matMul", shapes: [[...batch, a[a.length - 2], b[b.length - 1]]] };
};

/** alpha · A' · B' + beta · C */
const gemm: Rule = (call) => {
  const [a, b] = [call.shape(0), call.shape(1)];
  const [transA, transB] = [call.int("transA", 0) === 1, call.int("transB", 0) === 1];
  const [alpha, beta] = [call.float("alpha", 1), call.float("beta", 1)];
  const [m, k] = transA ? [a[1], a[0]] : [a[0], a[1]];
  const [rows, n] = transB ? [b[1], b[0]] : [b[0], b[1]];
  if (a.length !== 2 || b.length !== 2 || rows !== k) throw call.refuse("inputs", "matrices that fit", [a, b]);
  return { op: "gemm", attributes: { transA, transB, alpha, beta }, shapes: [[m, n]] };
};

const batchNorm: Rule = (call) => {
  const x = call.shape(0);
  // Since 14 `training_mode` says so; before 7 `is_test` did, and outputs for the statistics mean training in all versions before 14.
  if (call.int("training_mode", 0) === 1) throw call.refuse("training_mode", "0", 1);
  for (let i = 1; i < 5; i++)
    if (call.shape(i).length !== 1 || call.shape(i)[0] !== x[1])
      throw call.refuse(`input ${i}`, `[${x[1]}]`, call.shape(i));
  // ONNX keeps `momentum` of the running value, PyTorch takes so much of the new one.
  const attributes = { epsilon: call.float("epsilon", 1e-5), momentum: Math.fround(1 - call.float("momentum", 0.9)) };
  return { op: "batchNorm", attributes, shapes: [x] };
};

const layerNorm: Rule = (call) => {
  const x = call.shape(0);
  const axis = axisOf(call, call.int("axis", -1), x.length);
  return { op: "layerNorm", attributes: { axis, epsilon: call.float("epsilon", 1e-5) }, shapes: [x] };
};

const groupNorm: Rule = (call) => {
  const x = call.shape(0);
  const groups = call.int("num_groups");
  // In 18, scale and bias are of the groups, since 21 of the channels.
  const size = call.opset < 21 ? groups : x[1];
  if (call.shape(1)[0] !== size || x[1] % groups) throw call.refuse("scale", `[${size}]`, call.shape(1));
  return {
    op: "groupNorm",
    attributes: { groups, epsilon: call.float("epsilon", 1e-5), byGroup: call.opset < 21 },
    shapes: [x],
  };
};

/** Before 13, the axes from `axis` on were one. */
const softmax =
  (op: string): Rule =>
  (call) => {
    const x = call.shape(0);
    const axis = axisOf(call, call.int("axis", call.opset < 13 ? 1 : -1), x.length);
    const isFlat = call.opset < 13 && product(x.slice(axis + 1)) !== 1;
    return { op, attributes: { axis, toEnd: isFlat }, shapes: [x] };
  };

/** Min and max: attributes before 11, inputs since. */
const clip: Rule = (call) => {
  const bound = (name: string, index: number, none: number) =>
    call.opset < 11 ? call.float(name, none) : call.has(index) ? (call.numbers(index)[0] ?? none) : none;
  const [min, max] = [bound("min", 1, -Infinity), bound("max", 2, Infinity)];
  // Infinite ones are left out: what is kept of a file is JSON.
  const attributes = { ...(min > -Infinity && { min }), ...(max < Infinity && { max }) };
  return { op: "clip", inputs: [call.inputs[0]], attributes, shapes: [call.shape(0)] };
};

const dropout: Rule = (call) => {
  if (call.has(2) && call.numbers(2)[0] === 1) throw call.refuse("training_mode", "false", true);
  return { alias: call.inputs[0] };
};

export const arithmetic = (): Record<string, Rule> => ({
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div"),
  Pow: binary("pow"),
  Max: variadic("max"),
  Min: variadic("min"),
  Sum: variadic("add"),
  Mean: variadic("mean"),
  Equal: binary("equal"),
  Less: binary("less"),
  Greater: binary("greater"),
  Mod: (call) => binary(call.int("fmod", 0) === 1 ? "fmod" : "mod")(call),
  Where: (call) => ({ op: "where", shapes: [broadcast(call, [call.shape(0), call.shape(1), call.shape(2)])] }),
  Not: unary("not"),
  Abs: unary("abs"),
  Neg: unary("neg"),
  Exp: unary("exp"),
  Log: unary("log"),
  Sqrt: unary("sqrt"),
  Reciprocal: unary("reciprocal"),
  Floor: unary("floor"),
  Ceil: unary("ceil"),
  Round: unary("round"),
  Erf: unary("erf"),
  Relu: unary("relu"),
  Sigmoid: unary("sigmoid"),
  Tanh: unary("tanh"),
  Softplus: unary("softplus"),
  Softsign: unary("softsign"),
  Mish: unary("mish"),
  Elu: unary("elu", (call) => ({ alpha: call.float("alpha", 1) })),
  Celu: unary("celu", (call) => ({ alpha: call.float("alpha", 1) })),
  Selu: unary("selu", (call) => ({
    alpha: call.float("alpha", 1.6732631921768188),
    gamma: call.float("gamma", 1.0507010221481323),
  })),
  LeakyRelu: unary("leakyRelu", (call) => ({ alpha: call.float("alpha", 0.01) })),
  ThresholdedRelu: unary("thresholdedRelu", (call) => ({ alpha: call.float("alpha", 1) })),
  HardSigmoid: unary("hardSigmoid", (call) => ({ alpha: call.float("alpha", 0.2), beta: call.float("beta", 0.5) })),
  HardSwish: unary("hardSwish"),
  Gelu: unary("gelu", (call) => ({ tanh: call.text("approximate", "none") === "tanh" })),
  PRelu: (call) => ({ op: "prelu", shapes: [broadcast(call, [call.shape(0), call.shape(1)])] }),
  Clip: clip,
});

export const layers = (): Record<string, Rule> => ({
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool("maxPool"),
  AveragePool: pool("averagePool"),
  GlobalAveragePool: globalPool("reduceMean"),
  GlobalMaxPool: globalPool("reduceMax"),
  ReduceMean: reduce("reduceMean"),
  ReduceSum: reduce("reduceSum"),
  ReduceMax: reduce("reduceMax"),
  ReduceMin: reduce("reduceMin"),
  ReduceProd: reduce("reduceProd"),
  MatMul: matMul,
  Gemm: gemm,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  InstanceNormalization: (call) => ({
    op: "instanceNorm",
    attributes: { epsilon: call.float("epsilon", 1e-5) },
    shapes: [call.shape(0)],
  }),
  GroupNormalization: groupNorm,
  Softmax: softmax("softmax"),
  LogSoftmax: softmax("logSoftmax"),
  Identity: (call) => ({ alias: call.inputs[0] }),
  Dropout: dropout,
});
