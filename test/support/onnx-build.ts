// Small ONNX files by hand.
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from "../../src/onnx/messages.js";
import { Reading } from "../../src/onnx/protobuf.js";
import { readModel, writeModel } from "../../src/onnx/read.js";
import { type SimplifyOptions, simplify } from "../../src/onnx/simplify.js";
import { ConstantReader, type ExternalData } from "../../src/onnx/tensor.js";

export const tensorOf = (name: string, dims: number[], values: number[], dataType = 1): TensorProto => ({
  name,
  dims,
  dataType,
  ...(dataType === 7 ? { int64Data: values } : dataType === 11 ? { doubleData: values } : { floatData: values }),
});

export const ints = (name: string, ...values: number[]): TensorProto => tensorOf(name, [values.length], values, 7);

export const infoOf = (name: string, shape: (number | string)[], elemType = 1): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size })) },
    },
  },
});

export type Attributes = Record<string, number | number[] | string | TensorProto | { f: number }>;

/** Integers are ints; a float is { f }. */
export const attributesOf = (attributes: Attributes): AttributeProto[] =>
  Object.entries(attributes).map(([name, value]) => {
    if (typeof value === "number") return { name, i: value, type: 2 };
    if (typeof value === "string") return { name, s: new TextEncoder().encode(value), type: 3 };
    if (Array.isArray(value)) return { name, ints: value, type: 7 };
    if ("f" in value) return { name, f: value.f, type: 1 };
    return { name, t: value as TensorProto, type: 4 };
  });

export const node = (
  opType: string,
  input: string[],
  output: string[],
  attributes: Attributes = {},
  more: Partial<NodeProto> = {},
): NodeProto => ({
  opType,
  input,
  output,
  attribute: attributesOf(attributes),
  ...more,
});

/** A model from input `x` to output `y`. */
export function modelOf(
  opset: number,
  shape: (number | string)[],
  nodes: NodeProto[],
  initializer: TensorProto[] = [],
  more: Partial<ModelProto> = {},
): ModelProto {
  const graph: GraphProto = {
    name: "g",
    node: nodes,
    initializer,
    input: [infoOf("x", shape)],
    output: [{ name: "y" }],
  };
  return { irVersion: 8, opsetImport: [{ domain: "", version: opset }], graph, ...more };
}

/** The canonical net of a model, by way of its bytes. */
export function netOf(model: ModelProto | Uint8Array, options?: SimplifyOptions, externalData?: ExternalData) {
  const bytes = model instanceof Uint8Array ? model : writeModel(model);
  const reading = new Reading("importOnnx", bytes.length, "net.onnx");
  return simplify(readModel(bytes, reading), new ConstantReader(reading, bytes.length, externalData), reading, options);
}
