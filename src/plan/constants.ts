/** Finds the ops whose results depend on weights and running statistics alone: they run once for each change of those. */
import type { Graph } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import { bytesOf, type ValueId } from "../graph/value.js";

/** Characters of a key. A sum of a weight with itself, of that with itself and so on would soon have more than there is memory. */
const LONGEST_KEY = 10_000;

export interface Constants {
  nodes: Set<Node>;
  /** A name for each constant result, made of ops, attributes and parameter names: equal in every plan of a model. */
  keys: Map<ValueId, string>;
}

/**
 * `changes`: parameters that the step itself updates. Ops with a result of more than `largest` bytes are left to the
 * step, with all that reads it.
 */
export function constantNodes(graph: Graph, changes: ReadonlySet<ValueId>, largest: number): Constants {
  const varying = new Set(changes);
  for (const { op, inputs } of graph.nodes) for (const i of op.writes ?? []) varying.add(inputs[i]);
  const keys = new Map<ValueId, string>();
  const keyOf = (id: ValueId): string | undefined => {
    const { role, name } = graph.values[id];
    if (role === "parameter" || role === "buffer") return varying.has(id) ? undefined : name;
    return keys.get(id);
  };
  const nodes = new Set<Node>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(keyOf);
    if (node.inputs.length === 0 || node.outputs.length === 0 || inputs.includes(undefined)) continue;
    if (node.outputs.some((id) => bytesOf(graph.values[id]) > largest)) continue;
    const key = `(${inputs.join(", ")}) ${JSON.stringify(node.attributes)}`;
    if (key.length > LONGEST_KEY) continue;
    nodes.add(node);
    node.outputs.forEach((id, i) => {
      keys.set(id, `${node.op.name}.${i}${key}`);
    });
  }
  return { nodes, keys };
}
