/**
 * The messages of ONNX that networks are made of, with the field numbers of onnx.proto
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
import type { Message } from "./protobuf.js";

export interface ModelProto {
  irVersion?: number;
  opsetImport?: OperatorSetId[];
  producerName?: string;
  producerVersion?: string;
  graph?: GraphProto;
  functions?: FunctionProto[];
}

export interface OperatorSetId {
  /** "" and "ai.onnx" are ONNX's own. */
  domain?: string;
  version?: number;
}

export interface GraphProto {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  sparseInitializer?: unknown[];
}

export interface NodeProto {
  /** An empty name is an input that is left out. */
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  domain?: string;
  overload?: string;
  attribute?: AttributeProto[];
}

export interface AttributeProto {
  name?: string;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  floats?: ArrayLike<number>;
  ints?: ArrayLike<number>;
  type?: number;
  /** In functions: the attribute of the call whose value it takes. */
  refAttrName?: string;
}

export interface ValueInfoProto {
  name?: string;
  type?: { tensorType?: { elemType?: number; shape?: { dim?: { dimValue?: number; dimParam?: string }[] } } };
}

export interface TensorProto {
  dims?: number[];
  dataType?: number;
  segment?: unknown;
  floatData?: ArrayLike<number>;
  int32Data?: ArrayLike<number>;
  int64Data?: ArrayLike<number>;
  name?: string;
  rawData?: Uint8Array;
  doubleData?: ArrayLike<number>;
  uint64Data?: ArrayLike<number>;
  externalData?: { key?: string; value?: string }[];
  /** 1: `externalData` says where. */
  dataLocation?: number;
}

export interface FunctionProto {
  name?: string;
  domain?: string;
  overload?: string;
  input?: string[];
  output?: string[];
  /** Attributes without and with a default. */
  attribute?: string[];
  attributeProto?: AttributeProto[];
  node?: NodeProto[];
  opsetImport?: OperatorSetId[];
}

const entry = (): Message => ({ 1: ["key", "string"], 2: ["value", "string"] });

const tensor = (): Message => TENSOR;
export const TENSOR: Message = {
  1: ["dims", "int", "many"],
  2: ["dataType", "int"],
  3: ["segment", () => ({})],
  4: ["floatData", "float", "many"],
  5: ["int32Data", "int", "many"],
  7: ["int64Data", "int", "many"],
  8: ["name", "string"],
  9: ["rawData", "bytes"],
  10: ["doubleData", "double", "many"],
  11: ["uint64Data", "int", "many"],
  13: ["externalData", entry, "many"],
  14: ["dataLocation", "int"],
};

const ATTRIBUTE: Message = {
  1: ["name", "string"],
  2: ["f", "float"],
  3: ["i", "int"],
  4: ["s", "bytes"],
  5: ["t", tensor],
  7: ["floats", "float", "many"],
  8: ["ints", "int", "many"],
  20: ["type", "int"],
  21: ["refAttrName", "string"],
};
const attribute = (): Message => ATTRIBUTE;

const NODE: Message = {
  1: ["input", "string", "many"],
  2: ["output", "string", "many"],
  3: ["name", "string"],
  4: ["opType", "string"],
  5: ["attribute", attribute, "many"],
  7: ["domain", "string"],
  8: ["overload", "string"],
};
const node = (): Message => NODE;

const DIMENSION: Message = { 1: ["dimValue", "int"], 2: ["dimParam", "string"] };
const SHAPE: Message = { 1: ["dim", () => DIMENSION, "many"] };
const TENSOR_TYPE: Message = { 1: ["elemType", "int"], 2: ["shape", () => SHAPE] };
const TYPE: Message = { 1: ["tensorType", () => TENSOR_TYPE] };
const VALUE_INFO: Message = { 1: ["name", "string"], 2: ["type", () => TYPE] };
const valueInfo = (): Message => VALUE_INFO;

const GRAPH: Message = {
  1: ["node", node, "many"],
  2: ["name", "string"],
  5: ["initializer", tensor, "many"],
  11: ["input", valueInfo, "many"],
  12: ["output", valueInfo, "many"],
  15: ["sparseInitializer", () => ({}), "many"],
};

const OPSET: Message = { 1: ["domain", "string"], 2: ["version", "int"] };
const opset = (): Message => OPSET;

const FUNCTION: Message = {
  1: ["name", "string"],
  4: ["input", "string", "many"],
  5: ["output", "string", "many"],
  6: ["attribute", "string", "many"],
  7: ["node", node, "many"],
  9: ["opsetImport", opset, "many"],
  10: ["domain", "string"],
  11: ["attributeProto", attribute, "many"],
  13: ["overload", "string"],
};

export const MODEL: Message = {
  1: ["irVersion", "int"],
  2: ["producerName", "string"],
  3: ["producerVersion", "string"],
  7: ["graph", () => GRAPH],
  8: ["opsetImport", opset, "many"],
  25: ["functions", () => FUNCTION, "many"],
};
