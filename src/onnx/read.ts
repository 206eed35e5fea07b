/** Reads the bytes of an ONNX file into messages. */
import { MODEL, type ModelProto, TENSOR, type TensorProto } from "./messages.js";
import { decodeMessage, encodeMessage, type Reading } from "./protobuf.js";

export function readModel(bytes: Uint8Array, reading: Reading): ModelProto {
  return decodeMessage(bytes, MODEL, reading) as ModelProto;
}

export const writeModel = (model: ModelProto): Uint8Array<ArrayBuffer> => encodeMessage(model, MODEL);

/** A tensor in a file of its own, as ONNX's tests have them. */
export const readTensor = (bytes: Uint8Array, reading: Reading): TensorProto =>
  decodeMessage(bytes, TENSOR, reading) as TensorProto;
