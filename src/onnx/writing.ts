/**
 * What is kept while a graph is written as ONNX: where each value's axes are, the nodes, and the tensors among them.
 */

import { BATCH, isBatch } from "../core/any-batch.js";
import { lookUp } from "../core/look-up.js";
import type { Tensor } from "../core/tensor.js";
import type { Graph, Parameter } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { AttributeProto, NodeProto, TensorProto } from "./messages.js";

/** A value in the file: axis i there is axis `order[i]` of the graph's. */
export interface Written {
  name: string;
  order: readonly number[];
}

/** Integers, lists of integers, and floats as `{ f }`. */
type Attributes = Record<string, number | readonly number[] | { f: number }>;

/** ONNX's codes of types. */
const FLOAT = 1;
const INT64 = 7;

export const identity = (rank: number): number[] => Array.from({ length: rank }, (_, i) => i);

/** [n, h, w, c] in the order n, c, h, w. */
export const channelsFirst = (rank: number): number[] =>
  rank < 3 ? identity(rank) : [0, rank - 1, ...identity(rank - 1).slice(1)];

const attributeOf = (name: string, value: Attributes[string]): AttributeProto => {
  if (typeof value === "number") return { name, i: value, type: 2 };
  return "f" in value ? { name, f: value.f, type: 1 } : { name, ints: value, type: 7 };
};

const floats = (name: string, data: Float32Array, dims: readonly number[]): TensorProto => ({
  name,
  dims: [...dims],
  dataType: FLOAT,
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

export class Writing {
  readonly graph: Graph;
  readonly opset: number;
  readonly nodes: NodeProto[] = [];
  readonly initializers = new Map<string, TensorProto>();
  /** Running variances and epsilons, by the values that stand for 1 / sqrt(variance + eps). */
  readonly deviations = new Map<ValueId, { variance: ValueId; eps: number }>();
  /** The path of the layer whose ops are being written. */
  path = "";
  readonly #state: ReadonlyMap<string, Tensor>;
  readonly #weights: ReadonlyMap<ValueId, Parameter>;
  readonly #written = new Map<ValueId, Written>();
  readonly #arranged = new Map<string, string>();
  readonly #names = new Set<string>();

  /** `reserved`: names of inputs and outputs. */
  constructor(
    graph: Graph,
    state: ReadonlyMap<string, Tensor>,
    { opset, reserved }: { opset: number; reserved: readonly string[] },
  ) {
    this.graph = graph;
    this.opset = opset;
    this.#weights = new Map([...graph.parameters, ...graph.buffers].map((each) => [each.value, each]));
    this.#state = state;
    for (const name of [...reserved, ...state.keys()]) this.#names.add(name);
  }

  shape(id: ValueId): readonly number[] {
    return this.graph.shape(id);
  }

  /** Sizes in an order, -1 for the batch's. */
  sizes(id: ValueId, order: readonly number[]): number[] {
    const shape = this.shape(id);
    return order.map((axis) => (isBatch(shape[axis]) ? -1 : shape[axis]));
  }

  put(id: ValueId, written: Written): void {
    this.#written.set(id, written);
  }

  /** A value, or a weight as the state dict has it. */
  at(id: ValueId): Written {
    return this.#weights.has(id) ? { name: this.weight(id), order: this.orderOf(id) } : lookUp(this.#written, id);
  }

  /** How the axes of a value lie, or those of a weight in the state dict. */
  orderOf(id: ValueId): readonly number[] {
    const weight = this.#weights.get(id);
    if (!weight) return lookUp(this.#written, id).order;
    const { length } = weight.shape;
    return weight.layout === "channelsLast" ? channelsFirst(length) : identity(length);
  }

  unique(name: string): string {
    let free = name;
    for (let i = 1; this.#names.has(free); i++) free = `${name}_${i}`;
    this.#names.add(free);
    return free;
  }

  /** Appends a node and returns the name of its output. */
  node(opType: string, input: string[], attributes: Attributes = {}): string {
    const name = this.unique(`${["", ...this.path.split(".").filter(Boolean)].join("/")}/${opType}`);
    const output = this.unique(`${name}_output`);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
    this.nodes.push({ name, opType, input, output: [output], attribute });
    return output;
  }

  /** A parameter or buffer, in the shape that the file's op wants. */
  weight(id: ValueId, dims?: readonly number[]): string {
    const { name, tensor } = this.#tensor(id);
    return this.#initializer(name, "", () => Float32Array.from(tensor.data), dims ?? tensor.shape);
  }

  /** A weight [out, in] as [in, out]. */
  transposed(id: ValueId): string {
    const { name, tensor } = this.#tensor(id);
    const [out, into] = tensor.shape;
    const turned = () => Float32Array.from(tensor.data, (_, i) => tensor.data[(i % out) * into + Math.floor(i / out)]);
    return this.#initializer(name, "transposed", turned, [into, out]);
  }

  #tensor(id: ValueId): { name: string; tensor: Tensor } {
    const { name } = this.graph.values[this.graph.root(id)];
    return { name, tensor: lookUp(this.#state, name) };
  }

  /** A weight that ops read in two forms stands in the file twice. */
  #initializer(name: string, form: string, data: () => Float32Array, dims: readonly number[]): string {
    const key = `${form}[${dims}]${name}`;
    const known = this.#arranged.get(key);
    if (known !== undefined) return known;
    const free = this.initializers.has(name) ? this.unique(name) : name;
    this.initializers.set(free, floats(free, data(), dims));
    this.#arranged.set(key, free);
    return free;
  }

  isWeight(id: ValueId): boolean {
    return this.#state.has(this.graph.values[this.graph.root(id)].name);
  }

  /** Numbers that are no weights, such as the ones of a norm without. Equal ones stand once. */
  constant(values: readonly number[], dims: readonly number[]): string {
    return this.#fixed("constant", values, dims, (name) => floats(name, Float32Array.from(values), dims));
  }

  /** Shapes, axes and the like. */
  integers(...values: number[]): string {
    const dims = [values.length];
    return this.#fixed("integers", values, dims, (name) => ({ name, dims, dataType: INT64, int64Data: values }));
  }

  #fixed(
    kind: string,
    values: readonly number[],
    dims: readonly number[],
    make: (name: string) => TensorProto,
  ): string {
    const form = `${kind}[${dims}]${values}`;
    const known = this.#arranged.get(form);
    if (known !== undefined) return known;
    const name = this.unique(kind);
    this.initializers.set(name, make(name));
    this.#arranged.set(form, name);
    return name;
  }

  /** A value with its axes in an order, turned where they are not. */
  as(id: ValueId, order: readonly number[]): string {
    const { name, order: now } = this.at(id);
    if (String(now) === String(order)) return name;
    const form = `${name} as ${order}`;
    const known = this.#arranged.get(form);
    if (known !== undefined) return known;
    const turned = this.node("Transpose", [name], { perm: order.map((axis) => now.indexOf(axis)) });
    this.#arranged.set(form, turned);
    return turned;
  }

  /** An image, or a row of pixels, with the channels first. */
  image(id: ValueId): string {
    return this.as(id, channelsFirst(this.shape(id).length));
  }

  /** With the axes as in the graph. */
  rows(id: ValueId): string {
    return this.as(id, identity(this.shape(id).length));
  }

  /** The numbers as they lie in the graph's memory, under whatever shape: axes of size 1 may be anywhere. */
  flat(id: ValueId): string {
    const { name, order } = this.at(id);
    return this.isInMemoryOrder(id, order) ? name : this.rows(id);
  }

  isInMemoryOrder(id: ValueId, order: readonly number[]): boolean {
    const long = order.filter((axis) => this.shape(id)[axis] !== 1);
    return long.every((axis, i) => i === 0 || axis > long[i - 1]);
  }
}

/** A graph for a batch of any size is recorded with this one. */
export const ANY_BATCH = BATCH;

/** How an op of the library is written; gives nothing where it makes no value of the file. */
export type Rule<A extends object = object> = (w: Writing, node: Node<A>) => Written | undefined;
