/**
 * Fusion: an op whose only reader is a sum or an activation takes it into its epilogue, so that the values pass through
 * memory once. Forward, that turns linear → add → activation into one op, which is the residual block's
 * g(W2 a1 + b2 + a); backward, linearDx → add → activationDx, the skip gradient and the derivative of g.
 */
import { lookUp } from "../core/look-up.js";
import { countReaders, type Graph } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";

/** Rewrites `graph.nodes`; `keep` holds values that somebody outside of the graph reads. */
export function fuse(graph: Graph, keep: ReadonlySet<ValueId>): void {
  const readers = countReaders(graph.nodes);
  const single = (id: ValueId) => readers.get(id) === 1 && !keep.has(id) && graph.values[id].aliasOf === undefined;

  // A fused op stands where its last part stood: by then all operands of all parts exist.
  const nodes: (Node | null)[] = [];
  const position = new Map<ValueId, number>();
  /** The op that makes a value which nobody else reads. */
  const only = (id: ValueId): Node | null => (single(id) && nodes[position.get(id) ?? -1]) || null;
  for (const node of graph.nodes) {
    const merged = merge(node, only);
    if (merged) nodes[lookUp(position, merged.absorbed.outputs[0])] = null;
    const placed = merged?.node ?? node;
    for (const id of placed.outputs) position.set(id, nodes.length);
    nodes.push(placed);
  }
  graph.nodes = nodes.filter((node) => node !== null);
}

interface Merge {
  node: Node;
  absorbed: Node;
}

/** The node as part of the epilogue of the op that makes one of its inputs, where both agree to it. */
function merge(node: Node, only: (id: ValueId) => Node | null): Merge | null {
  const part = node.op.asEpilogue?.(node.attributes);
  if (!part) return null;
  for (const i of part.through) {
    const before = only(node.inputs[i]);
    const attributes = before?.op.absorb?.(before.attributes, part);
    if (!before || !attributes) continue;
    const inputs = [...before.inputs, ...node.inputs.filter((_, j) => j !== i)];
    const outputs = [...node.outputs, ...before.outputs.slice(1)]; // and statistics, which stay
    return { node: { ...before, attributes, inputs, outputs }, absorbed: before };
  }
  return null;
}
