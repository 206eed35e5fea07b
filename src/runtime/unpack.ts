/** Puts together what `scripts/pack-kernels.js` has taken apart: text in, the bytes of a WASM module out. */

/** Bytes behind text, read one after the other: values up to 88 take one character, others two. */
class TextReader {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at === this.#text.length;
  }

  byte(): number {
    const value = this.#digit();
    return value < 89 ? value : 89 + 91 * (value - 89) + this.#digit();
  }

  /** The characters are all from "#" to "~" but the backslash, 92. */
  #digit(): number {
    const code = this.#text.charCodeAt(this.#at++);
    return code < 92 ? code - 35 : code - 36;
  }
}

interface Form {
  /** Bytes of an opcode. */
  length: number;
  operands: { stream: TextReader; size: number }[];
}

/** The bytes behind the texts that `pack` made and describes. */
export function unpack(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const streams = texts.map((text) => new TextReader(text));
  const [dictionary, code, literals] = streams;
  const list = <T>(length: number, next: () => T) => Array.from({ length }, next);
  const operand = () => ({ stream: streams[dictionary.byte()], size: dictionary.byte() });
  const forms: Form[] = list(dictionary.byte(), () => ({
    length: dictionary.byte(),
    operands: list(dictionary.byte(), operand),
  }));
  const instructions: { opcode: number[]; operands: Form["operands"] }[] = [];
  while (!dictionary.ended) {
    const { length, operands } = forms[dictionary.byte()];
    instructions.push({ opcode: list(length, () => dictionary.byte()), operands });
  }
  const bytes: number[] = [];
  const copy = (stream: TextReader, count: number) => {
    for (; count > 0; count--) bytes.push(stream.byte());
  };
  while (!code.ended) {
    const number = code.byte();
    if (number === 0) {
      copy(literals, literals.byte() + 128 * literals.byte());
      continue;
    }
    const { opcode, operands } = instructions[number - 1];
    bytes.push(...opcode);
    for (const { stream, size } of operands) {
      if (size > 0) copy(stream, size);
      // A number in LEB128: its last byte is below 128.
      else while (bytes[bytes.push(stream.byte()) - 1] > 127);
    }
  }
  return Uint8Array.from(bytes);
}
