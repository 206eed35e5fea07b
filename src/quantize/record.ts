/** A network as predictions run it: BatchNorm folded into the products before it, sums and activations in their epilogues. */
import type { Shape } from "../core/shape.js";
import { type Graph, type Parameter, removeDead } from "../graph/graph.js";
import { isNode, type Node } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { Buildable } from "../ops/builder.js";
import { Builder } from "../ops/builder.js";
import { type Conv2d, conv2d } from "../ops/conv.js";
import type { Epilogue } from "../ops/epilogue.js";
import { type Linear, linear } from "../ops/linear.js";
import { constantNodes } from "../plan/constants.js";
import { foldBatchNorms } from "../plan/fold.js";
import { fuse } from "../plan/fuse.js";

/** A convolution or a matrix product whose weights depend on parameters alone. */
export interface Product {
  /** What its weights are called: as the parameter that they are made of. */
  name: string;
  node: Node<Conv2d> | Node<Linear>;
  /** Null for a matrix product. */
  convolution: Conv2d | null;
  epilogue: Epilogue;
  x: ValueId;
  weight: ValueId;
  bias: ValueId | undefined;
  residual: ValueId | undefined;
}

export interface Folded {
  graph: Graph;
  input: ValueId;
  output: ValueId;
  /** What depends on parameters alone, and is no product. */
  constants: ReadonlySet<Node>;
  /** Parameters and buffers by their values. */
  declared: ReadonlyMap<ValueId, Parameter>;
  products: ReadonlyMap<Node, Product>;
}

/** Records a network for inputs of this shape, [n, …]; without fusion sums and activations stay ops of their own. */
export function recordFolded(network: Buildable, x: Shape, isFused = true): Folded {
  const b = new Builder({ training: false });
  const { graph } = b;
  const input = graph.value(x, "input");
  const output = network.build(b, input);
  const keep = new Set([output]);
  removeDead(graph, keep);
  foldBatchNorms(graph, keep);
  if (isFused) fuse(graph, keep);
  const constants = constantNodes(graph, new Set(), Infinity).nodes;
  const declared = new Map([...graph.parameters, ...graph.buffers].map((each) => [each.value, each]));
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const)));
  /** The parameter that a constant is made of, first of all. */
  const rootOf = (id: ValueId): string | undefined => {
    const known = declared.get(id);
    if (known) return known.name;
    const node = producers.get(id);
    return node && constants.has(node) ? rootOf(node.inputs[0]) : undefined;
  };
  const found = graph.nodes.map((node) => (constants.has(node) ? undefined : asProduct(node, rootOf)));
  const times = new Map<string, number>();
  for (const product of found) if (product) times.set(product.name, (times.get(product.name) ?? 0) + 1);
  const products = new Map<Node, Product>();
  // Weights that several products share stay as they are.
  for (const product of found)
    if (product && times.get(product.name) === 1) products.set(product.node as Node, product);
  return { graph, input, output, constants, declared, products };
}

function asProduct(node: Node, rootOf: (id: ValueId) => string | undefined): Product | undefined {
  if (!isNode(node, conv2d) && !isNode(node, linear)) return undefined;
  const { epilogue } = node.attributes;
  const [x, weight, ...operands] = node.inputs;
  const name = rootOf(weight);
  if (name === undefined || rootOf(x) !== undefined || epilogue.derivative) return undefined;
  const convolution = isNode(node, conv2d) ? node.attributes : null;
  const bias = epilogue.bias ? operands.shift() : undefined;
  return { name, node, convolution, epilogue, x, weight, bias, residual: operands[0] };
}
