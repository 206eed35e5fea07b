/**
 * Whole networks in float64, forward and backward, layer by layer: the definition that plans are held against. Each
 * layer returns its output and a function from the gradient of the output to that of the input.
 */

import { philox } from "../../../src/core/random.js";
import {
  BatchNorm1d,
  Dropout,
  Flatten,
  GroupNorm,
  Identity,
  type Layer,
  LayerNorm,
  Linear,
  LogSoftmax,
  Residual,
  Sequential,
  Softmax,
  StochasticDepth,
} from "../../../src/hosts/node/index.js";
import { Composite } from "../../../src/nn/layer.js";
import { ActivationLayer } from "../../../src/nn/relu.js";
import { activations } from "./activations.js";
import { multiply, rowMajor, transpose } from "./gemm.js";
import { columnSum, logSoftmax, logSoftmaxDx, softmax, softmaxDx } from "./losses.js";
import { type Axis, type Moments, moments, normalize, normalizeDw, normalizeDx } from "./norm.js";

export interface Context {
  weights: ReadonlyMap<string, { data: ArrayLike<number> }>;
  training: boolean;
  seed: number;
  /** Number of the training forward, counted from 1. */
  step: number;
  /** Dropouts passed so far. */
  streams: number;
  gradients: Map<string, Float64Array>;
}

interface Result {
  y: Float64Array;
  shape: number[];
  backward: (dy: Float64Array) => Float64Array;
}

const last = (shape: number[]) => shape[shape.length - 1];
const join = (path: string, name: string) => [path, name].filter((part) => part !== "").join(".");

/** The output of `layer` on x, and what its backward pass does. */
export function evaluate(layer: Layer, x: Float64Array, shape: number[], context: Context, path = ""): Result {
  const at = (name: string) => Float64Array.from(context.weights.get(join(path, name))!.data);
  const cols = last(shape);
  const rows = x.length / cols;
  const note = (name: string, gradient: Float64Array) => context.gradients.set(join(path, name), gradient);
  const inside = (child: Layer, name: string, input: Float64Array, size: number[]) =>
    evaluate(child, input, size, context, join(path, name));

  if (layer instanceof Linear) return linear(layer, x, rows, shape, at, note);
  if (layer instanceof ActivationLayer) {
    const { y, dx } = activations[layer.activation.kind];
    const param = Math.fround(layer.activation.param);
    return { y: x.map((v) => y(v, param)), shape, backward: (dy) => dy.map((g, i) => g * dx(x[i], param)) };
  }
  if (layer instanceof Softmax)
    return { y: softmax(x, rows, cols), shape, backward: (dy) => softmaxDx(dy, x, rows, cols) };
  if (layer instanceof LogSoftmax)
    return { y: logSoftmax(x, rows, cols), shape, backward: (dy) => logSoftmaxDx(dy, x, rows, cols) };
  if (layer instanceof LayerNorm || layer instanceof GroupNorm || layer instanceof BatchNorm1d)
    return norm(layer, x, rows, shape, context, at, note);
  if (layer instanceof Dropout || layer instanceof StochasticDepth) return dropout(layer, x, shape, context);
  if (layer instanceof Identity) return { y: x, shape, backward: (dy) => dy };
  if (layer instanceof Flatten) return { y: x, shape: [shape[0], x.length / shape[0]], backward: (dy) => dy };
  if (layer instanceof Composite) return inside(layer.body, "", x, shape);
  if (layer instanceof Residual) {
    const main = inside(layer.main, layer.names?.main ?? "main", x, shape);
    const changes = String(shape) !== String(main.shape);
    const shortcut =
      typeof layer.shortcut !== "string"
        ? layer.shortcut
        : changes
          ? new Linear(cols, last(main.shape), { bias: false })
          : new Identity();
    const sum = add(main, inside(shortcut, layer.names?.shortcut ?? "shortcut", x, shape));
    return layer.activation ? compose(sum, (y, size) => inside(layer.activation!, "", y, size)) : sum;
  }
  if (layer instanceof Sequential) {
    const start: Result = { y: x, shape, backward: (dy) => dy };
    return layer.layers.reduce(
      (before, [name, child]) => compose(before, (y, size) => inside(child, layer.names?.[name] ?? name, y, size)),
      start,
    );
  }
  throw new Error(`no definition of ${layer.type}`);
}

function compose(first: Result, then: (y: Float64Array, shape: number[]) => Result): Result {
  const second = then(first.y, first.shape);
  return { ...second, backward: (dy) => first.backward(second.backward(dy)) };
}

function add(a: Result, b: Result): Result {
  const plus = (p: Float64Array, q: Float64Array) => p.map((v, i) => v + q[i]);
  return { y: plus(a.y, b.y), shape: a.shape, backward: (dy) => plus(a.backward(dy), b.backward(dy)) };
}

type Get = (name: string) => Float64Array;
type Note = (name: string, gradient: Float64Array) => void;

function linear(
  { inFeatures: k, outFeatures: n, options }: Linear,
  x: Float64Array,
  rows: number,
  shape: number[],
  at: Get,
  note: Note,
): Result {
  const w = rowMajor(at("weight"), n, k);
  const input = rowMajor(x, rows, k);
  const bias = options.bias ? at("bias") : new Float64Array(n);
  const y = Float64Array.from(multiply(input, transpose(w)).data, (v, i) => v + bias[i % n]);
  const backward = (dy: Float64Array) => {
    const g = rowMajor(dy, rows, n);
    note("weight", Float64Array.from(multiply(transpose(g), input).data));
    if (options.bias) note("bias", columnSum(dy, rows, n));
    return Float64Array.from(multiply(g, w).data);
  };
  return { y, shape: [...shape.slice(0, -1), n], backward };
}

function norm(
  layer: LayerNorm | GroupNorm | BatchNorm1d,
  x: Float64Array,
  rows: number,
  shape: number[],
  context: Context,
  at: Get,
  note: Note,
): Result {
  const cols = last(shape);
  const { eps, affine } = layer.options;
  const gamma = affine ? at("weight") : new Float64Array(cols).fill(1);
  const beta = affine ? at("bias") : new Float64Array(cols);
  const pixels = rows / shape[0];
  const axis: Axis =
    layer instanceof GroupNorm ? { pixels, groups: layer.groups } : layer instanceof LayerNorm ? "row" : "column";
  const fixed = layer instanceof BatchNorm1d && (!context.training || layer.options.frozen);
  const running = (): Moments => {
    const variance = at("running_var");
    return { mean: at("running_mean"), variance, rstd: variance.map((v) => 1 / Math.sqrt(v + eps)) };
  };
  const m = fixed ? running() : moments(x, rows, cols, axis, eps);
  const backward = (dy: Float64Array) => {
    const { dgamma, dbeta } = normalizeDw(dy, x, m, cols, axis);
    if (affine) note("weight", dgamma);
    if (affine) note("bias", dbeta);
    return fixed ? dy.map((g, i) => g * gamma[i % cols] * m.rstd[i % cols]) : normalizeDx(dy, x, m, gamma, cols, axis);
  };
  return { y: normalize(x, m, gamma, beta, cols, axis), shape, backward };
}

/** Element i is kept when word g & 3 of block g >> 2, g = floor(i / group), is at least p as a fraction of 2^32. */
function dropout(layer: Dropout | StochasticDepth, x: Float64Array, shape: number[], context: Context): Result {
  const stream = ++context.streams;
  const { p } = layer;
  if (!context.training || p === 0) return { y: x, shape, backward: (dy) => dy };
  const batch = layer instanceof StochasticDepth && layer.options.mode === "batch";
  const group = layer instanceof Dropout ? 1 : batch ? x.length : x.length / shape[0];
  const words = new Uint32Array(4);
  const mask = Float64Array.from(x, (_, i) => {
    const g = Math.floor(i / group);
    philox([g >>> 2, stream, context.step, 0], [context.seed, 0], words);
    return (words[g & 3] >>> 8) / 2 ** 24 >= Math.fround(p) ? 1 / (1 - p) : 0;
  });
  const masked = (values: Float64Array) => values.map((v, i) => v * mask[i]);
  return { y: masked(x), shape, backward: masked };
}
