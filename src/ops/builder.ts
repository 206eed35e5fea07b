/** Records a network into a graph: keeps the path of the layer at work and names its parameters after it. */
import { ACTIVATIONS } from "../abi/enums.js";
import { ArgumentError, type ErrorContext, expectation, ShapeError } from "../core/errors.js";
import { oneOf, readOptions, type Schema, share } from "../core/options.js";
import { last, numel, type Shape, sameShape } from "../core/shape.js";
import { pair, type Size } from "../core/size.js";
import { Graph } from "../graph/graph.js";
import { type Init, type InitName, startOption, weightInit } from "../graph/init.js";
import { type Layout, memoryShape } from "../graph/layout.js";
import type { ActivationKind, Op } from "../graph/op.js";
import type { Value, ValueId } from "../graph/value.js";
import { activation, add, dropout, scaleChannels } from "./elementwise.js";
import { noEpilogue } from "./epilogue.js";
import { linear } from "./linear.js";
import { softmax } from "./loss.js";
import { adaptiveAvgPool2d } from "./pool.js";
import { reshape, reshapeCopy, transposeChannels } from "./shape.js";

/** Each op and layer is noted with its path: 256 levels of `main`, or of names twice as long. */
const MAX_PATH = 2500;

/** What layers need to know about the plan they are recorded for. */
export interface BuildMode {
  /** Dropout drops, BatchNorm takes the batch's own statistics. */
  training: boolean;
  /** Whether the parameter of this name is excluded from training; a BatchNorm with frozen weight uses running statistics. */
  isFrozen?: (name: string) => boolean;
}

export interface ParameterOptions {
  /**
   * What the values start from: a number, or a distribution, drawn with the model's seed. A name stands for that of a
   * weight [out, in, …], by what each output sums over.
   */
  init: number | InitName | Init;
  /** `"channelsLast"`: the filters of a convolution, [out, in / groups, …]. Default `"same"`: memory has the shape's order. */
  layout?: Layout;
}

const parameterSchema = () =>
  ({ init: startOption(), layout: oneOf(["same", "channelsLast"], "same") }) satisfies Schema<ParameterOptions>;

/** What can be recorded: a layer. */
export interface Buildable {
  build(b: Builder, x: ValueId): ValueId;
}

/** For functions that take a Builder. */
export function expectBuilder(where: string, b: unknown): asserts b is Builder {
  if (!(b instanceof Builder)) throw new ArgumentError(expectation(where, "b", "the Builder of record", b));
}

/** More about a failed expectation. */
export interface ExpectOptions extends Pick<ErrorContext, "hint"> {
  /** Default `ShapeError`. */
  error?: new (
    message: string,
  ) => Error;
}

/**
 * What a layer's `record` is given: it declares parameters and records ops on values, each of which is known by its
 * `ValueId`. Nothing is computed here; shapes are known at once, so a network that does not fit together fails now.
 *
 * @example
 * class Double extends Layer {
 *   readonly type = "Double";
 *   protected args() {
 *     return [];
 *   }
 *   protected record(b: Builder, x: ValueId): ValueId {
 *     return b.add(x, x);
 *   }
 * }
 */
export class Builder {
  /** @internal */
  readonly graph = new Graph();
  /** @internal */
  readonly mode: BuildMode;
  #path = "";
  readonly #names = new Set<string>();
  /** Places of the layers noted so far, by path. */
  readonly #layers = new Map<string, number>();
  #streams = 0;

  /** @internal */
  constructor(mode: BuildMode) {
    this.mode = mode;
  }

  /** Whether the network is recorded for training; Dropout does nothing otherwise. */
  get training(): boolean {
    return this.mode.training;
  }

  /** The path of the layer at work, `main.0`. */
  get path(): string {
    return this.#path;
  }

  /** [n, …]; the batch size n is a number like any other. */
  shape(x: ValueId): Shape {
    const value: Value | undefined = typeof x === "number" ? this.graph.values[x] : undefined;
    this.expect(value !== undefined, "value", "what a verb gave, or record was given", x, { error: ArgumentError });
    return value.shape;
  }

  /** Throws a `ShapeError` that names the layer, unless the condition holds. */
  expect(
    condition: boolean,
    name: string,
    expected: unknown,
    got: unknown,
    { hint, error = ShapeError }: ExpectOptions = {},
  ): asserts condition {
    if (!condition) throw new error(expectation("network", name, expected, got, { path: this.path, hint }));
  }

  /** Records another layer. Its parameters are named `name.…`; without a level of their own where the name is empty. */
  child(name: string, layer: Buildable, x: ValueId): ValueId {
    this.expect(typeof layer?.build === "function", "child", "a layer", layer, { error: ArgumentError });
    if (name === "") return layer.build(this, x);
    const outer = this.#path;
    this.#path = this.nameOf(name);
    try {
      this.expect(this.#path.length <= MAX_PATH, "path", `at most ${MAX_PATH} characters`, this.#path.length);
      return layer.build(this, x);
    } finally {
      this.#path = outer;
    }
  }

  /** A trained parameter; `shape` is in PyTorch's order, `name` becomes `path.name` in the state dict. */
  parameter(name: string, shape: Shape, options: ParameterOptions): ValueId {
    return this.#declare("parameter", name, shape, readOptions("parameter", options, parameterSchema));
  }

  /** Numbers that are saved with the weights but not trained. They start from `value`. */
  buffer(name: string, shape: Shape, value = 0): ValueId {
    return this.#declare("buffer", name, shape, { init: value, layout: "same" });
  }

  #declare(
    role: "parameter" | "buffer",
    name: string,
    shape: Shape,
    { init, layout }: Required<ParameterOptions>,
  ): ValueId {
    const isShape = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size > 0);
    this.expect(isShape, "shape", "an array of sizes above 0", shape);
    const full = this.nameOf(name);
    this.expect(!this.#names.has(full), "parameter", "a name of its own", JSON.stringify(full));
    this.#names.add(full);
    const list = role === "parameter" ? this.graph.parameters : this.graph.buffers;
    const value = this.graph.value(memoryShape(shape, layout), role, { name: full });
    list.push({ name: full, value, shape, layout, init: this.#start(init, shape), path: this.path });
    return value;
  }

  #start(init: ParameterOptions["init"], shape: Shape): Init {
    if (typeof init === "number") return { kind: "constant", value: init };
    if (typeof init !== "string") return init;
    this.expect(shape.length > 1, "init", "a number, for parameters of one dimension", init, { error: ArgumentError });
    const [out, into, ...window] = shape;
    return weightInit(init, into * numel(window), out * numel(window));
  }

  /** x + y, of equal shapes. */
  add(x: ValueId, y: ValueId): ValueId {
    this.expect(sameShape(this.shape(x), this.shape(y)), "sum", this.shape(x), this.shape(y));
    return this.op(add, [x, y], { activation: null })[0];
  }

  /** x · weight^T + bias on the last dimension: [..., in] by [out, in] → [..., out]. */
  linear(x: ValueId, weight: ValueId, bias?: ValueId): ValueId {
    const shape = this.shape(x);
    const features = last(this.shape(weight));
    this.expect(shape.length >= 2 && last(shape) === features, "input", `[n, ..., ${features}]`, shape);
    const epilogue = { ...noEpilogue, bias: bias !== undefined };
    return this.op(linear, bias === undefined ? [x, weight] : [x, weight, bias], { epilogue })[0];
  }

  /** max(0, x). */
  relu(x: ValueId): ValueId {
    return this.activation(x, "relu");
  }

  /** An elementwise nonlinearity. `param`: the negative slope of `leakyRelu`, the alpha of `elu`, the beta of `softplus`; else 0. */
  activation(x: ValueId, kind: ActivationKind, param = 0): ValueId {
    const known = Object.hasOwn(ACTIVATIONS, kind);
    this.expect(known, "activation", Object.keys(ACTIVATIONS).join(", "), kind, { error: ArgumentError });
    return this.op(activation, [x], { kind, param })[0];
  }

  /** Over the last dimension. */
  softmax(x: ValueId): ValueId {
    return this.op(softmax, [x], { log: false })[0];
  }

  /** Over the last dimension, without leaving the range of float32. */
  logSoftmax(x: ValueId): ValueId {
    return this.op(softmax, [x], { log: true })[0];
  }

  /**
   * In training, zeroes elements with probability `p` and scales the others by 1 / (1 - p). One draw decides `group`
   * neighbouring elements (default 1), Infinity: all of a batch, also of one that passes through the network in parts.
   */
  dropout(x: ValueId, p: number, group = 1): ValueId {
    share()("dropout", "p", p);
    const stream = ++this.#streams; // layers take them in the order in which they are recorded
    if (!this.training || p === 0) return x;
    const [elements, batch] = [numel(this.shape(x)), this.graph.values[0].shape[0]]; // the first value is the input
    const sample = group < Infinity ? elements / batch : 0;
    return this.op(dropout, [x], { p, group: Math.min(group, elements), sample, stream })[0];
  }

  /** Means over the pixels of each channel: [n, h, w, c] → [n, 1, 1, c]. */
  mean(x: ValueId): ValueId {
    return this.adaptiveAvgPool2d(x, 1);
  }

  /** Means over a grid of bins that cover the image: [n, h, w, c] → [n, size[0], size[1], c]. */
  adaptiveAvgPool2d(x: ValueId, size: Size): ValueId {
    this.expect(this.shape(x).length === 4, "input", "[n, h, w, channels]", this.shape(x));
    return this.op(adaptiveAvgPool2d, [x], { output: pair(1)("adaptiveAvgPool2d", "size", size) })[0];
  }

  /** Each channel of each image times a factor of its own: [n, h, w, c] by [n, 1, 1, c]. */
  scaleChannels(x: ValueId, factors: ValueId): ValueId {
    const [n, , , c] = this.shape(x);
    this.expect(sameShape(this.shape(factors), [n, 1, 1, c]), "factors", [n, 1, 1, c], this.shape(factors));
    return this.op(scaleChannels, [x, factors], {})[0];
  }

  /** The same numbers under another shape. Images are channels last; `flatten` is what orders them as PyTorch does. */
  reshape(x: ValueId, shape: Shape): ValueId {
    const fits = numel(shape) === numel(this.shape(x));
    this.expect(fits, "shape", `${numel(this.shape(x))} numbers`, shape);
    const { role } = this.graph.values[x];
    const isKept = role === "parameter" || role === "buffer";
    return this.op(isKept ? reshapeCopy : reshape, [x], { shape: [...shape] })[0];
  }

  /** [n, ...] → [n, everything else], images channels first. */
  flatten(x: ValueId): ValueId {
    const [n, ...rest] = this.shape(x);
    if (rest.length === 1) return x;
    const reorders = rest.length === 3 && rest[2] > 1 && rest[0] * rest[1] > 1;
    return this.reshape(reorders ? this.op(transposeChannels, [x], { toFirst: true })[0] : x, [n, numel(rest)]);
  }

  /** @internal The state-dict name of a parameter of the layer at work. */
  nameOf(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  /** @internal */
  isFrozen(name: string): boolean {
    return this.mode.isFrozen?.(this.nameOf(name)) ?? false;
  }

  /** @internal Appends an op and returns its outputs. */
  op<A extends object>(op: Op<A>, inputs: ValueId[], attributes: NoInfer<A>): ValueId[] {
    return this.graph.add(op, inputs, attributes, this.path);
  }

  /**
   * @internal Notes a finished layer for `summary()`, with the name that a file has for it. It stands for those of its parts
   * that are at its own path.
   */
  layer(type: string, output: ValueId, name?: string): void {
    const { layers } = this.graph;
    const { path } = this;
    const place = this.#layers.get(path) ?? layers.length;
    this.#layers.set(path, place);
    layers[place] = { path, type, outputShape: this.shape(output), output, name };
  }
}
