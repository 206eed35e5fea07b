/** What a network's outputs are: probabilities, or logits. */
import type { Shape } from "../core/shape.js";
import type { Layer } from "../nn/layer.js";
import { Builder } from "../ops/builder.js";

/** Whether the network ends in a Softmax or Sigmoid, whatever changes the shape of its result after that. */
export function givesProbabilities(network: Layer, inputShape: Shape): boolean {
  const b = new Builder({ training: false });
  let id = network.build(b, b.graph.value([1, ...inputShape], "input"));
  const makerOf = () => b.graph.nodes.find(({ outputs }) => outputs.includes(id));
  let node = makerOf();
  while (node?.op.isAlias) {
    id = node.inputs[0];
    node = makerOf();
  }
  return node?.op.givesProbabilities?.(node.attributes) ?? false;
}
