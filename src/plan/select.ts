/** Lets each op choose its algorithm, and inserts the ops that bring its operands into the form the algorithm reads. */
import type { Graph } from "../graph/graph.js";
import type { Node, Selection } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";

/** Rewrites `graph.nodes`. Equal packings of one value are made once. */
export function select(graph: Graph, { prefer = "speed" }: Partial<Pick<Selection, "prefer">>): void {
  const selected: Node[] = [];
  const made = new Map<string, ValueId>();
  const selection: Selection = {
    prefer,
    shape: (id) => graph.shape(id),
    once(op, weights, attributes, node) {
      const key = `${op.name} ${weights} ${JSON.stringify(attributes)}`;
      const known = made.get(key);
      if (known !== undefined) return known;
      const packing = graph.make(op, [weights], attributes, node);
      selected.push(packing);
      made.set(key, packing.outputs[0]);
      return packing.outputs[0];
    },
  };
  for (const node of graph.nodes) selected.push(node.op.select?.(node, selection) ?? node);
  graph.nodes = selected;
}
