/** Inputs of integers and truth, such as pictures of bytes: numbers like any others here, where a file does nothing else with them. */
import { describe } from "../core/errors.js";
import type { Step } from "../nn/imported/step.js";
import type { FlatNode } from "./call.js";
import type { Reading } from "./protobuf.js";
import { dtypeOf, isFloatType } from "./tensor.js";

/** ONNX's number of uint8. */
export const BYTES = 2;

/** Bytes mean value / 255 all over the library, so the file's are 255 times the input; exactly so, in float32, for each of them. */
export function ofBytes(input: string): [made: string, step: Step] {
  const made = `${input}/bytes`;
  const attributes = { kind: "affine", p: 255, q: 0 };
  return [made, { op: "unary", name: made, inputs: [input], outputs: [made], attributes }];
}

/** Where integers do as floats do. */
const MOVES = /^(Transpose|Reshape|Flatten|Squeeze|Unsqueeze|Identity|Slice)$/;

/** Give of integers what they give of floats, for integers that float32 has, up to 2^24; and of truth, 1 and 0. */
const ALIKE = /^(Max|Min|Equal|Greater|Less|GreaterOrEqual|LessOrEqual|And|Or|Xor|Not)$/;

/** Throws on an input of another type than floats, unless nothing that integers do otherwise, such as dividing, is done with it before a Cast. */
export function expectNumbers(reading: Reading, nodes: readonly FlatNode[], input: string, type: number): void {
  // Floats of 8 bits and bfloat16 begin at 16.
  if (isFloatType(type) && type < 16) return;
  const where = `input ${describe(input)}`;
  const dtype = dtypeOf(type);
  if (!dtype || isFloatType(type)) throw reading.error(where, "floats", "another type");
  const integers = new Set([input]);
  for (const { opType, inputs, outputs } of nodes) {
    const places = inputs.flatMap((name, i) => (integers.has(name) ? [i] : []));
    if (places.length === 0 || opType === "Cast") continue;
    const isAlike = type !== BYTES && ALIKE.test(opType);
    if (!isAlike && (!MOVES.test(opType) || places.some((place) => place > 0)))
      throw reading.error(where, "floats, or integers that a Cast makes floats of", `${opType} of ${dtype}`);
    integers.add(outputs[0]);
  }
}
