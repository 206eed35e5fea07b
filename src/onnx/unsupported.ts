/** Nodes for which the library has no op. */
import { describe, FormatError } from "../core/errors.js";
import type { Reading } from "./protobuf.js";

/** A node of an ONNX file that cannot be run here. */
export interface UnsupportedNode {
  /** Its op, as the file or the importer calls it. */
  op: string;
  /** The file's name of the node, or one of its place. */
  node: string;
  /** What of it is not supported, where the op itself is; else empty. */
  reason: string;
}

/**
 * An ONNX file with nodes for which there is no op. The message names the first 20.
 *
 * @example
 * try {
 *   importOnnx(readFileSync("resnet18.onnx"));
 * } catch (error) {
 *   if (error instanceof UnsupportedOpError) console.log(error.message); // which operators, and where
 *   else throw error;
 * }
 */
export class UnsupportedOpError extends FormatError {
  override name = "UnsupportedOpError";
  readonly nodes: readonly UnsupportedNode[];

  /** @internal */
  constructor(message: string, nodes: readonly UnsupportedNode[]) {
    super(message);
    this.nodes = nodes;
  }
}

/** Whether `dequantizeOnnx` may help. */
export const isQuantized = (nodes?: readonly UnsupportedNode[]): boolean | undefined =>
  nodes?.some(({ op }) => op.endsWith("uantizeLinear"));

export function unsupported(reading: Reading, expected: string, nodes: readonly UnsupportedNode[]): UnsupportedOpError {
  const list = nodes
    .slice(0, 20)
    .map(({ op, node, reason }) => `${op} (node ${describe(node)}${reason && `: ${reason}`})`);
  const more = nodes.length > 20 ? ` and ${nodes.length - 20} more` : "";
  const hint = isQuantized(nodes) ? "use dequantizeOnnx of resnet-wasm/quantize" : undefined;
  return new UnsupportedOpError(reading.error("nodes", expected, list.join(", ") + more, hint).message, nodes);
}
