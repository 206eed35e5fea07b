/** Filters that are standardised as the network runs (`StdConv2d`), written as what they come to. */
import { lookUp } from "../core/look-up.js";
import { numel } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { countReaders, type Graph } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";

/**
 * Replaces weights [out, …] that are brought to mean 0 and variance 1, row by row, by the result, in `state`; nodes without
 * those that did it.
 */
export function standardiseFilters(graph: Graph, state: Map<string, Tensor>): void {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const)));
  const readers = countReaders(graph.nodes);
  const done = new Set<Node>();
  const weights = new Map<ValueId, ValueId>();
  for (const back of graph.nodes) {
    const norm = makers.get(back.inputs[0]);
    const rows = norm && makers.get(norm.inputs[0]);
    if (back.op.name !== "reshape" || norm?.op.name !== "layerNorm" || rows?.op.name !== "reshapeCopy") continue;
    const [weight] = rows.inputs;
    const { name } = graph.values[weight];
    const tensor = state.get(name);
    if (!tensor || readers.get(weight) !== 1) continue;
    const { eps } = norm.attributes as { eps: number };
    state.set(name, { shape: tensor.shape, data: standardised(tensor, eps) });
    for (const node of [rows, norm, back]) done.add(node);
    weights.set(back.outputs[0], weight);
  }
  if (done.size === 0) return;
  graph.nodes = graph.nodes.filter((node) => !done.has(node));
  for (const node of graph.nodes) node.inputs = node.inputs.map((id) => (weights.has(id) ? lookUp(weights, id) : id));
}

/** (w - mean) / sqrt(variance + eps) of each row. */
function standardised({ data, shape }: Tensor, eps: number): Float32Array<ArrayBuffer> {
  const cols = numel(shape.slice(1));
  const to = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += cols) {
    const row = data.subarray(at, at + cols);
    const mean = row.reduce((sum, v) => sum + v, 0) / cols;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / cols;
    for (let i = 0; i < cols; i++) to[at + i] = (row[i] - mean) / Math.sqrt(variance + eps);
  }
  return to;
}
