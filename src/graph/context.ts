/** What ops are encoded with: the addresses of a plan's memory, and the record of a kernel from operands by name. */
import { encodeRecord, recordGroup } from "../abi/encode.js";
import type { KernelArguments, KernelName, Words } from "../abi/records.js";
import { last, numel, type Shape } from "../core/shape.js";
import type { ValueId } from "./value.js";

/** Byte addresses of everything that a program touches. */
export interface Addresses {
  value(id: ValueId): number;
  /** Weights and gradients of neighbouring parameters, and what an optimiser keeps for them under a name; `n` floats. */
  run(first: number, count: number): { w: number; g: number; n: number; state(name: string): number };
  /** All parameters, their gradients, sums of gradients over parts of a batch, and averages. */
  all: { w: number; g: number; sum: number; ema: number; n: number };
  workspace: number;
  scratch: number;
  scratchStride: number;
}

const zero = () => 0;
const none = { w: 0, g: 0, sum: 0, ema: 0, n: 0, state: zero };

/** Addresses for a program of which only the group is asked: no words are written, which takes a cold start as long again. */
export const NOWHERE: Addresses = {
  value: zero,
  run: () => none,
  all: none,
  workspace: 0,
  scratch: 0,
  scratchStride: 0,
};

/** What every kernel may read, by the names that signatures have for it: memory, and the sizes of the first input. */
interface Usual {
  partial: number;
  scratch: number;
  scratchStride: number;
  n: number;
  batch: number;
  rows: number;
  cols: number;
  channels: number;
}

/** The arguments of a kernel that neither operands nor attributes nor the usual sizes give. */
type Missing<K extends KernelName, Given> = Exclude<keyof KernelArguments<K>, Given | keyof Usual>;
type Rest<K extends KernelName, Given> = [Missing<K, Given>] extends [never]
  ? [rest?: Partial<KernelArguments<K>>]
  : [rest: Partial<KernelArguments<K>> & Pick<KernelArguments<K>, Missing<K, Given>>];

/** The attributes that a record can hold as they are. */
type Scalars<A> = { [K in keyof A]: A[K] extends number | boolean ? K : never }[keyof A];

/** A node, as far as its records depend on it. */
interface Encoded<A extends object = object> {
  inputs: ValueId[];
  outputs: ValueId[];
  attributes: A;
}

export class Context {
  readonly at: Addresses;
  readonly #shape: (id: ValueId) => Shape;
  readonly #words: number[];
  /** The place in `GROUPS` of the last group that a record has taken. */
  group = 0;

  constructor(shape: (id: ValueId) => Shape, at: Addresses, words: number[]) {
    this.#shape = shape;
    this.at = at;
    this.#words = words;
  }

  /** The address of an input. */
  input(node: Encoded, i: number): number {
    return this.at.value(node.inputs[i]);
  }

  /** The address of the first output. */
  output(node: Encoded): number {
    return this.at.value(node.outputs[0]);
  }

  /** The shape of an input. */
  shape(node: Encoded, i: number): Shape {
    return this.#shape(node.inputs[i]);
  }

  /** The shape of the first output. */
  outputShape(node: Encoded): Shape {
    return this.#shape(node.outputs[0]);
  }

  /**
   * Appends the record of a kernel. `inputs` and `outputs` are its names for the node's values, in the node's order; a name
   * for which there is no value stands for an operand that is absent. Attributes reach it under their own names. `rest`
   * has the arguments that are still missing, and overrides the others.
   */
  emit<K extends KernelName, A extends object, I extends string, O extends string>(
    kernel: K,
    node: Encoded<A>,
    inputs: I,
    outputs: O,
    ...[rest]: Rest<K, Words<I> | Words<O> | Scalars<A>>
  ): void {
    const { workspace, scratch, scratchStride } = this.at;
    const shape = node.inputs.length > 0 ? this.shape(node, 0) : [1];
    const [n, cols] = [numel(shape), last(shape)];
    const usual: Usual & Record<string, number> = {
      partial: workspace,
      scratch,
      scratchStride,
      n,
      batch: shape[0],
      rows: n / cols,
      cols,
      channels: cols,
    };
    const args: Record<string, number> = Object.assign(usual, node.attributes);
    this.#name(args, inputs, node.inputs);
    this.#name(args, outputs, node.outputs);
    this.record(kernel, Object.assign(args, rest));
  }

  /** Appends the record of a kernel of which only the graph knows what its arguments are called, with the words of a table. */
  record(kernel: KernelName, args: Readonly<Record<string, number>>, table?: readonly number[]): void {
    this.group = Math.max(this.group, recordGroup(kernel, args));
    if (this.at !== NOWHERE) encodeRecord(this.#words, kernel, args as KernelArguments<KernelName>, table);
  }

  #name(args: Record<string, number>, names: string, ids: ValueId[]): void {
    const words = names.split(" ");
    for (let i = 0; i < ids.length; i++) args[words[i]] = this.at.value(ids[i]);
  }
}
