/** Evaluates ops whose inputs are all constant, in float64: shape arithmetic, and weights that are made of weights. */
import { exp, log } from "../core/math.js";
import { type AttributeValue, numberOf, numbersOf } from "../nn/imported/step.js";
import { product } from "./call.js";
import type { Constant } from "./tensor.js";

type Attributes = Record<string, AttributeValue>;

const truth = (value: boolean): number => (value ? 1 : 0);

/** Elementwise ops, by one element of each input. */
const ELEMENTWISE: Record<string, (values: number[], isFloat: boolean) => number> = {
  add: (values) => values.reduce((a, b) => a + b),
  sub: ([a, b]) => a - b,
  mul: ([a, b]) => a * b,
  div: ([a, b], isFloat) => (isFloat ? a / b : Math.trunc(a / b)),
  mod: ([a, b]) => a - b * Math.floor(a / b),
  fmod: ([a, b]) => a % b,
  pow: ([a, b]) => (b === 2 ? a * a : b === 0.5 ? Math.sqrt(a) : exp(b * log(a))),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
  mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  equal: ([a, b]) => truth(a === b),
  less: ([a, b]) => truth(a < b),
  greater: ([a, b]) => truth(a > b),
  where: ([condition, a, b]) => (condition ? a : b),
  not: ([a]) => truth(!a),
  abs: ([a]) => Math.abs(a),
  neg: ([a]) => -a,
  exp: ([a]) => exp(a),
  log: ([a]) => log(a),
  sqrt: ([a]) => Math.sqrt(a),
  reciprocal: ([a]) => 1 / a,
  floor: ([a]) => Math.floor(a),
  ceil: ([a]) => Math.ceil(a),
  relu: ([a]) => Math.max(a, 0),
  sigmoid: ([a]) => 1 / (1 + exp(-a)),
  tanh: ([a]) => 2 / (1 + exp(-2 * a)) - 1,
};

/** Elements between neighbours of each axis, row-major. */
export const stridesOf = (shape: readonly number[]): number[] => shape.map((_, i) => product(shape.slice(i + 1)));

/** The element of a source, by offset and a stride for each axis of the result, that each element of the result is. */
export function pick(
  source: ArrayLike<number>,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Float64Array {
  const out = new Float64Array(product(shape));
  const index = shape.map(() => 0);
  for (let i = 0, at = offset; i < out.length; i++) {
    out[i] = source[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** Strides of `from` read as the shape `to`, by NumPy's broadcasting. */
export const broadcastStrides = (from: readonly number[], to: readonly number[]): number[] => {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : strides[i - lead]));
};

const MOVES: Record<string, (inputs: Constant[], attributes: Attributes, shape: number[]) => ArrayLike<number>> = {
  reshape: ([x]) => x.data,
  transpose([x], attributes, shape) {
    const strides = stridesOf(x.shape);
    return pick(
      x.data,
      shape,
      numbersOf(attributes, "perm").map((axis) => strides[axis]),
    );
  },
  expand: ([x], _, shape) => pick(x.data, shape, broadcastStrides(x.shape, shape)),
  slice([x], attributes, shape) {
    const [starts, steps] = ["starts", "steps"].map((name) => numbersOf(attributes, name));
    const strides = stridesOf(x.shape);
    const offset = starts.reduce((sum, start, i) => sum + start * strides[i], 0);
    return pick(
      x.data,
      shape,
      strides.map((stride, i) => stride * steps[i]),
      offset,
    );
  },
  gather([x], attributes) {
    const axis = numberOf(attributes, "axis");
    const places = numbersOf(attributes, "places");
    const inner = product(x.shape.slice(axis + 1));
    const size = x.shape[axis];
    const outer = product(x.shape.slice(0, axis));
    const out: number[] = [];
    for (let o = 0; o < outer; o++)
      for (const place of places) for (let i = 0; i < inner; i++) out.push(x.data[(o * size + place) * inner + i]);
    return out;
  },
  concat(inputs, attributes) {
    const axis = numberOf(attributes, "axis");
    const outer = product(inputs[0].shape.slice(0, axis));
    const out: number[] = [];
    for (let o = 0; o < outer; o++)
      for (const { data } of inputs) {
        const part = data.length / outer;
        for (let i = 0; i < part; i++) out.push(data[o * part + i]);
      }
    return out;
  },
  pad([x], attributes, shape) {
    if (attributes["mode"] !== "constant") return [];
    const pads = numbersOf(attributes, "pads");
    const out = new Float64Array(product(shape)).fill(numberOf(attributes, "value"));
    const strides = stridesOf(shape);
    const from = stridesOf(x.shape);
    for (let i = 0; i < x.data.length; i++) {
      let at = 0;
      x.shape.forEach((size, axis) => {
        at += ((Math.floor(i / from[axis]) % size) + pads[axis]) * strides[axis];
      });
      out[at] = x.data[i];
    }
    return out;
  },
};

const REDUCTIONS: Record<string, [start: number, step: (sum: number, value: number) => number]> = {
  reduceSum: [0, (a, b) => a + b],
  reduceMean: [0, (a, b) => a + b],
  reduceMax: [-Infinity, Math.max],
  reduceMin: [Infinity, Math.min],
  reduceProd: [1, (a, b) => a * b],
};

function reduceAxes(op: string, x: Constant, axes: readonly number[], shape: number[]): Float64Array {
  const [start, step] = REDUCTIONS[op];
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const to = broadcastStrides(kept, x.shape);
  const from = stridesOf(x.shape);
  const out = new Float64Array(product(shape)).fill(start);
  for (let i = 0; i < x.data.length; i++) {
    let at = 0;
    for (let axis = 0; axis < x.shape.length; axis++) at += (Math.floor(i / from[axis]) % x.shape[axis]) * to[axis];
    out[at] = step(out[at], x.data[i]);
  }
  if (op === "reduceMean") for (let i = 0; i < out.length; i++) out[i] /= x.data.length / out.length;
  return out;
}

/** The outputs of an op on constants; undefined where it is not one that is folded. */
export function evaluate(
  op: string,
  attributes: Attributes,
  inputs: Constant[],
  shapes: number[][],
): Constant[] | undefined {
  const shape = shapes[0];
  const isComparison = op === "equal" || op === "less" || op === "greater" || op === "not";
  const isFloat = !isComparison && inputs[inputs.length - 1].isFloat;
  const made = (data: ArrayLike<number>): Constant[] => [
    { shape, data: isFloat ? Float32Array.from(data) : Float64Array.from(data), isFloat },
  ];
  const element = Object.hasOwn(ELEMENTWISE, op) ? ELEMENTWISE[op] : undefined;
  if (element) {
    const read = inputs.map((input) => pick(input.data, shape, broadcastStrides(input.shape, shape)));
    return made(
      Float64Array.from({ length: product(shape) }, (_, i) =>
        element(
          read.map((values) => values[i]),
          isFloat,
        ),
      ),
    );
  }
  if (Object.hasOwn(MOVES, op)) {
    const data = MOVES[op](inputs, attributes, shape);
    return data.length === product(shape) ? made(data) : undefined;
  }
  if (Object.hasOwn(REDUCTIONS, op)) return made(reduceAxes(op, inputs[0], numbersOf(attributes, "axes"), shape));
  return undefined;
}
