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

/** Numbers of no order, from -0.7 to 0.7. */
export const numbers = (count: number, seed = 1): number[] =>
  Array.from({ length: count }, (_, i) => Math.fround(Math.sin(seed * 12.9898 + i * 78.233) * 0.7));

export const weight = (name: string, ...dims: number[]): TensorProto =>
  tensorOf(
    name,
    dims,
    numbers(
      dims.reduce((a, b) => a * b, 1),
      name.length,
    ),
  );

const NORM = ["weight", "bias", "running_mean", "running_var"];

/** A residual block with BatchNorm, and a head with a Softmax. */
export function residualModel([c, h, w]: [number, number, number], classes: number): ModelProto {
  const conv = (x: string, path: string, y: string, strides: number[]) =>
    node(
      "Conv",
      [x, `${path}.weight`],
      [y],
      { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides },
      { name: `/${path}/Conv` },
    );
  const norm = (x: string, path: string, y: string) =>
    node(
      "BatchNormalization",
      [x, ...NORM.map((name) => `${path}.${name}`)],
      [y],
      { momentum: { f: 0.75 } },
      { name: `/${path}/BatchNormalization` },
    );
  const statistics = (path: string) =>
    NORM.map((name) => {
      const made = weight(`${path}.${name}`, 8);
      return name === "running_var"
        ? { ...made, floatData: numbers(8, 3).map((value) => 0.5 + Math.abs(value)) }
        : made;
    });
  const nodes = [
    conv("x", "conv1", "c1", [2, 2]),
    norm("c1", "bn1", "n1"),
    node("Relu", ["n1"], ["r1"]),
    conv("r1", "conv2", "c2", [1, 1]),
    norm("c2", "bn2", "n2"),
    node("Add", ["n2", "r1"], ["sum"]),
    node("Relu", ["sum"], ["r2"]),
    node("GlobalAveragePool", ["r2"], ["pool"]),
    node("Flatten", ["pool"], ["flat"]),
    node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], { transB: 1 }, { name: "/fc/Gemm" }),
    node("Softmax", ["logits"], ["y"]),
  ];
  const weights = [
    weight("conv1.weight", 8, c, 3, 3),
    ...statistics("bn1"),
    weight("conv2.weight", 8, 8, 3, 3),
    ...statistics("bn2"),
  ];
  return modelOf(13, ["n", c, h, w], nodes, [...weights, weight("fc.weight", classes, 8), weight("fc.bias", classes)]);
}
