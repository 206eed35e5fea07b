/** Multiply-adds of the ops that do most of the work; elementwise ops count as one for each element they write. */
import { numel } from "../core/shape.js";
import type { AnyNode, Graph } from "../graph/graph.js";

export function nodeMacs(graph: Graph, node: AnyNode): number {
  const output = node.outputs.length > 0 ? graph.shape(node.outputs[0]) : [];
  const input = node.inputs.length > 0 ? graph.shape(node.inputs[0]) : [];
  switch (node.op) {
    case "linear":
    case "linearDx": // output elements × the sum's length
      return numel(output) * input[input.length - 1];
    case "linearDw":
      return (numel(output) * numel(input)) / input[input.length - 1];
    default:
      return 0;
  }
}

export function stepMacs(graph: Graph, nodes: readonly AnyNode[]): number {
  return nodes.reduce((sum, node) => sum + nodeMacs(graph, node), 0);
}
