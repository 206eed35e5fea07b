/** A network in float32 whose products can be looked at: folded and fused as one in eight bits is, nothing else changed. */
import type { Graph } from "../graph/graph.js";
import type { ValueId } from "../graph/value.js";
import { Layer } from "../nn/layer.js";
import type { Builder } from "../ops/builder.js";
import { type Product, recordFolded } from "./record.js";

/** A product in the graph of a plan. */
export interface Seen {
  product: Product;
  x: ValueId;
  y: ValueId;
  weight: ValueId;
  bias: ValueId | undefined;
}

export class Observed extends Layer {
  readonly type = "Observed";
  readonly network: Layer;
  readonly #seen = new WeakMap<Graph, Seen[]>();

  constructor(network: Layer) {
    super();
    this.network = network;
  }

  protected args(): unknown[] {
    return [this.network];
  }

  /** The products in the graph that a plan was made of. */
  seen(graph: Graph): readonly Seen[] {
    return this.#seen.get(graph) ?? [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { graph, input, output, declared, products } = recordFolded(this.network, b.shape(x));
    const values = new Map([[input, x]]);
    const find = (id: ValueId): ValueId => {
      const known = values.get(id);
      if (known !== undefined) return known;
      const entry = declared.get(id);
      if (!entry) throw new Error(`value ${id} has not been recorded`);
      const { name, shape, layout, init } = entry;
      const isBuffer = graph.values[id].role === "buffer";
      const value = isBuffer ? b.buffer(name, shape) : b.parameter(name, shape, { layout, init });
      values.set(id, value);
      return value;
    };
    for (const id of declared.keys()) find(id);
    const seen: Seen[] = [];
    for (const node of graph.nodes) {
      const outputs = b.graph.add(node.op, node.inputs.map(find), node.attributes, node.path);
      node.outputs.forEach((id, i) => {
        values.set(id, outputs[i]);
      });
      const product = products.get(node);
      if (!product) continue;
      const bias = product.bias === undefined ? undefined : find(product.bias);
      seen.push({ product, x: find(product.x), y: outputs[0], weight: find(product.weight), bias });
    }
    this.#seen.set(b.graph, seen);
    return find(output);
  }
}
