/** Networks in eight bits as ONNX files with QuantizeLinear and DequantizeLinear, as onnxruntime and others write them. */
import { ArgumentError, expectation } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import type { ValueId } from "../graph/value.js";
import { Layer } from "../nn/layer.js";
import { type ExportOptions, exportOnnx } from "../onnx/export.js";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/messages.js";
import { Reading } from "../onnx/protobuf.js";
import { readModel, writeModel } from "../onnx/read.js";
import type { Builder } from "../ops/builder.js";
import { emit } from "./emit.js";
import { Quantized } from "./layer.js";
import { QuantizedModel } from "./model.js";
import { isInteger, scalesName } from "./precision.js";
import { floatState } from "./state.js";

/** ONNX's codes of types. */
const [FLOAT, UINT8, INT8] = [1, 2, 3];

/** The network of a model in eight bits with weights in float32, BatchNorm folded, nothing fused. */
class Plain extends Layer {
  readonly type: string;
  readonly #network: Layer;

  constructor(network: Layer) {
    super();
    this.#network = network;
    this.type = network.type;
  }

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return emit(b, x, this.#network, {}, false);
  }
}

/**
 * Writes a network in eight bits as an ONNX file: weights as int8 with a scale for each output channel, and between the products a
 * Clip, QuantizeLinear and DequantizeLinear for each input that is on integers. Other programs compute with the same integers up
 * to what they fuse and round otherwise. Images are [n, channels, h, w] there, the batch `n` may be any.
 *
 * @example
 * const small = await quantize(model, dataset);
 * writeFileSync("net.qdq.onnx", exportQdq(small));
 */
export function exportQdq(model: QuantizedModel, options?: Pick<ExportOptions, "opset">): Uint8Array<ArrayBuffer> {
  if (!(model instanceof QuantizedModel) || !(model.network instanceof Quantized))
    throw new ArgumentError(expectation("exportQdq", "model", "a model in eight bits", model));
  const { network, precisions } = model.network;
  const { state, scales } = floatState(model.engine);
  const plain = { stateDict: () => state, network: new Plain(network), inputShape: model.inputShape };
  const bytes = exportOnnx(plain as unknown as Parameters<typeof exportOnnx>[0], options);
  const file = readModel(bytes, new Reading("exportQdq", bytes.length));
  const { graph = {} } = file;
  const writer = new QdqWriter(graph);
  for (const node of graph.node ?? []) {
    const weights = node.input?.[1];
    if (weights === undefined || !["Conv", "Gemm", "MatMul"].includes(node.opType ?? "")) continue;
    const precision = Object.hasOwn(precisions, weights) ? precisions[weights] : undefined;
    if (precision && isInteger(precision)) {
      const { scale, zero } = precision.input;
      writer.quantize(node, { weights, scales: lookUp(scales, scalesName(weights)), scale, zero });
    }
  }
  writer.quantizeSums();
  return writeModel({ ...file, graph: writer.graph });
}

interface QuantizedNode {
  weights: string;
  scales: Float32Array;
  scale: number;
  zero: number;
}

const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Puts the nodes of eight bits into a graph. */
class QdqWriter {
  readonly #graph: GraphProto;
  readonly #before = new Map<NodeProto, NodeProto[]>();
  readonly #initializers: Map<string, TensorProto>;
  /** Inputs that are in eight bits already, by their names and units. */
  readonly #done = new Map<string, string>();
  /** What values of no sign become in eight bits, by their names, and the nodes of products on integers. */
  readonly #unsigned = new Map<string, string>();
  readonly #products = new Set<NodeProto>();

  constructor(graph: GraphProto) {
    this.#graph = graph;
    this.#initializers = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? "", tensor]));
  }

  get graph(): GraphProto {
    const node = (this.#graph.node ?? []).flatMap((each) => [...(this.#before.get(each) ?? []), each]);
    return { ...this.#graph, node, initializer: [...this.#initializers.values()] };
  }

  #tensor(name: string, dataType: number, dims: number[], rawData: Uint8Array): string {
    this.#initializers.set(name, { name, dataType, dims, rawData });
    return name;
  }

  #float(name: string, ...values: number[]): string {
    return this.#tensor(name, FLOAT, [], bytesOf(Float32Array.from(values)));
  }

  quantize(node: NodeProto, { weights, scales, scale, zero }: QuantizedNode): void {
    const [x, , ...rest] = node.input ?? [];
    const before: NodeProto[] = [];
    this.#before.set(node, before);
    const add = (opType: string, input: string[], output: string, axis?: number) => {
      const attribute = axis === undefined ? [] : [{ name: "axis", i: axis, type: 2 }];
      before.push({ name: output, opType, input, output: [output], attribute });
      return output;
    };
    const form = `${x} ${scale} ${zero}`;
    let bytes = this.#done.get(form);
    if (bytes === undefined) {
      const base = `${weights}_input`;
      const limits = [0, 127].map((q, i) => this.#float(`${base}_limit${i}`, (q - zero) * scale));
      const units = [this.#float(`${base}_scale`, scale), this.#tensor(`${base}_zero`, UINT8, [], Uint8Array.of(zero))];
      const clipped = add("Clip", [x, ...limits], `${base}_clipped`);
      const q = add("QuantizeLinear", [clipped, ...units], `${base}_quantized`);
      bytes = add("DequantizeLinear", [q, ...units], `${base}_dequantized`);
      this.#done.set(form, bytes);
      if (zero === 0) this.#unsigned.set(x, bytes);
    }
    this.#products.add(node);
    const w = this.#weights(node, weights, scales);
    node.input = [bytes, add("DequantizeLinear", w.inputs, `${weights}_dequantized`, w.axis), ...rest];
  }

  /** Values that products on integers alone read, as what goes in or is added, have eight bits for the sum, too. */
  quantizeSums(): void {
    const nodes = this.#graph.node ?? [];
    const makers = new Map(nodes.flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)));
    const isOfIntegers = (name: string) => this.#products.has(makers.get(name) ?? {});
    const given = new Set((this.#graph.output ?? []).map(({ name }) => name));
    for (const [name, bytes] of this.#unsigned) {
      const sums = nodes.filter(({ input }) => input?.includes(name));
      const others = sums.map(({ input = [] }) => input.find((each) => each !== name) ?? "");
      const areSums = sums.every(({ opType }, i) => opType === "Add" && isOfIntegers(others[i]));
      if (given.has(name) || !areSums) continue;
      for (const sum of sums) sum.input = sum.input?.map((each) => (each === name ? bytes : each));
    }
  }

  /** Weights as int8, [out, …] or, of a MatMul, [in, out]. */
  #weights({ opType }: NodeProto, name: string, scales: Float32Array): { inputs: string[]; axis: number } {
    const { dims = [], rawData = new Uint8Array() } = lookUp(this.#initializers, name);
    const floats = new Float32Array(rawData.slice().buffer);
    const axis = opType === "MatMul" ? 1 : 0;
    const each = floats.length / scales.length;
    const q = Int8Array.from(floats, (w, i) => Math.round(w / scales[axis ? i % scales.length : Math.floor(i / each)]));
    const inputs = [
      this.#tensor(name, INT8, dims, new Uint8Array(q.buffer)),
      this.#tensor(scalesName(name), FLOAT, [scales.length], bytesOf(scales)),
      this.#tensor(`${name}_zero`, INT8, [scales.length], new Uint8Array(scales.length)),
    ];
    return { inputs, axis };
  }
}
