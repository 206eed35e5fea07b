/** `inspectOnnx`: what an ONNX file holds, whether it can be run here or not. */
import { asBytes } from "../core/bytes.js";
import { numel } from "../core/shape.js";
import { dtypeSize } from "../io/dtypes.js";
import { refuseOther } from "../io/other-file.js";
import type { ValueInfoProto } from "./messages.js";
import { Reading } from "./protobuf.js";
import { readModel } from "./read.js";
import { dtypeOf } from "./tensor.js";

export interface OnnxTensorInfo {
  name: string;
  /** `F32`, `I64`, …; of types that the library does not read, ONNX's number. */
  dtype: string;
  shape: number[];
  bytes: number;
  /** The file beside the network's that has its data. */
  location?: string;
}

export interface OnnxValueInfo {
  name: string;
  dtype: string;
  /** Sizes in the file's order; those that are open by their names. */
  shape: (number | string)[];
}

export interface OnnxInspection {
  opset: number;
  producer: string;
  /** Without initialisers, which older files list among them. */
  inputs: OnnxValueInfo[];
  outputs: OnnxValueInfo[];
  /** How many nodes of each op the file has, those of its functions once. */
  nodes: Record<string, number>;
  tensors: OnnxTensorInfo[];
}

/**
 * What is in an ONNX file: its inputs, outputs, ops and weights, in its own words. Nothing is built; whether the network runs here,
 * `importOnnx` tells. Throws `FormatError` on bytes that are no ONNX file.
 *
 * @example
 * const { inputs, outputs } = inspectOnnx(readFileSync("resnet18.onnx"));
 */
export function inspectOnnx(bytes: Uint8Array | ArrayBuffer, options?: { fileName?: string }): OnnxInspection {
  const file = asBytes("inspectOnnx", bytes);
  refuseOther({ where: "inspectOnnx", path: options?.fileName }, file, "an ONNX model", "ONNX");
  const reading = new Reading("inspectOnnx", file.length, options?.fileName);
  const { graph, functions = [], opsetImport, producerName = "", producerVersion = "" } = readModel(file, reading);
  if (!graph) throw reading.error("file", "a model with a graph", "none");
  const tensors = (graph.initializer ?? []).map(({ name = "", dims = [], dataType, externalData }) => {
    const dtype = dtypeOf(dataType);
    const location = externalData?.find(({ key }) => key === "location")?.value;
    const bytes = numel(dims) * (dtype ? dtypeSize(dtype) : 0);
    return { name, dtype: dtype ?? String(dataType ?? 0), shape: dims, bytes, ...(location && { location }) };
  });
  const nodes: Record<string, number> = {};
  for (const { opType = "", domain } of [graph, ...functions].flatMap(({ node = [] }) => node)) {
    const op = !domain || domain === "ai.onnx" ? opType : `${domain}.${opType}`;
    nodes[op] = (nodes[op] ?? 0) + 1;
  }
  const weights = new Set(tensors.map(({ name }) => name));
  return {
    opset: opsetImport?.find(({ domain }) => !domain || domain === "ai.onnx")?.version ?? 0,
    producer: `${producerName} ${producerVersion}`.trim(),
    inputs: (graph.input ?? []).filter(({ name = "" }) => !weights.has(name)).map(describeValue),
    outputs: (graph.output ?? []).map(describeValue),
    nodes,
    tensors,
  };
}

function describeValue({ name = "", type }: ValueInfoProto): OnnxValueInfo {
  const { elemType, shape } = type?.tensorType ?? {};
  const sizes = (shape?.dim ?? []).map(({ dimValue, dimParam }) => dimValue ?? (dimParam || "?"));
  return { name, dtype: dtypeOf(elemType) ?? String(elemType ?? 0), shape: sizes };
}
