/**
 * Fusion: an op whose only reader is a sum or an activation takes it into its epilogue, so that the values pass through
 * memory once. Forward, that turns linear → add → activation into one op, which is the residual block's
 * g(W2 a1 + b2 + a); backward, linearDx → add → activationDx, the skip gradient and the derivative of g.
 */
import type { AnyNode, Graph, ValueId } from "../graph/graph.js";
import type { Activation, Epilogue } from "../graph/ops.js";

type Fusible = Extract<AnyNode, { op: "linear" | "linearDx" | "conv2d" | "conv2dDx" }>;

/** Rewrites `graph.nodes`; `keep` holds values that somebody outside of the graph reads. */
export function fuse(graph: Graph, keep: ReadonlySet<ValueId>): void {
  const readers = new Map<ValueId, number>();
  for (const node of graph.nodes) for (const id of node.inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  const single = (id: ValueId) => readers.get(id) === 1 && !keep.has(id) && graph.values[id].aliasOf === undefined;

  // A fused op stands where its last part stood: by then all operands of all parts exist.
  const position = new Map<ValueId, number>();
  const producer = (id: ValueId): AnyNode | undefined => {
    const at = position.get(id);
    return at === undefined ? undefined : (nodes[at] ?? undefined);
  };
  const nodes: (AnyNode | null)[] = [];
  for (const node of graph.nodes) {
    const merged = single(node.inputs[0] ?? -1) || single(node.inputs[1] ?? -1) ? merge(node, producer, single) : null;
    if (merged) {
      const absorbed = position.get(merged.absorbed.outputs[0])!;
      nodes[absorbed] = null;
    }
    const placed = merged?.node ?? node;
    for (const id of placed.outputs) position.set(id, nodes.length);
    nodes.push(placed);
  }
  graph.nodes = nodes.filter((node) => node !== null);
}

interface Merge {
  node: AnyNode;
  absorbed: AnyNode;
}

function merge(
  node: AnyNode,
  producer: (id: ValueId) => AnyNode | undefined,
  single: (id: ValueId) => boolean,
): Merge | null {
  switch (node.op) {
    case "add":
      if (node.attributes.activation) return null;
      return mergeAdd(node, producer, single);
    case "activation": {
      const before = single(node.inputs[0]) ? producer(node.inputs[0]) : undefined;
      if (before) return mergeActivation(node, before);
      return null;
    }
    case "activationDx": {
      const before = single(node.inputs[0]) ? producer(node.inputs[0]) : undefined;
      if (!before || !isFusible(before) || closed(before.attributes.epilogue)) return null;
      const epilogue = { ...before.attributes.epilogue, activation: node.attributes as Activation, derivative: true };
      return absorb(before, epilogue, [node.inputs[1]], node);
    }
    default:
      return null;
  }
}

const isFusible = (node: AnyNode): node is Fusible => ["linear", "linearDx", "conv2d", "conv2dDx"].includes(node.op);

/** Nothing can follow an activation. */
const closed = (epilogue: Epilogue) => epilogue.activation !== null;

function mergeAdd(
  node: AnyNode,
  producer: (id: ValueId) => AnyNode | undefined,
  single: (id: ValueId) => boolean,
): Merge | null {
  for (const [branch, other] of [node.inputs, node.inputs.slice().reverse()]) {
    const before = single(branch) ? producer(branch) : undefined;
    if (!before || branch === other) continue;
    if (before.op === "batchNorm" && !before.attributes.residual && !before.attributes.activation) {
      const attributes = { ...before.attributes, residual: true };
      return {
        node: { ...before, attributes, inputs: [...before.inputs, other], outputs: node.outputs },
        absorbed: before,
      };
    }
    if (!isFusible(before) || before.attributes.epilogue.residual || closed(before.attributes.epilogue)) continue;
    return absorb(before, { ...before.attributes.epilogue, residual: true }, [other], node);
  }
  return null;
}

function mergeActivation(node: AnyNode, before: AnyNode): Merge | null {
  const activation = node.attributes as Activation;
  if (before.op === "add" || before.op === "batchNorm") {
    if (before.attributes.activation) return null;
    const attributes = { ...before.attributes, activation };
    return { node: { ...before, attributes, outputs: node.outputs } as AnyNode, absorbed: before };
  }
  if (!isFusible(before) || closed(before.attributes.epilogue)) return null;
  return absorb(before, { ...before.attributes.epilogue, activation }, [], node);
}

function absorb(before: Fusible, epilogue: Epilogue, operands: ValueId[], last: AnyNode): Merge {
  const attributes = { ...before.attributes, epilogue };
  const node = { ...before, attributes, inputs: [...before.inputs, ...operands], outputs: last.outputs } as AnyNode;
  return { node, absorbed: before };
}
