/**
 * Memory planning: every value that lives within a step gets an offset in one arena, so that values whose lives overlap
 * never share a byte. Lives are intervals of step positions; values are placed from the largest to the smallest, each
 * at the lowest offset where nothing that lives at the same time stands.
 */

import { roundUp } from "../core/shape.js";
import type { Graph } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import { ALIGNMENT } from "../graph/regions.js";
import { bytesOf, type ValueId } from "../graph/value.js";

export interface Arena {
  bytes: number;
  /** Offset of each value in bytes. */
  offsets: Map<ValueId, number>;
}

export interface Lifetime {
  first: number;
  last: number;
}

const valueBytes = (graph: Graph, id: ValueId): number => roundUp(bytesOf(graph.values[id]), ALIGNMENT);

/** First and last position at which each arena value is alive. Host-written values live from the start. */
function lifetimes(
  graph: Graph,
  nodes: readonly Node[],
  inArena: (id: ValueId) => boolean,
  keep: ReadonlySet<ValueId>,
): Map<ValueId, Lifetime> {
  const lives = new Map<ValueId, Lifetime>();
  const touch = (value: ValueId, at: number) => {
    const id = graph.root(value);
    if (!inArena(id)) return;
    const hostWritten = graph.values[id].role !== "activation";
    const life = lives.get(id) ?? { first: hostWritten ? -1 : at, last: at };
    life.last = Math.max(life.last, at);
    lives.set(id, life);
  };
  nodes.forEach((node, at) => {
    for (const id of node.inputs) touch(id, at);
    for (const id of node.outputs) touch(id, at);
  });
  for (const id of keep) touch(id, nodes.length);
  // What the host writes has a place even where no op reads it.
  for (const { id, role } of graph.values) if (role !== "activation") touch(id, -1);
  return lives;
}

interface Buffer {
  bytes: number;
  /** The values that take turns in this buffer, in-place ops having handed it on. */
  values: ValueId[];
  life: Lifetime;
}

export function planArena(
  graph: Graph,
  nodes: readonly Node[],
  inArena: (id: ValueId) => boolean,
  keep: ReadonlySet<ValueId>,
): Arena {
  const lives = lifetimes(graph, nodes, inArena, keep);
  const buffers = shareInPlace(graph, nodes, lives);
  const offsets = new Map<ValueId, number>();
  const place = spaceFor(nodes.length);
  let bytes = 0;
  for (const buffer of [...new Set(buffers.values())].sort(
    (a, b) => b.bytes - a.bytes || a.life.first - b.life.first,
  )) {
    const offset = place(buffer.life, buffer.bytes);
    bytes = Math.max(bytes, offset + buffer.bytes);
    for (const id of buffer.values) offsets.set(id, offset);
  }
  for (const value of graph.values) {
    const offset = offsets.get(graph.root(value.id));
    if (offset !== undefined) offsets.set(value.id, offset);
  }
  return { bytes, offsets };
}

/** Bytes from `start` to `end`. */
type Span = readonly [start: number, end: number];

/**
 * Places lives of `bytes` each at the lowest offset that is free. What is taken when is kept in a segment tree over the
 * positions -1 to `last` of a step: node n is halved by nodes 2n and 2n + 1. Bytes that are taken side by side are one span, so
 * that a node has few; with a list of all buffers, of which half live at a time in training, planning took the square of them.
 */
function spaceFor(last: number): (life: Lifetime, bytes: number) => number {
  /** What is taken at some time within a node, and, by -n, what is taken all that time. */
  const spans = new Map<number, Span[]>();
  /** The nodes that a life touches, negative where it does not go through all of them. */
  const touched = (life: Lifetime, n = 1, from = -1, to = last): number[] => {
    if (life.last < from || life.first > to) return [];
    if (life.first <= from && to <= life.last) return [n];
    const middle = (from + to) >> 1;
    return [-n, ...touched(life, 2 * n, from, middle), ...touched(life, 2 * n + 1, middle + 1, to)];
  };
  return (life, bytes) => {
    const nodes = touched(life);
    let offset = 0;
    for (const [start, end] of nodes.flatMap((n) => spans.get(n) ?? []).sort((a, b) => a[0] - b[0])) {
      if (offset + bytes <= start) break;
      offset = Math.max(offset, end);
    }
    for (const n of nodes.flatMap((n) => (n > 0 ? [n, -n] : [-n])))
      spans.set(n, join(spans.get(n) ?? [], offset, offset + bytes));
    return offset;
  };
}

/** Spans with another one, which becomes one with those that it touches. */
function join(spans: readonly Span[], start: number, end: number): Span[] {
  const apart = spans.filter((span) => {
    const touches = span[0] <= end && start <= span[1];
    if (touches) [start, end] = [Math.min(start, span[0]), Math.max(end, span[1])];
    return !touches;
  });
  return [...apart, [start, end]];
}

/** Lets an op's first output take over the buffer of an input that dies there. */
function shareInPlace(graph: Graph, nodes: readonly Node[], lives: Map<ValueId, Lifetime>): Map<ValueId, Buffer> {
  const buffers = new Map<ValueId, Buffer>();
  for (const [id, life] of lives) buffers.set(id, { bytes: valueBytes(graph, id), values: [id], life: { ...life } });
  nodes.forEach((node, at) => {
    if (node.outputs.length === 0) return;
    const output = buffers.get(graph.root(node.outputs[0]));
    if (!output || output.life.first !== at || graph.values[node.outputs[0]].aliasOf !== undefined) return;
    for (const i of node.op.inPlace?.(node.attributes) ?? []) {
      const source = buffers.get(graph.root(node.inputs[i]));
      if (!source || source.life.last !== at || source.bytes !== output.bytes || source === output) continue;
      // Another operand in the same buffer would be overwritten while it is read.
      if (node.inputs.some((id, j) => j !== i && buffers.get(graph.root(id)) === source)) continue;
      source.values.push(...output.values);
      source.life.last = output.life.last;
      for (const id of output.values) buffers.set(id, source);
      return;
    }
  });
  return buffers;
}
