/** Puts together what `scripts/pack-kernels.js` has taken apart: text in, the bytes of a WASM module out. */
import { ability } from "../core/ability.js";

/** Bytes, read one after the other. */
interface Stream {
  bytes: Uint8Array;
  at: number;
}

/** Values up to 88 take one character, others two. The characters are all from "#" to "~" but the backslash, 92. */
function fromText(text: string): Stream {
  // The engine runs this once, uncompiled: in place, without calls.
  const bytes = new (ability("createModel", "TextEncoder"))().encode(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let value = bytes[at] - (bytes[at] < 92 ? 35 : 36);
    if (value >= 89) {
      const low = bytes[++at];
      value = 89 + 91 * (value - 89) + low - (low < 92 ? 35 : 36);
    }
    bytes[length++] = value;
  }
  return { bytes: bytes.subarray(0, length), at: 0 };
}

interface Form {
  /** Bytes of an opcode. */
  length: number;
  operands: { stream: Stream; size: number }[];
}

/** The bytes in the texts that `pack` made and describes. */
export function unpack(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const streams = texts.map(fromText);
  const [dictionary, code, literals] = streams;
  const list = <T>(length: number, next: () => T) => Array.from({ length }, next);
  const byte = () => dictionary.bytes[dictionary.at++];
  const operand = () => ({ stream: streams[byte()], size: byte() });
  const forms: Form[] = list(byte(), () => ({ length: byte(), operands: list(byte(), operand) }));
  const instructions: { opcode: number[]; operands: Form["operands"] }[] = [];
  while (dictionary.at < dictionary.bytes.length) {
    const { length, operands } = forms[byte()];
    instructions.push({ opcode: list(length, byte), operands });
  }

  // No opcode has more than 4 bytes. The loops count, because this runs once, before any compiler has seen it.
  const bytes = new Uint8Array(streams.reduce((sum, stream) => sum + stream.bytes.length, 4 * code.bytes.length));
  let length = 0;
  for (let i = 0; i < code.bytes.length; i++) {
    const number = code.bytes[i];
    if (number === 0) {
      let count = literals.bytes[literals.at++] + 128 * literals.bytes[literals.at++];
      for (; count > 0; count--) bytes[length++] = literals.bytes[literals.at++];
      continue;
    }
    const { opcode, operands } = instructions[number - 1];
    for (let j = 0; j < opcode.length; j++) bytes[length++] = opcode[j];
    for (let j = 0; j < operands.length; j++) {
      const { stream, size } = operands[j];
      for (let k = size; k > 0; k--) bytes[length++] = stream.bytes[stream.at++];
      // A number in LEB128: its last byte is below 128.
      if (size === 0) while ((bytes[length++] = stream.bytes[stream.at++]) > 127);
    }
  }
  return bytes.slice(0, length);
}
