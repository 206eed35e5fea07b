/**
 * Folding: a BatchNorm with fixed statistics after a product (linear or convolution) that nobody else reads becomes
 * part of the product's weights and bias. Those depend on weights alone, so folding costs nothing in a step. Where a
 * backward pass comes through, weights change or may change with every step, and the BatchNorm stays.
 */
import { countReaders, type Graph } from "../graph/graph.js";
import { isNode, type Node } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import { batchNorm, foldBatchNorm } from "../ops/batch-norm.js";
import type { Epilogue } from "../ops/epilogue.js";

const isProduct = (node: Node | undefined): node is Node<{ epilogue: Epilogue }> => node?.op.isProduct === true;

export function foldBatchNorms(graph: Graph, keep: ReadonlySet<ValueId>): void {
  const readers = countReaders(graph.nodes);
  const producers = new Map<ValueId, Node>();
  const folded = new Set<Node>();
  const replacements = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    for (const id of node.outputs) producers.set(id, node);
    if (!isNode(node, batchNorm) || node.attributes.training) continue;
    const [x, mean, rstd, gamma, beta] = node.inputs;
    const product = producers.get(x);
    if (!isProduct(product) || readers.get(x) !== 1 || keep.has(x)) continue;
    if (readers.get(rstd) !== 1) continue; // the backward pass is the other reader
    const { affine } = node.attributes;
    const [input, w, bias] = product.inputs;
    const { epilogue } = product.attributes;
    const weights = [w, mean, rstd, ...(affine ? [gamma, beta] : []), ...(epilogue.bias ? [bias] : [])];
    const fold = graph.make(foldBatchNorm, weights, { bias: epilogue.bias, affine }, node);
    const attributes = { ...product.attributes, epilogue: { ...epilogue, bias: true } };
    const whole: Node = { ...product, attributes, inputs: [input, ...fold.outputs], outputs: node.outputs };
    for (const id of whole.outputs) producers.set(id, whole);
    folded.add(product);
    replacements.set(node, [fold, whole]);
  }
  graph.nodes = graph.nodes.filter((node) => !folded.has(node)).flatMap((node) => replacements.get(node) ?? [node]);
}
