// The canonical net of an ONNX file by the definitions of its ops, in float64 and channels first: an oracle for what is read of a
// file, before any layout, kernel or fusion comes in.

import { atBatch } from "../../src/core/any-batch.js";
import type { Step } from "../../src/nn/imported/step.js";
import { broadcastStrides, evaluate, pick, stridesOf } from "../../src/onnx/fold.js";
import type { Net } from "../../src/onnx/net.js";

export interface Value {
  shape: number[];
  data: Float64Array;
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
const numbers = (step: Step, name: string): number[] => step.attributes[name] as number[];
const number = (step: Step, name: string): number => step.attributes[name] as number;

/** Values by name, of a run on `x` (channels first). */
export function runNet(net: Net, x: { shape: number[]; data: ArrayLike<number> }): Map<string, Value> {
  const n = x.shape[0]!;
  const values = new Map<string, Value>();
  for (const [name, { constant }] of net.values)
    if (constant) values.set(name, { shape: constant.shape, data: Float64Array.from(constant.data) });
  values.set(net.inputs[0]!, { shape: x.shape, data: Float64Array.from(x.data) });
  for (const step of net.steps) {
    const inputs = step.inputs.map((name) => (name ? values.get(name)! : undefined));
    const shapes = step.outputs.map((name) => net.values.get(name)?.shape.map((size) => atBatch(size, n)) ?? []);
    const made = runStep(step, inputs as Value[], shapes, n);
    for (const [i, { shape, data }] of made.entries()) {
      if (JSON.stringify(shape) !== JSON.stringify(shapes[i]) || data.length !== product(shape))
        throw new Error(`${step.name} (${step.op}): [${shape}] with ${data.length}, expected [${shapes[i]}]`);
      values.set(step.outputs[i]!, { shape, data });
    }
  }
  return values;
}

/** erf by its series and continued fraction (Abramowitz and Stegun 7.1.5, 7.1.14), to 1e-15. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 3) {
    let [sum, term] = [a, a];
    for (let k = 1; k < 60; k++) {
      term *= (-a * a) / k;
      sum += term / (2 * k + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

const ACTIVATIONS: Record<string, (x: number, step: Step) => number> = {
  relu: (x) => Math.max(x, 0),
  sigmoid,
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  erf,
  softplus: (x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0),
  softsign: (x) => x / (1 + Math.abs(x)),
  mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  elu: (x, step) => (x > 0 ? x : number(step, "alpha") * Math.expm1(x)),
  selu: (x, step) => number(step, "gamma") * (x > 0 ? x : number(step, "alpha") * Math.expm1(x)),
  celu: (x, step) => Math.max(x, 0) + Math.min(0, number(step, "alpha") * Math.expm1(x / number(step, "alpha"))),
  thresholdedRelu: (x, step) => (x > number(step, "alpha") ? x : 0),
  leakyRelu: (x, step) => (x > 0 ? x : number(step, "alpha") * x),
  hardSigmoid: (x, step) => clamp(number(step, "alpha") * x + number(step, "beta"), 0, 1),
  hardSwish: (x) => x * clamp(x / 6 + 0.5, 0, 1),
  clip: (x, step) => clamp(x, number(step, "min") ?? -Infinity, number(step, "max") ?? Infinity),
  gelu: (x, step) =>
    step.attributes["tanh"]
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + erf(x / Math.SQRT2)),
};

function runStep(step: Step, inputs: Value[], shapes: number[][], n: number): Value[] {
  const shape = shapes[0]!;
  const [x] = inputs as [Value];
  const { op } = step;
  const activation = ACTIVATIONS[op];
  if (activation) return [{ shape, data: x.data.map((value) => activation(value, step)) }];
  const run = OPS[op];
  if (run) return [{ shape, data: run(step, inputs, shape) }];
  const attributes =
    op === "slice" ? { ...step.attributes, shape } : op === "reshape" || op === "expand" ? {} : step.attributes;
  const constants = inputs.map(({ shape: s, data }) => ({ shape: s, data, isFloat: true }));
  // As float64: evaluate rounds floats to float32, integers not.
  const whole = constants.map((each) => ({ ...each, isFloat: op === "div" }));
  if (op === "div") return [{ shape, data: divide(inputs, shape) }];
  const made = evaluate(op, attributes, whole, shapes);
  if (!made) throw new Error(`${step.name}: no reference for ${op} (batch ${n})`);
  return made.map((each) => ({ shape: each.shape, data: Float64Array.from(each.data) }));
}

function divide([a, b]: Value[], shape: number[]): Float64Array {
  const divisor = pick(b!.data, shape, broadcastStrides(b!.shape, shape));
  return pick(a!.data, shape, broadcastStrides(a!.shape, shape)).map((value, i) => value / divisor[i]!);
}

type Run = (step: Step, inputs: Value[], shape: number[]) => Float64Array;

/** Calls `visit` with every place of a window that lies inside, as offsets in the plane, for one place of the output. */
function eachInWindow(
  at: readonly number[],
  kernel: readonly number[],
  spatial: readonly number[],
  step: Step,
  visit: (inside: number, tap: number) => void,
): void {
  const [strides, dilations, pads] = [numbers(step, "strides"), numbers(step, "dilations"), numbers(step, "pads")];
  const steps = stridesOf(spatial);
  const taps = product(kernel);
  for (let tap = 0; tap < taps; tap++) {
    let rest = tap;
    let inside = 0;
    for (let axis = kernel.length - 1; axis >= 0; axis--) {
      const place = at[axis]! * strides[axis]! + (rest % kernel[axis]!) * dilations[axis]! - pads[axis]!;
      rest = Math.floor(rest / kernel[axis]!);
      inside = place < 0 || place >= spatial[axis]! ? Number.NaN : inside + place * steps[axis]!;
    }
    if (!Number.isNaN(inside)) visit(inside, tap);
  }
}

function places(out: readonly number[]): number[][] {
  const strides = stridesOf(out);
  return Array.from({ length: product(out) }, (_, i) => out.map((size, axis) => Math.floor(i / strides[axis]!) % size));
}

const conv: Run = (step, [x, w, b], shape) => {
  const [n, c] = x!.shape as [number, number];
  const [spatial, kernel, out] = [x!.shape.slice(2), w!.shape.slice(2), shape.slice(2)];
  const group = number(step, "group");
  const [oc, ic] = [shape[1]!, c / group];
  const [plane, outPlane, taps] = [product(spatial), product(out), product(kernel)];
  const y = new Float64Array(product(shape));
  // Taps of each place of the output, for all channels.
  for (const [o, at] of places(out).entries()) {
    const pairs: [number, number][] = [];
    eachInWindow(at, kernel, spatial, step, (inside, tap) => pairs.push([inside, tap]));
    for (let i = 0; i < n; i++)
      for (let k = 0; k < oc; k++) {
        const first = i * c + Math.floor(k / (oc / group)) * ic;
        let sum = b ? b.data[k]! : 0;
        for (let j = 0; j < ic; j++) {
          const [from, weights] = [(first + j) * plane, (k * ic + j) * taps];
          for (const [inside, tap] of pairs) sum += x!.data[from + inside]! * w!.data[weights + tap]!;
        }
        y[(i * oc + k) * outPlane + o] = sum;
      }
  }
  return y;
};

const pool: Run = (step, [x], shape) => {
  const [spatial, kernel, out] = [x!.shape.slice(2), numbers(step, "kernel"), shape.slice(2)];
  const [plane, outPlane] = [product(spatial), product(out)];
  const [strides, pads, dilations] = [numbers(step, "strides"), numbers(step, "pads"), numbers(step, "dilations")];
  const isMax = step.op === "maxPool";
  const y = new Float64Array(product(shape));
  for (const [o, at] of places(out).entries()) {
    const inside: number[] = [];
    eachInWindow(at, kernel, spatial, step, (place) => inside.push(place));
    // With `countIncludePad`, the window without what `ceilMode` adds beyond the padding.
    const padded = at.map((place, axis) => {
      const end = spatial[axis]! + pads[axis]! + pads[axis + spatial.length]!;
      return Math.min(kernel[axis]!, Math.ceil((end - place * strides[axis]!) / dilations[axis]!));
    });
    const count = step.attributes["countIncludePad"] ? product(padded) : inside.length;
    for (let k = 0; k < shape[0]! * shape[1]!; k++) {
      const read = inside.map((place) => x!.data[k * plane + place]!);
      y[k * outPlane + o] = isMax ? Math.max(...read) : read.reduce((a, b) => a + b, 0) / count;
    }
  }
  return y;
};

/** Normalises rows of `length` elements that lie together. */
function normaliseRows(x: Float64Array, length: number, epsilon: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += length) {
    const row = x.subarray(at, at + length);
    const mean = row.reduce((a, b) => a + b, 0) / length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    for (let i = 0; i < length; i++) y[at + i] = (row[i]! - mean) / Math.sqrt(variance + epsilon);
  }
  return y;
}

/** The channel (axis 1) of an element. */
const channelOf = (shape: readonly number[], i: number): number => Math.floor(i / product(shape.slice(2))) % shape[1]!;

const softmax: Run = (step, [x], shape) => {
  const axis = number(step, "axis");
  const inner = step.attributes["toEnd"] ? 1 : product(shape.slice(axis + 1));
  const size = step.attributes["toEnd"] ? product(shape.slice(axis)) : shape[axis]!;
  const y = Float64Array.from(x!.data);
  for (let start = 0; start < y.length; start += size * inner)
    for (let k = 0; k < inner; k++) {
      const at = Array.from({ length: size }, (_, i) => start + k + i * inner);
      const max = Math.max(...at.map((i) => y[i]!));
      const sum = at.reduce((total, i) => total + Math.exp(y[i]! - max), 0);
      for (const i of at) y[i] = step.op === "softmax" ? Math.exp(y[i]! - max) / sum : y[i]! - max - Math.log(sum);
    }
  return y;
};

function matrices(a: Value, b: (k: number, j: number) => number, n: number, k: number): Float64Array {
  const y = new Float64Array((a.data.length / k) * n);
  for (let i = 0; i * k < a.data.length; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a.data[i * k + l]! * b(l, j);
      y[i * n + j] = sum;
    }
  return y;
}

const OPS: Record<string, Run> = {
  conv,
  maxPool: pool,
  averagePool: pool,
  softmax,
  logSoftmax: softmax,
  batchNorm: (step, [x, gamma, beta, mean, variance], shape) =>
    x!.data.map((value, i) => {
      const c = channelOf(shape, i);
      return (
        ((value - mean!.data[c]!) / Math.sqrt(variance!.data[c]! + number(step, "epsilon"))) * gamma!.data[c]! +
        beta!.data[c]!
      );
    }),
  instanceNorm: (step, [x, gamma, beta], shape) =>
    normaliseRows(x!.data, product(shape.slice(2)), number(step, "epsilon")).map((value, i) => {
      const c = channelOf(shape, i);
      return value * gamma!.data[c]! + beta!.data[c]!;
    }),
  layerNorm(step, [x, gamma, beta], shape) {
    const length = product(shape.slice(number(step, "axis")));
    return normaliseRows(x!.data, length, number(step, "epsilon")).map(
      (value, i) => value * gamma!.data[i % length]! + (beta?.data[i % length] ?? 0),
    );
  },
  groupNorm(step, [x, gamma, beta], shape) {
    const groups = number(step, "groups");
    return normaliseRows(x!.data, product(shape.slice(1)) / groups, number(step, "epsilon")).map((value, i) => {
      const channel = channelOf(shape, i);
      const c = step.attributes["byGroup"] ? Math.floor(channel / (shape[1]! / groups)) : channel;
      return value * gamma!.data[c]! + beta!.data[c]!;
    });
  },
  gemm(step, [a, b, c], shape) {
    const [n, k] = [shape[1]!, a!.data.length / shape[0]!];
    const left = step.attributes["transA"]
      ? { shape: [shape[0]!, k], data: pick(a!.data, [shape[0]!, k], [1, shape[0]!]) }
      : a!;
    const right = (l: number, j: number) => (step.attributes["transB"] ? b!.data[j * k + l]! : b!.data[l * n + j]!);
    const bias = c ? pick(c.data, shape, broadcastStrides(c.shape, shape)) : undefined;
    return matrices(left, right, n, k).map(
      (value, i) => number(step, "alpha") * value + number(step, "beta") * (bias?.[i] ?? 0),
    );
  },
  linear(_, [a, b]) {
    const [k, n] = b!.shape as [number, number];
    return matrices(a!, (l, j) => b!.data[l * n + j]!, n, k);
  },
  prelu(_, [x, slope], shape) {
    const slopes = pick(slope!.data, shape, broadcastStrides(slope!.shape, shape));
    return x!.data.map((value, i) => (value > 0 ? value : value * slopes[i]!));
  },
};
