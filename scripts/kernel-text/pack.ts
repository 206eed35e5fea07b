/**
 * Writes a WASM binary as text that gzip packs a fifth smaller: instructions in one stream, their operands (locals,
 * offsets, constants, …) in one stream each. `src/runtime/unpack.ts` puts it together again and knows nothing of WASM:
 * which operands follow an instruction is told by the first stream.
 *
 * What it buys, gzipped (2026-11-25): the kernels take 18.0 KB, 9.9 KB for inference; as text of the plain bytes, by the
 * same characters, 22.2 and 11.8 KB, as base64 29.9 and 16.2 KB. What it costs: 0.3 KB more code, and 2.6 ms at a cold
 * start (4.5 ms in place of 1.9 ms, the fastest of 15 in Node 20).
 */
import { disassemble, OPERANDS, type OperandKind } from "./wasm.js";

const STREAMS = Object.keys(OPERANDS) as OperandKind[];
/** Numbers of the streams of operands begin after those of the dictionary, the instructions and the literals. */
const FIRST_OPERANDS = 3;

/**
 * Bytes as printable text that gzip packs as well as the bytes: one character for each of the 89 smallest values, two for
 * the others. The characters are ASCII 35 to 126 without the backslash.
 */
export function toText(bytes: ArrayLike<number>): string {
  const character = (i: number) => String.fromCharCode(i < 57 ? i + 35 : i + 36);
  const encode = (value: number) =>
    value < 89 ? character(value) : character(89 + Math.floor((value - 89) / 91)) + character((value - 89) % 91);
  return Array.from(bytes, encode).join("");
}

/** What instructions have in common: the bytes of an opcode, and the operands. */
interface Form {
  index: number;
  length: number;
  kinds: OperandKind[];
}

/**
 * The texts that `unpack` takes: a dictionary, the instructions as numbers into it, literals, and the operands.
 * Number 0 stands for a literal: a length in two bytes of 7 bits, then as many bytes. The dictionary first lists forms (how
 * many there are; for each the bytes of an opcode, operands, and for each operand its stream and size), then instructions:
 * a form and the opcode.
 */
export const pack = (bytes: Uint8Array): string[] => packTogether([bytes])[0];

/** The texts of several binaries, all with the same dictionary. */
export function packTogether(binaries: readonly Uint8Array[]): string[][] {
  const all = binaries.map((bytes) => [...disassemble(Uint8Array.from(bytes))]);
  const forms = new Map<string, Form>();
  const found = new Map<string, { head: Uint8Array; form: Form; uses: number }>();
  for (const item of all.flat()) {
    if ("literal" in item) continue;
    const { head, kinds } = item;
    const key = `${head.length} ${kinds}`;
    const form = forms.get(key) ?? { index: forms.size, length: head.length, kinds };
    forms.set(key, form);
    const entry = found.get(`${head}`) ?? { head, form, uses: 0 };
    entry.uses++;
    found.set(`${head}`, entry);
  }
  const dictionary = [forms.size];
  for (const { length, kinds } of forms.values()) {
    const operands = kinds.flatMap((kind) => [STREAMS.indexOf(kind) + FIRST_OPERANDS, OPERANDS[kind]]);
    dictionary.push(length, kinds.length, ...operands);
  }
  // The most frequent first: their numbers take one character.
  const numbers = new Map<string, number>();
  for (const { head, form } of [...found.values()].sort((a, b) => b.uses - a.uses)) {
    dictionary.push(form.index, ...head);
    numbers.set(`${head}`, numbers.size + 1);
  }
  return all.map((items) => {
    const code: number[] = [];
    const literals: number[] = [];
    const streams = STREAMS.map((): number[] => []);
    for (const item of items) {
      if ("literal" in item) {
        code.push(0);
        literals.push(item.literal.length & 127, item.literal.length >> 7, ...item.literal);
        continue;
      }
      code.push(numbers.get(`${item.head}`) as number);
      for (const [i, kind] of item.kinds.entries()) streams[STREAMS.indexOf(kind)].push(...item.values[i]);
    }
    return [dictionary, code, literals, ...streams].map(toText);
  });
}
