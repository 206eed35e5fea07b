/**
 * What the operators of classic residual networks and their kin mean, whatever its version: attributes that became inputs, defaults that changed, axes
 * below zero. The versions are those of https://onnx.ai/onnx/operators/; a comment names the one that changed a thing.
 */
import { BATCH, isBatch } from "../core/any-batch.js";
import type { AttributeValue } from "../nn/imported/step.js";
import { attributeOrInput, axesOf, axisOf, broadcast, type Call, product, type Rule } from "./call.js";
import type { Constant } from "./tensor.js";

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

export const globalPool =
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

export const reshaped = (call: Call, shape: number[]) => {
  const x = call.shape(0);
  if (product(shape) !== product(x)) throw call.refuse("shape", product(x), shape);
  const isSame = shape.length === x.length && shape.every((size, i) => size === x[i]);
  return isSame
    ? { alias: call.inputs[0] }
    : {
        op: "reshape",
        inputs: [call.inputs[0]],
        attributes: { shape } as Record<string, AttributeValue>,
        shapes: [shape],
      };
};

/** 0 keeps the input's size (unless `allowzero`), -1 takes what is left. A batch that the file fixed may be any. */
const reshape: Rule = (call) => {
  const x = call.shape(0);
  const given = call.opset < 5 ? (call.ints("shape") ?? []) : call.numbers(1);
  const shape = given.map((size, i) => (size === 0 && call.int("allowzero", 0) === 0 ? (x[i] ?? 0) : size));
  const total = product(x);
  const free = shape.indexOf(-1);
  if (shape.some((size) => size < -1) || free !== shape.lastIndexOf(-1))
    throw call.refuse("shape", "sizes and at most one -1", given);
  const rest = () => total / product(shape.filter((_, i) => i !== free));
  // A first size with the batch that the file fixed in it means the batch.
  const { fileBatch = 0 } = call;
  const samples = shape[0] / fileBatch;
  if (free !== 0 && isBatch(total) && !shape.some(isBatch) && Number.isInteger(samples) && samples > 0) {
    const fixed = shape[0];
    shape[0] = samples * BATCH;
    if (free < 0 ? product(shape) !== total : !Number.isInteger(rest())) shape[0] = fixed;
  }
  if (free >= 0) shape[free] = total === 0 ? 0 : rest();
  if (!shape.every((size) => Number.isInteger(size))) throw call.refuse("shape", total, given);
  return reshaped(call, shape);
};

const flatten: Rule = (call) => {
  const x = call.shape(0);
  const axis = axisOf(call, call.int("axis", 1), x.length, x.length);
  return reshaped(call, [product(x.slice(0, axis)), product(x.slice(axis))]);
};

/** Of a tensor; undefined where it is of numbers by themselves. */
export const tensorConstant = (call: Call): { constants: Constant[] } | undefined => {
  const tensor = call.tensor("value");
  return tensor && { constants: [tensor] };
};

export const classicOperators = (): Record<string, Rule> => ({
  Conv: conv,
  MaxPool: pool("maxPool"),
  AveragePool: pool("averagePool"),
  GlobalAveragePool: globalPool("reduceMean"),
  ReduceMean: reduce("reduceMean"),
  Gemm: gemm,
  BatchNormalization: batchNorm,
  Add: binary("add"),
  Mul: binary("mul"),
  Relu: unary("relu"),
  Clip: clip,
  Sigmoid: unary("sigmoid"),
  HardSigmoid: unary("hardSigmoid", (call) => ({ alpha: call.float("alpha", 0.2), beta: call.float("beta", 0.5) })),
  HardSwish: unary("hardSwish"),
  Softmax: softmax("softmax"),
  LogSoftmax: softmax("logSoftmax"),
  Reshape: reshape,
  Flatten: flatten,
  Identity: (call) => ({ alias: call.inputs[0] }),
  Dropout: dropout,
});
