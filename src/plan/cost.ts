/** Multiply-adds of the ops that do most of the work; elementwise ops count as one for each element they write. */
import { numel } from "../core/shape.js";
import type { AnyNode, Graph } from "../graph/graph.js";
import type { Convolution } from "../graph/ops.js";

export function nodeMacs(graph: Graph, node: AnyNode): number {
  const output = node.outputs.length > 0 ? graph.shape(node.outputs[0]) : [];
  const input = node.inputs.length > 0 ? graph.shape(node.inputs[0]) : [];
  switch (node.op) {
    case "linear":
    case "linearDx": // output elements × the sum's length
      return numel(output) * input[input.length - 1];
    case "linearDw":
      return (numel(output) * numel(input)) / input[input.length - 1];
    case "conv2d":
      return numel(output) * convTaps(node.attributes, input[3]);
    case "conv2dDx":
      return numel(input) * convTaps(node.attributes, output[3]);
    case "conv2dDw": {
      const [, ...kernelAndChannels] = output;
      return numel(input) * numel(kernelAndChannels);
    }
    default:
      return 0;
  }
}

/** Products behind one output of a convolution from `channels` channels. */
const convTaps = ({ kernel, groups }: Convolution, channels: number): number =>
  (kernel[0] * kernel[1] * channels) / groups;

export function stepMacs(graph: Graph, nodes: readonly AnyNode[]): number {
  return nodes.reduce((sum, node) => sum + nodeMacs(graph, node), 0);
}
