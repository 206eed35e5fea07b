/** A node as an operator's rule sees it, and what rules have in common. */
import { ability } from "../core/ability.js";
import type { AttributeValue } from "../nn/imported/step.js";
import type { AttributeProto, TensorProto } from "./messages.js";
import type { NetValue } from "./net.js";
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

/** The versions whose rules are known. */
export const OPSETS: readonly [number, number] = [6, 23];

export const isOwn = (domain: string | undefined): boolean => !domain || domain === "ai.onnx";

export interface FlatNode {
  /** The file's name, or one of its place. */
  name: string;
  opType: string;
  rule: Rule;
  opset: number;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, AttributeProto>;
}

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

/** What a node's call is made of. */
export interface CallContext {
  values: ReadonlyMap<string, NetValue>;
  fileBatch: number | undefined;
  /** An error about a part of the node. */
  refuse: Call["refuse"];
  /** A tensor that is an attribute of it. */
  read(tensor: TensorProto, name: string): Constant;
}

export function callOf(node: FlatNode, inputs: string[], { values, fileBatch, refuse, read }: CallContext): Call {
  const { attributes, opset, outputs } = node;
  const value = (index: number): NetValue => {
    const made = inputs[index] ? values.get(inputs[index]) : undefined;
    if (!made) throw refuse(`input ${index}`, "a value", "none");
    return made;
  };
  const given = <T>(
    name: string,
    find: (attribute: AttributeProto) => T | undefined,
    fallback: T | undefined,
    kind: string,
  ): T => {
    const attribute = attributes.get(name);
    const found = attribute ? find(attribute) : fallback;
    if (found === undefined) throw refuse(name, kind, attribute ? "another kind" : "none");
    return found;
  };
  return {
    opset,
    fileBatch,
    // Inputs that are left out at the end are none.
    inputs: inputs.slice(0, inputs.findLastIndex((input) => input !== "") + 1),
    outputs,
    refuse,
    has: (index) => Boolean(inputs[index]),
    shape: (index) => value(index).shape,
    constant: (index) => (inputs[index] ? value(index).constant : undefined),
    type: (index) => (inputs[index] ? value(index).type : undefined),
    numbers(index) {
      const { constant } = value(index);
      if (!constant || constant.isSample)
        throw refuse(`input ${index}`, "constants", "values that are known only when it runs");
      if (constant.data.length > 2 ** 16) throw refuse(`input ${index}`, "a few numbers", `${constant.data.length}`);
      return [...constant.data];
    },
    // Zero is left out by writers that leave out defaults.
    int: (name, fallback) =>
      given(name, ({ i, type }) => i ?? (type === undefined || type === 2 ? 0 : undefined), fallback, "an integer"),
    float: (name, fallback) =>
      given(name, ({ f, type }) => f ?? (type === undefined || type === 1 ? 0 : undefined), fallback, "a number"),
    ints(name) {
      const attribute = attributes.get(name);
      if (!attribute || (attribute.type !== undefined && attribute.type !== 7)) return undefined;
      return Array.from(attribute.ints ?? []);
    },
    text: (name, fallback) =>
      given(
        name,
        ({ s }) => (s ? new (ability("importOnnx", "TextDecoder"))().decode(s) : undefined),
        fallback,
        "a text",
      ),
    tensor(name) {
      const tensor = attributes.get(name)?.t;
      return tensor && read(tensor, name);
    },
  };
}
