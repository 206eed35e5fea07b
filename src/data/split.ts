/** Random splits in two parts or in folds, which may keep each class's share. */
import { expectInteger } from "../core/check.js";
import { flag, integer, optional, readOptions, type Schema } from "../core/options.js";
import { Philox } from "../core/random.js";

/** How examples or rows are split in two. */
export interface SplitOptions {
  /** Default 0. */
  seed?: number;
  /** Whether both parts have the same share of each class; by default where targets are classes. */
  stratify?: boolean;
}

const schema = () =>
  ({
    seed: integer({ max: Number.MAX_SAFE_INTEGER, default: 0 }),
    stratify: optional(checkedFlag),
  }) satisfies Schema<SplitOptions>;

const checkedFlag = (where: string, name: string, value: unknown): boolean => flag(false)(where, name, value);

/** Options, or a seed alone. */
export function readSplitOptions(where: string, options: unknown): { seed: number; stratify?: boolean | undefined } {
  if (typeof options !== "number") return readOptions(where, options, schema);
  return { seed: expectInteger(where, "seed", options, 0, Number.MAX_SAFE_INTEGER) };
}

/** Apart from the streams that parameters, samplers and augmentation of the same seed use. */
const SPLIT_STREAM = 0xfffe0000;

/** 0 … length - 1 in random order. */
function permutation(length: number, seed: number): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  new Philox(seed, SPLIT_STREAM).shuffle(order);
  return order;
}

/** `count` of the places 0 … length - 1, and the rest, in random order; with `labels`, the same share of each in both. */
export function splitOrder(
  length: number,
  count: number,
  seed: number,
  labels: ArrayLike<unknown> | undefined,
): [Int32Array, Int32Array] {
  const order = permutation(length, seed);
  return labels ? stratified(order, labels, count) : [order.subarray(0, count), order.subarray(count)];
}

/**
 * `count` of the places in `order`, with each label's share of them rounded so that the sum is right (largest remainders
 * first), and the rest. Both parts keep the order. In time linear in the places.
 */
function stratified(order: Int32Array, labels: ArrayLike<unknown>, count: number): [Int32Array, Int32Array] {
  const sizes = new Map<unknown, number>();
  for (let i = 0; i < labels.length; i++) sizes.set(labels[i], (sizes.get(labels[i]) ?? 0) + 1);
  const shares = [...sizes].map(([label, size]) => {
    const exact = (size * count) / order.length;
    return { label, taken: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  let left = count - shares.reduce((sum, { taken }) => sum + taken, 0);
  for (const share of [...shares].sort((a, b) => b.rest - a.rest)) if (left-- > 0) share.taken++;
  const quotas = new Map(shares.map(({ label, taken }) => [label, taken]));
  const first = new Int32Array(count);
  const second = new Int32Array(order.length - count);
  let [a, b] = [0, 0];
  for (const place of order) {
    const quota = quotas.get(labels[place]) ?? 0;
    quotas.set(labels[place], quota - 1);
    if (quota > 0) first[a++] = place;
    else second[b++] = place;
  }
  return [first, second];
}

/**
 * The places 0 … length - 1 dealt to `k` folds at random: each in one of them, sizes and, with `labels`, the numbers of each label
 * equal within one.
 */
export function foldOrder(length: number, k: number, seed: number, labels?: ArrayLike<unknown>): Int32Array[] {
  const order = permutation(length, seed);
  const dealt = labels ? groupedBy(order, labels) : order;
  return Array.from({ length: k }, (_, fold) => dealt.filter((_, i) => i % k === fold));
}

/** `order` with the places of each label together, in the order in which labels come first. */
function groupedBy(order: Int32Array, labels: ArrayLike<unknown>): Int32Array {
  const groups = new Map<unknown, number[]>();
  for (const place of order) {
    const group = groups.get(labels[place]);
    if (group) group.push(place);
    else groups.set(labels[place], [place]);
  }
  return Int32Array.from([...groups.values()].flat());
}
