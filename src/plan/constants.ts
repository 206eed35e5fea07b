/** Finds the ops whose results depend on weights and running statistics alone: they run once for each change of those. */
import { numel } from "../core/shape.js";
import type { AnyNode, Graph, ValueId } from "../graph/graph.js";
import { OPS, type OpName, type OpRule } from "../graph/ops.js";

export interface Constants {
  nodes: Set<AnyNode>;
  /** A name for each constant result, made of ops, attributes and parameter names: equal in every plan of a model. */
  keys: Map<ValueId, string>;
}

/**
 * `changes`: parameters that the step itself updates. Ops with a result of more than `largest` numbers are left to the
 * step, with all that reads it.
 */
export function constantNodes(graph: Graph, changes: ReadonlySet<ValueId>, largest: number): Constants {
  const varying = new Set(changes);
  for (const node of graph.nodes) {
    for (const i of (OPS[node.op] as OpRule<OpName>).writes ?? []) varying.add(node.inputs[i]);
  }
  const keys = new Map<ValueId, string>();
  const keyOf = (id: ValueId): string | undefined => {
    const { role, name } = graph.values[id];
    if (role === "parameter" || role === "buffer") return varying.has(id) ? undefined : name;
    return keys.get(id);
  };
  const nodes = new Set<AnyNode>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(keyOf);
    if (node.inputs.length === 0 || node.outputs.length === 0 || inputs.includes(undefined)) continue;
    if (node.outputs.some((id) => numel(graph.shape(id)) > largest)) continue;
    nodes.add(node);
    node.outputs.forEach((id, i) => {
      keys.set(id, `${node.op}.${i}(${inputs.join(", ")}) ${JSON.stringify(node.attributes)}`);
    });
  }
  return { nodes, keys };
}
