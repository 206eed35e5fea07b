/**
 * The canonical form of an imported network: plain data without versions, defaults, shape arithmetic or shared names.
 */
import type { Constant } from "./tensor.js";

/**
 * Stands for the batch in shapes while a network is read: a prime no size has, so that the arithmetic that exporters leave
 * in files (Shape, Gather, Mul, Concat, Reshape) is folded as arithmetic of plain numbers, and what is a multiple of the
 * batch can be told in the end. Products with anything below 2^22 are exact.
 */
export const BATCH = 2 ** 31 - 19;

/** A size for a batch of `n`. */
export const atBatch = (size: number, n: number): number => (isBatch(size) ? (size / BATCH) * n : size);

/** The batch that stands for any where constants have a row for each sample: two rows tell a step from a constant. */
export const SAMPLE = 2;

export const isBatch = (size: number): boolean => size >= BATCH && size % BATCH === 0;

export type AttributeValue = number | boolean | string | number[];

/** One op. In shapes and axes the order is the file's, channels first. */
export interface Step {
  op: string;
  /** The file's name of the node. */
  name: string;
  /** Names of values; an empty name is an input that is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Record<string, AttributeValue>;
}

export interface NetValue {
  /** Sizes; the batch's is a multiple of BATCH. */
  shape: number[];
  isFloat: boolean;
  constant?: Constant;
}

export interface Net {
  opset: number;
  producer: string;
  inputs: string[];
  outputs: string[];
  steps: Step[];
  /** Every value that a step reads or makes. */
  values: Map<string, NetValue>;
}

/** `[n, 3, 32, 32]` */
export function formatSizes(shape: readonly number[]): string {
  const show = (size: number) => (isBatch(size) ? (size === BATCH ? "n" : `${size / BATCH}n`) : String(size));
  return `[${shape.map(show).join(", ")}]`;
}
