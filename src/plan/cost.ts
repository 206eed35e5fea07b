/** What ops cost: multiply-adds and bytes. */
import { numel } from "../core/shape.js";
import type { Graph } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import { bytesOf, type ValueId } from "../graph/value.js";

const shapes = (graph: Graph, ids: readonly ValueId[]) => ids.map((id) => graph.shape(id));

export function nodeMacs(graph: Graph, { op, inputs, outputs, attributes }: Node): number {
  return op.macs?.(shapes(graph, inputs), shapes(graph, outputs), attributes) ?? 0;
}

export function stepMacs(graph: Graph, nodes: readonly Node[]): number {
  return nodes.reduce((sum, node) => sum + nodeMacs(graph, node), 0);
}

/** Multiply-adds, numbers written, and what pools read for each: what time grows with. */
export function stepWork(graph: Graph, nodes: readonly Node[]): number {
  const written = ({ op, outputs, attributes }: Node) =>
    outputs.reduce((sum, id) => sum + numel(graph.shape(id)), 0) * (op.reads?.(attributes) ?? 1);
  return nodes.reduce((sum, node) => sum + nodeMacs(graph, node) + written(node), 0);
}

/** Operands read and results written, each counted once; `run` gives the bytes of neighbouring parameters. */
export function nodeBytes(
  graph: Graph,
  node: Node,
  run: (parameters: { first: number; count: number }) => number,
): number {
  const { op, inputs, outputs, attributes } = node;
  const values = [...inputs, ...outputs].reduce((sum, id) => sum + bytesOf(graph.values[id]), 0);
  return op.bytes?.(attributes, run) ?? values;
}

/** The most that any of the ops needs while it runs, in bytes: memory that threads share, or memory of each thread's own. */
export function mostBytes(graph: Graph, nodes: readonly Node[], kind: "workspace" | "scratch"): number {
  const needs = nodes.map(({ op, inputs, attributes }) => op[kind]?.(shapes(graph, inputs), attributes) ?? 0);
  return needs.reduce((most, bytes) => Math.max(most, bytes), 0);
}
