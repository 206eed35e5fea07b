/** ONNX files with QuantizeLinear and DequantizeLinear as files in float32, which `importOnnx` reads. */
import { asBytes } from "../core/bytes.js";
import { oneOf, readOptions, type Schema } from "../core/options.js";
import { dequantize } from "../onnx/dequantize.js";
import { Reading } from "../onnx/protobuf.js";
import { readModel, writeModel } from "../onnx/read.js";
import { ConstantReader } from "../onnx/tensor.js";

export interface DequantizeOptions {
  /**
   * What becomes of activations: "rounded" (default), numbers of float32 that are rounded and clipped as the file says, so that
   * outputs are the file's; "plain", no rounding, for a network that `quantize` or a training goes on with.
   */
  activations?: "rounded" | "plain";
}

const schema = () => ({ activations: oneOf(["rounded", "plain"], "rounded") }) satisfies Schema<DequantizeOptions>;

/**
 * Writes an ONNX file whose weights and activations are quantised by QuantizeLinear and DequantizeLinear, as the static quantisation
 * of onnxruntime and others write it, as one in float32. Weights of integers become weights of floats, scale * (q - zero). Throws
 * `FormatError` where the two do not stand in pairs, and on scales that differ along an axis of an activation.
 *
 * @example
 * const bytes = exportQdq(await quantize(model, dataset)); // or what another tool has written
 * const { network, state } = importOnnx(dequantizeOnnx(bytes));
 */
export function dequantizeOnnx(bytes: Uint8Array | ArrayBuffer, options?: DequantizeOptions): Uint8Array<ArrayBuffer> {
  const { activations } = readOptions("dequantizeOnnx", options, schema);
  const given = asBytes("dequantizeOnnx", bytes, "bytes");
  const reading = new Reading("dequantizeOnnx", given.length);
  const file = readModel(given, reading);
  const constants = new ConstantReader(reading, given.length);
  return writeModel(dequantize(file, constants, reading, activations === "rounded"));
}
