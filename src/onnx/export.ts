/** `exportOnnx`: a model as an ONNX file for other runtimes. */
import { ArgumentError, describe, expectation, FormatError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { flag, integer, readOptions, type Schema } from "../core/options.js";
import { numel } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { countReaders, type Graph, removeDead } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { Model } from "../model/model.js";
import type { BatchNorm } from "../ops/batch-norm.js";
import { Builder } from "../ops/builder.js";
import { ruleOf } from "./lower.js";
import type { ModelProto, ValueInfoProto } from "./messages.js";
import { writeModel } from "./read.js";
import { standardiseFilters } from "./standardise.js";
import { ANY_BATCH, channelsFirst, Writing } from "./writing.js";

export interface ExportOptions {
  /** The version of ONNX's operators, 17 to 23. Default 17: what came later is written in parts that any of them knows. */
  opset?: number;
  /**
   * Multiply each BatchNorm that follows a convolution or product into its weights: fewer nodes, and a network that
   * cannot be trained further with BatchNorm. Default false.
   */
  foldBatchNorm?: boolean;
}

const schema = () =>
  ({ opset: integer({ min: 17, max: 23, default: 17 }), foldBatchNorm: flag(false) }) satisfies Schema<ExportOptions>;

/** The version of the file format that came with opset 17; readers of later ones read it. */
const IR_VERSION = 8;

/**
 * Writes a model as an ONNX file, as it predicts. Images are [n, channels, h, w] there, as other programs have them: the input
 * is called `input`, the output `output`, the batch `n` may be any. Weights have the names of `stateDict()`. Throws a
 * `FormatError` that names every layer with an op that ONNX has no node for.
 *
 * @example
 * writeFileSync("net.onnx", exportOnnx(model, { foldBatchNorm: true }));
 */
export function exportOnnx(model: Model, options?: ExportOptions): Uint8Array<ArrayBuffer> {
  const { opset, foldBatchNorm } = readOptions("exportOnnx", options, schema);
  if (typeof model?.stateDict !== "function")
    throw new ArgumentError(expectation("exportOnnx", "model", "a model of this package's main entry", model));
  const state = model.stateDict();
  const b = new Builder({ training: false });
  const x = b.graph.value([model.network.takesOne?.() ? 1 : ANY_BATCH, ...model.inputShape], "input");
  const y = model.network.build(b, x);
  const outputs = b.graph.outputs ?? new Map([["output", y]]);
  const kept = new Set(outputs.values());
  removeDead(b.graph, kept);
  standardiseFilters(b.graph, state);
  const nodes = foldBatchNorm ? withoutBatchNorm(b.graph, kept, state) : b.graph.nodes;
  const file = writeGraph(b.graph, nodes, { x, outputs, state, opset }, model.network.type);
  return writeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "resnet-wasm",
    graph: file,
  });
}

interface Ends {
  x: ValueId;
  /** By the names that they have in the file. */
  outputs: ReadonlyMap<string, ValueId>;
  state: ReadonlyMap<string, Tensor>;
  opset: number;
}

function writeGraph(
  graph: Graph,
  nodes: readonly Node[],
  { x, outputs, state, opset }: Ends,
  name: string,
): ModelProto["graph"] {
  const unknown = nodes.filter((node) => !ruleOf(node));
  if (unknown.length > 0) {
    const list = unknown.slice(0, 20).map(({ op, path }) => `${op.name} (layer ${describe(path)})`);
    const more = unknown.length > 20 ? ` and ${unknown.length - 20} more` : "";
    throw new FormatError(expectation("exportOnnx", "network", "ops that ONNX has", list.join(", ") + more));
  }
  const w = new Writing(graph, state, { opset, reserved: ["input", ...outputs.keys()] });
  w.put(x, { name: "input", order: channelsFirst(graph.shape(x).length) });
  for (const node of nodes) {
    w.path = node.path;
    const written = ruleOf(node)?.(w, node);
    if (written) w.put(node.outputs[0], written);
  }
  w.path = "";
  const info = (id: ValueId, name: string): ValueInfoProto => {
    const sizes = w.sizes(id, channelsFirst(graph.shape(id).length));
    const dim = sizes.map((size) => (size < 0 ? { dimParam: "n" } : { dimValue: size }));
    return { name, type: { tensorType: { elemType: 1, shape: { dim } } } };
  };
  const made = [...outputs].map(([output, id]) => {
    const isTaken = output === "input" || state.has(output);
    return { id, from: w.image(id), to: isTaken ? w.unique(output) : output };
  });
  const renamed = new Map<string, string>();
  for (const { from, to } of made) {
    const maker = w.nodes.find((node) => node.output?.includes(from));
    if (maker && !renamed.has(from)) renamed.set(from, to);
    else w.nodes.push({ opType: "Identity", name: w.unique("/Identity"), input: [from], output: [to] });
  }
  const rename = (names: string[] | undefined) => names?.map((each) => renamed.get(each) ?? each);
  for (const node of w.nodes) [node.input, node.output] = [rename(node.input), rename(node.output)];
  return {
    name,
    node: w.nodes,
    initializer: [...w.initializers.values()],
    input: [info(x, "input")],
    output: made.map(({ id, to }) => info(id, to)),
  };
}

/** Multiplies BatchNorms into the products before them, in `state`; nodes without them. */
function withoutBatchNorm(graph: Graph, kept: ReadonlySet<ValueId>, state: Map<string, Tensor>): Node[] {
  const readers = countReaders(graph.nodes);
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const)));
  const replaced = new Map<Node, Node | null>();
  const data = (id: ValueId): ArrayLike<number> => lookUp(state, graph.values[id].name).data;
  for (const norm of graph.nodes) {
    const [x, mean, rstd, gamma, beta] = norm.inputs;
    const product = norm.op.name === "batchNorm" ? makers.get(x) : undefined;
    if (!product?.op.isProduct || kept.has(x) || readers.get(x) !== 1) continue;
    const [image, weight, bias] = product.inputs;
    const { name } = graph.values[weight];
    const tensor = state.get(name);
    const isOwn = [weight, bias].every((id) => id === undefined || readers.get(id) === 1);
    const deviation = makers.get(rstd);
    if (!tensor || !isOwn || !deviation) continue;
    const { eps } = deviation.attributes as { eps: number };
    const variance = data(deviation.inputs[0]);
    const { affine } = norm.attributes as BatchNorm;
    const [out] = tensor.shape;
    const each = numel(tensor.shape) / out;
    const scales = Float64Array.from({ length: out }, (_, i) => {
      return (affine ? data(gamma)[i] : 1) / Math.sqrt(variance[i] + eps);
    });
    const weights = Float32Array.from(tensor.data, (value, i) => value * scales[Math.floor(i / each)]);
    const shifts = Float32Array.from(scales, (scale, i) => {
      return (affine ? data(beta)[i] : 0) + ((bias === undefined ? 0 : data(bias)[i]) - data(mean)[i]) * scale;
    });
    const biasName = bias === undefined ? freeName(name, state) : graph.values[bias].name;
    const shifted = bias ?? graph.value([out], "parameter", { name: biasName });
    state.set(name, { data: weights, shape: tensor.shape });
    state.set(biasName, { data: shifts, shape: [out] });
    replaced.set(product, { ...product, inputs: [image, weight, shifted], outputs: norm.outputs });
    replaced.set(norm, null);
  }
  return graph.nodes.flatMap((node) => {
    const put = replaced.get(node);
    return put === null ? [] : [put ?? node];
  });
}

/** The name of the bias that belongs to a weight. */
function freeName(weight: string, state: ReadonlyMap<string, Tensor>): string {
  const name = weight.replace(/(^|\.)weight$/, "$1bias");
  return state.has(name) ? `${weight}.bias` : name;
}
