/**
 * Folding: a BatchNorm with fixed statistics behind a product (linear or convolution) that nobody else reads becomes
 * part of the product's weights and bias. Those depend on weights alone, so folding costs nothing in a step. Where a
 * backward pass comes through, weights change or may change with every step, and the BatchNorm stays.
 */
import type { AnyNode, Graph, ValueId } from "../graph/graph.js";

export function foldBatchNorms(graph: Graph, keep: ReadonlySet<ValueId>): void {
  const readers = new Map<ValueId, number>();
  for (const { inputs } of graph.nodes) for (const id of inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  const producers = new Map<ValueId, AnyNode>();
  const folded = new Set<AnyNode>();
  const replacements = new Map<AnyNode, AnyNode[]>();
  for (const node of graph.nodes) {
    for (const id of node.outputs) producers.set(id, node);
    if (node.op !== "batchNorm" || node.attributes.training) continue;
    const [x, mean, rstd, gamma, beta] = node.inputs;
    const product = producers.get(x);
    if ((product?.op !== "linear" && product?.op !== "conv2d") || readers.get(x) !== 1 || keep.has(x)) continue;
    if (readers.get(rstd) !== 1) continue; // the backward pass is the other reader
    const { affine } = node.attributes;
    const [input, w, bias] = product.inputs;
    const { epilogue } = product.attributes;
    const weights = [w, mean, rstd, ...(affine ? [gamma, beta] : []), ...(epilogue.bias ? [bias] : [])];
    const fold = graph.make("foldBatchNorm", weights, { bias: epilogue.bias, affine }, node.path);
    const attributes = { ...product.attributes, epilogue: { ...epilogue, bias: true } };
    const whole = { ...product, attributes, inputs: [input, ...fold.outputs], outputs: node.outputs } as AnyNode;
    for (const id of whole.outputs) producers.set(id, whole);
    folded.add(product);
    replacements.set(node, [{ ...fold, stage: node.stage }, whole]);
  }
  graph.nodes = graph.nodes.filter((node) => !folded.has(node)).flatMap((node) => replacements.get(node) ?? [node]);
}
