/** Parts of a network that fine-tuning treats apart: what its head reads, and its last stage. */

import type { Shape } from "../core/shape.js";
import { numel } from "../core/shape.js";
import type { Parameter } from "../graph/graph.js";
import type { Layer } from "../nn/layer.js";
import { Builder } from "../ops/builder.js";

/** A head that is a product of features: what a `Linear` between them would have for weights. */
export interface LinearHead {
  /** Path of a layer whose output the head reads. */
  features: string;
  /** How many features a sample has. */
  size: number;
  weight: Pick<Parameter, "name" | "shape">;
  bias: Pick<Parameter, "name" | "shape"> | undefined;
}

export interface Anatomy {
  /** Undefined where the head reads more than one place, or no layer's output. */
  linearHead: LinearHead | undefined;
  /** Names of parameters and buffers of the head. */
  head: ReadonlySet<string>;
  /** Those of the head, and of all from the place on where maps are at their smallest; of half of the layers where there are no maps. */
  lastStage: ReadonlySet<string>;
}

/** Records the network for one sample, and looks at the ops. */
export function dissect(network: Layer, inputShape: Shape, headPath: string): Anatomy {
  const b = new Builder({ training: false });
  const { graph } = b;
  const output = network.build(b, graph.value([1, ...inputShape], "input"));
  const { nodes, parameters, buffers } = graph;
  const all = [...parameters, ...buffers];
  const isOf = (path: string) => path === headPath || path.startsWith(`${headPath}.`);
  const head = all.filter(({ path }) => isOf(path));

  const places = new Map(all.map(({ value }) => [value, -1]));
  nodes.forEach(({ inputs }, i) => {
    for (const id of inputs) if (places.get(id) === -1) places.set(id, i);
  });
  const placeOf = ({ value }: Parameter) => places.get(value) ?? -1;

  const sides = nodes.map(({ outputs }) => numel(graph.shape(outputs[0]).slice(1, -1)));
  const isMap = (i: number) => graph.shape(nodes[i].outputs[0]).length > 2 && sides[i] > 1;
  const weighted = new Set(places.values());
  const maps = [...nodes.keys()].filter((i) => isMap(i) && weighted.has(i));
  const smallest = Math.min(...maps.map((i) => sides[i]));
  const shrinks = maps.some((i) => sides[i] > smallest);
  const inOrder = [...weighted].filter((i) => i >= 0).sort((a, b) => a - b);
  const from = shrinks
    ? Math.min(...maps.filter((i) => sides[i] === smallest))
    : inOrder[Math.floor(inOrder.length / 2)];
  const stage = all.filter((parameter) => isOf(parameter.path) || placeOf(parameter) >= from);

  const product = nodes.find(({ inputs }) => head.some(({ value }) => inputs.includes(value)));
  const source = product && graph.root(product.inputs[0]);
  const layer = graph.layers.find((each) => graph.root(each.output) === source && !isOf(each.path));
  const classes = graph.shape(output).at(-1) ?? 0;
  const weight = head.find(({ shape }) => shape.length > 1);
  const bias = head.find(({ shape }) => shape.length === 1);
  const size = weight ? numel(weight.shape) / classes : 0;
  const isLinear =
    layer !== undefined &&
    weight?.shape[0] === classes &&
    head.length === (bias ? 2 : 1) &&
    numel(layer.outputShape.slice(1)) === size;
  return {
    head: new Set(head.map(({ name }) => name)),
    lastStage: new Set(stage.map(({ name }) => name)),
    linearHead: isLinear ? { features: layer.path, size, weight, bias } : undefined,
  };
}
