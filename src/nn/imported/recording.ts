/** What recording a net keeps in mind: where each value lies in memory, and which weights there are. */

import { atBatch } from "../../core/any-batch.js";
import { sameShape } from "../../core/shape.js";
import type { Parameter } from "../../graph/graph.js";
import type { Init, InitName } from "../../graph/init.js";
import type { ValueId } from "../../graph/value.js";
import type { Builder } from "../../ops/builder.js";
import { transposeChannels } from "../../ops/shape.js";
import type { Step } from "./step.js";

/** What is kept of a file: everything but the weights. Plain data, as JSON has it. */
export interface Definition {
  /** The name and sizes of the input, in the file's order, the batch first. */
  input: string;
  /** The file's names, and the values that have them. */
  outputs: {
    name: string;
    value: string;
    /** Its channels are last in the file, or what stands last is what it is about: it keeps the file's order. */
    isChannelsLast?: boolean;
  }[];
  /** Whether the file takes images with the channels last. */
  isChannelsLast: boolean;
  /** The whole input is one sample: no axis is the batch's. */
  isWhole?: boolean;
  steps: Step[];
  /** Sizes of all values, in the file's order. */
  shapes: Record<string, number[]>;
  /** Weights by the names in the file. */
  weights: Record<string, Weight>;
}

export interface Weight {
  /** The name in the state dict. */
  name: string;
  /** The shape in the state dict; the file's may be transposed. */
  shape: number[];
  role: "conv" | "linear" | "vector" | "map" | "kept";
  /** The file has it as [in, out]. */
  isTransposed?: boolean;
  /** The file multiplies by it. */
  factor?: number;
  /** The file has one for so many of these. */
  repeat?: number;
  /** The file's name, where the key is another: nodes read it in several ways. */
  from?: string;
  /** Of a head that took another's place: what it starts from. */
  init?: InitName | Init;
}

/**
 * A value and the order of its axes in memory: axis i of memory is axis `order[i]` of the file. A transposition moves
 * nothing: it makes another order of the same memory.
 */
export interface Placed {
  id: ValueId;
  shape: number[];
  order: number[];
}

/** Thrown by an emitter, and gathered: what the library has no op for. */
export class Unsupported extends Error {}

export const unsupported = (reason: string): never => {
  throw new Unsupported(reason);
};

/** A value, and its axes in memory; without, images lie channels last and all else as in the file. */
export interface Emitted {
  id: ValueId;
  order?: number[];
}

/** [vertical, horizontal]; of a row of pixels, [1, horizontal] or what else does nothing to the height. */
export function pair(values: unknown, height = 1): [number, number] {
  if (!Array.isArray(values)) return unsupported("sizes that are no list");
  const [first, second] = values;
  return values.length === 1 ? [height, first] : [first, second];
}

/** Undefined where the step is of another form than the emitter's; nothing is recorded then. */
export type Emitter = (step: Step, r: Recording, shape: number[]) => Emitted | undefined;

export const identity = (rank: number): number[] => Array.from({ length: rank }, (_, i) => i);

/** [n, c, h, w] in the order n, h, w, c. */
export const channelsLast = (rank: number): number[] =>
  rank < 3 ? identity(rank) : [0, ...identity(rank).slice(2), 1];

export const sameOrder = (a: readonly number[], b: readonly number[]): boolean => a.every((axis, i) => axis === b[i]);

/** A file's value as a batch of one sample; a single number is a sample of one. */
export const wholeSample = (shape: readonly number[]): number[] => [1, ...(shape.length > 0 ? shape : [1])];

/** What a network takes: the batch, 1 where the whole is one sample, and one sample's sizes as they lie in memory. */
export function inputShape({ input, shapes, isChannelsLast, isWhole }: Definition, batch: number): number[] {
  const sizes = shapes[input].map((size) => atBatch(size, isWhole ? 1 : batch));
  if (isWhole) return wholeSample(sizes);
  return (isChannelsLast ? identity(sizes.length) : channelsLast(sizes.length)).map((axis) => sizes[axis]);
}

/** [n, length, channels] → [n, 1, length, channels] */
const withHeight = ([n, ...rest]: readonly number[]): number[] => [n, 1, ...rest];

/** Records the steps of one net. */
export class Recording {
  readonly b: Builder;
  readonly definition: Definition;
  readonly batch: number;
  readonly values = new Map<string, Placed>();
  readonly #weights = new Map<string, Parameter>();
  /** Of the network, where all weights are declared. */
  readonly #path: string;

  readonly #transposed: (x: ValueId, order: number[]) => ValueId;

  /** `transposed` moves the axes of a value: axis i of the result is axis `order[i]`. */
  constructor(b: Builder, definition: Definition, x: ValueId, transposed: (x: ValueId, order: number[]) => ValueId) {
    this.b = b;
    this.#transposed = transposed;
    this.definition = definition;
    this.#path = b.path;
    this.batch = b.shape(x)[0];
    const shape = this.shapeOf(definition.input);
    const order = definition.isChannelsLast ? identity(shape.length) : channelsLast(shape.length);
    const memory = order.map((axis) => shape[axis]);
    const expected = definition.isWhole ? wholeSample(memory) : memory;
    b.expect(sameShape(b.shape(x), expected), "input", expected, b.shape(x));
    this.values.set(definition.input, { id: definition.isWhole ? b.reshape(x, memory) : x, shape, order });
    // Weights are named as in the file, whatever the place of the node that reads them.
    for (const [key, { name, shape: stored, role, init = 0 }] of Object.entries(definition.weights)) {
      b.expect(typeof name === "string", "weight", "a name", name);
      const { parameters, buffers } = b.graph;
      if (role === "kept") b.buffer(name, stored);
      else b.parameter(name, stored, { init, layout: role === "conv" ? "channelsLast" : "same" });
      const list = role === "kept" ? buffers : parameters;
      this.#weights.set(key, list[list.length - 1]);
    }
  }

  /** Whether samples lie along an axis of the file. */
  isBatch(axis: number): boolean {
    return axis === 0 && !this.definition.isWhole;
  }

  shapeOf(name: string): number[] {
    return this.definition.shapes[name].map((size) => atBatch(size, this.batch));
  }

  /** A weight that a node reads; it belongs to the first that does. */
  weight(name: string): ValueId {
    const entry = this.#weights.get(name);
    if (!entry) throw new Unsupported("a weight");
    if (entry.path === this.#path) entry.path = this.b.path;
    return entry.value;
  }

  hasWeight(name: string | undefined): boolean {
    return name !== undefined && this.#weights.has(name);
  }

  /** A value that an earlier step made. */
  value(name: string | undefined): Placed {
    const value = name ? this.values.get(name) : undefined;
    if (!value) throw new Unsupported(name ? "a constant among its inputs" : "an input left out");
    return value;
  }

  /** A value that an earlier step made, or a weight as the file has it. */
  operand(name: string | undefined): Placed {
    const weight = name === undefined ? undefined : this.definition.weights[name];
    if (name === undefined || !weight || this.values.has(name)) return this.value(name);
    if (weight.role !== "map" && weight.role !== "kept") throw new Unsupported("a weight that another op reads, too");
    return { id: this.weight(name), shape: weight.shape, order: identity(weight.shape.length) };
  }

  /** The memory of a value in another order of its axes; axes of size 1 may lie anywhere. */
  arranged({ id, shape, order }: Placed, to: number[]): ValueId {
    if (sameOrder(order, to)) return id;
    const long = (axes: number[]) => axes.filter((axis) => shape[axis] !== 1);
    const target = to.map((axis) => shape[axis]);
    if (sameOrder(long(order), long(to))) return this.b.reshape(id, target);
    const first = identity(shape.length);
    const last = channelsLast(shape.length);
    const toFirst = sameOrder(order, last) && sameOrder(to, first);
    if ((shape.length === 3 || shape.length === 4) && (toFirst || (sameOrder(order, first) && sameOrder(to, last)))) {
      const memory = this.b.shape(id);
      // A row of pixels as an image of width 1, whichever way it is turned.
      const image =
        shape.length === 4 ? id : this.b.reshape(id, toFirst ? [memory[0], memory[1], 1, memory[2]] : [...memory, 1]);
      const turned = this.b.op(transposeChannels, [image], { toFirst })[0];
      return shape.length === 4 ? turned : this.b.reshape(turned, target);
    }
    return this.#transposed(
      id,
      to.map((axis) => order.indexOf(axis)),
    );
  }

  /** The memory of an image or of a signal, channels last. */
  pixels(name: string | undefined): ValueId {
    const value = this.value(name);
    const { length } = value.shape;
    if (length !== 3 && length !== 4) throw new Unsupported(`${length - 2} spatial axes`);
    return this.arranged(value, channelsLast(length));
  }

  /** An image's memory, channels last; a signal is an image of height 1. */
  image(name: string | undefined): ValueId {
    const id = this.pixels(name);
    const shape = this.b.shape(id);
    return shape.length === 4 ? id : this.b.reshape(id, withHeight(shape));
  }

  /** An image as a value of a shape of the file's, which may be a row. */
  unimage(id: ValueId, shape: readonly number[]): { id: ValueId } {
    if (shape.length === 4) return { id };
    const [n, , length, channels] = this.b.shape(id) as [number, number, number, number];
    return { id: this.b.reshape(id, [n, length, channels]) };
  }

  /** The memory of a value in the file's order. */
  rows(name: string | undefined): ValueId {
    const value = this.value(name);
    return this.arranged(value, identity(value.shape.length));
  }
}
