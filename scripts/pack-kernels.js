// Takes a WASM binary apart so that gzip packs it a fifth smaller: instructions in one stream, their operands (locals,
// offsets, constants, …) in one stream each, all as printable text. `src/runtime/unpack.ts` puts it together again and
// knows nothing of WASM: which operands follow an instruction is told by the first stream.

/** Streams of operands; those with a size hold that many bytes a time, the others numbers in LEB128. */
const SIZES = {
  get: 0,
  set: 0,
  offset: 0,
  integer: 0,
  branch: 0,
  call: 0,
  lane: 1,
  f32: 4,
  f64: 8,
  v128: 16,
  shuffle: 16,
};
const STREAMS = Object.keys(SIZES);
/** Numbers of the streams of operands begin after those of the dictionary, the instructions and the literals. */
const FIRST_OPERANDS = 3;

class Reader {
  constructor(bytes, at = 0) {
    Object.assign(this, { bytes, at });
  }
  take(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
}

const leb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);

/** The sections of a module: [id, contents]. */
function sections(bytes) {
  const reader = new Reader(bytes, 8);
  const found = [];
  while (reader.at < bytes.length) found.push([reader.number(), reader.take(reader.number())]);
  return found;
}

/** What the library calls; the kernels are reached through `run`. */
export const SHIPPED_EXPORTS = ["run", "submit", "serve"];

/** Drops all exports but those named; nothing is optimised again, so what they keep from being inlined stays. */
export function keepExports(bytes, names) {
  const EXPORTS = 7;
  const parts = sections(bytes).map(([id, contents]) => {
    if (id !== EXPORTS) return [id, ...leb(contents.length), ...contents];
    const reader = new Reader(contents);
    const kept = [];
    for (let count = reader.number(); count > 0; count--) {
      const start = reader.at;
      const name = Buffer.from(reader.take(reader.number())).toString();
      reader.take(1);
      reader.number();
      if (names.includes(name)) kept.push(contents.subarray(start, reader.at));
    }
    const body = [...leb(kept.length), ...kept.flatMap((entry) => [...entry])];
    return [id, ...leb(body.length), ...body];
  });
  return Uint8Array.from([...bytes.subarray(0, 8), ...parts.flat()]);
}

/** The operands of the instruction whose opcode has just been read, or null for one of a form of its own (br_table). */
function operands(opcode, extended) {
  const isMemory = (opcode >= 0x28 && opcode <= 0x3e) || (opcode === 0xfe && extended !== 3);
  if (isMemory) return ["offset"];
  if (opcode === 0xfd) {
    if (extended <= 11 || extended === 92 || extended === 93) return ["offset"];
    if (extended === 12) return ["v128"];
    if (extended === 13) return ["shuffle"];
    if (extended >= 21 && extended <= 34) return ["lane"];
    return extended >= 84 && extended <= 91 ? ["offset", "lane"] : [];
  }
  if (opcode === 0x0c || opcode === 0x0d) return ["branch"];
  if (opcode === 0x0e) return null;
  if (opcode === 0x10) return ["call"];
  if (opcode >= 0x20 && opcode <= 0x24) return [opcode === 0x20 ? "get" : "set"];
  if (opcode === 0x41 || opcode === 0x42) return ["integer"];
  return { 67: ["f32"], 68: ["f64"] }[opcode] ?? [];
}

/** Bytes after an opcode that are as good as part of it: alignments, types of blocks, memory indices. */
function fixedBytes(opcode, extended, kinds) {
  if (kinds?.[0] === "offset") return 1; // alignment
  if (opcode >= 0x02 && opcode <= 0x04) return 1; // the type of a block's result
  if (opcode === 0x3f || opcode === 0x40) return 1; // memory.size, memory.grow
  if (opcode === 0xfc && extended >= 8) return extended === 10 ? 2 : 1; // memory.copy, memory.fill
  return opcode === 0xfe && extended === 3 ? 1 : 0; // atomic.fence
}

/** Splits a function's code: instructions, and literal runs of bytes. */
function* instructions(reader, end) {
  while (reader.at < end) {
    const start = reader.at;
    const [opcode] = reader.take(1);
    const extended = opcode >= 0xfc ? reader.number() : 0;
    const kinds = operands(opcode, extended);
    if (kinds === null) {
      for (let targets = reader.number() + 1; targets > 0; targets--) reader.number();
      yield { literal: reader.bytes.subarray(start, reader.at) };
      continue;
    }
    reader.take(fixedBytes(opcode, extended, kinds));
    const head = reader.bytes.subarray(start, reader.at);
    const values = kinds.map((kind) => {
      const from = reader.at;
      if (SIZES[kind]) reader.take(SIZES[kind]);
      else reader.number();
      return reader.bytes.subarray(from, reader.at);
    });
    yield { head, kinds, values };
  }
}

/** The whole module as instructions and literals. */
function* disassemble(bytes) {
  const CODE = 10;
  const reader = new Reader(bytes, 8);
  let done = 0;
  while (reader.at < bytes.length) {
    const id = reader.number();
    const size = reader.number();
    if (id !== CODE) {
      reader.take(size);
      continue;
    }
    for (let functions = reader.number(); functions > 0; functions--) {
      const length = reader.number();
      const end = reader.at + length;
      for (let groups = reader.number(); groups > 0; groups--) {
        reader.number();
        reader.take(1);
      }
      yield { literal: bytes.subarray(done, reader.at) };
      yield* instructions(reader, end);
      done = end;
    }
  }
  yield { literal: bytes.subarray(done) };
}

/**
 * Bytes as printable text that gzip packs as well as the bytes: one character for each of the 89 smallest values, two for
 * the others. The characters are ASCII 35 to 126 without the backslash.
 */
function toText(bytes) {
  const character = (i) => String.fromCharCode(i < 57 ? i + 35 : i + 36);
  const encode = (value) =>
    value < 89 ? character(value) : character(89 + Math.floor((value - 89) / 91)) + character((value - 89) % 91);
  return Array.from(bytes, encode).join("");
}

/**
 * The texts that `unpack` takes: a dictionary, the instructions as numbers into it, literals, and the operands.
 * Number 0 stands for a literal: a length in two bytes of 7 bits, then as many bytes. The dictionary first lists forms (how
 * many there are; for each the bytes of an opcode, operands, and for each operand its stream and size), then instructions:
 * a form and the opcode.
 */
export function pack(bytes) {
  const items = [...disassemble(Uint8Array.from(bytes))];
  const forms = {};
  const found = {};
  for (const { head, kinds } of items) {
    if (!head) continue;
    const form = (forms[`${head.length} ${kinds}`] ??= {
      index: Object.keys(forms).length,
      length: head.length,
      kinds,
    });
    (found[head] ??= { head, form, uses: 0 }).uses++;
  }
  const listed = Object.values(forms);
  const dictionary = [listed.length];
  for (const { length, kinds } of listed)
    dictionary.push(
      length,
      kinds.length,
      ...kinds.flatMap((kind) => [STREAMS.indexOf(kind) + FIRST_OPERANDS, SIZES[kind]]),
    );
  // The most frequent first: their numbers take one character.
  const numbers = {};
  for (const [i, { head, form }] of Object.values(found)
    .sort((a, b) => b.uses - a.uses)
    .entries()) {
    dictionary.push(form.index, ...head);
    numbers[head] = i + 1;
  }
  const code = [];
  const literals = [];
  const streams = STREAMS.map(() => []);
  for (const { literal, head, kinds, values } of items) {
    code.push(literal ? 0 : numbers[head]);
    if (literal) literals.push(literal.length & 127, literal.length >> 7, ...literal);
    else for (const [i, kind] of kinds.entries()) streams[STREAMS.indexOf(kind)].push(...values[i]);
  }
  return [dictionary, code, literals, ...streams].map(toText);
}
