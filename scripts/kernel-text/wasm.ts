/** Reads the binary format of WebAssembly, as far as `pack` needs it. */

export class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  take(count: number): Uint8Array {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** A number in LEB128. */
  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
}

/** Bytes of the magic number and the version, which every module begins with. */
const HEADER = 8;
const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10, dataCount: 12 };

/** The instruction that reads a variable of the module. */
export const GLOBAL_GET = 0x23;

/** Kinds of operands; those with a size hold that many bytes a time, the others numbers in LEB128. */
export const OPERANDS = {
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
export type OperandKind = keyof typeof OPERANDS;

/** The operands of the instruction whose opcode has just been read, or null for one of a form of its own (br_table). */
function operands(opcode: number, extended: number): OperandKind[] | null {
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
  if (opcode === 0x43) return ["f32"];
  return opcode === 0x44 ? ["f64"] : [];
}

/** Bytes after an opcode that are as good as part of it: alignments, types of blocks, memory indices. */
function fixedBytes(opcode: number, extended: number, kinds: OperandKind[]): number {
  if (kinds[0] === "offset") return 1; // alignment
  if (opcode >= 0x02 && opcode <= 0x04) return 1; // the type of a block's result
  if (opcode === 0x3f || opcode === 0x40) return 1; // memory.size, memory.grow
  if (opcode === 0xfc && extended >= 8) return extended === 10 ? 2 : 1; // memory.copy, memory.fill
  return opcode === 0xfe && extended === 3 ? 1 : 0; // atomic.fence
}

/** An instruction: its opcode with what is as good as part of it, and its operands. */
export interface Instruction {
  head: Uint8Array;
  kinds: OperandKind[];
  values: Uint8Array[];
}

/** Bytes that are no instruction, or one of a form of its own. */
export interface Literal {
  literal: Uint8Array;
}

function* instructions(reader: Reader, end: number): Generator<Instruction | Literal> {
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
      if (OPERANDS[kind]) reader.take(OPERANDS[kind]);
      else reader.number();
      return reader.bytes.subarray(from, reader.at);
    });
    yield { head, kinds, values };
  }
}

/** The whole module: the code as instructions, the rest as literals. */
export function* disassemble(bytes: Uint8Array): Generator<Instruction | Literal> {
  const reader = new Reader(bytes, HEADER);
  let done = 0;
  while (!reader.done) {
    const id = reader.number();
    const size = reader.number();
    if (id !== SECTION.code) {
      reader.take(size);
      continue;
    }
    for (let functions = reader.number(); functions > 0; functions--) {
      const length = reader.number();
      const end = reader.at + length;
      for (let groups = reader.number(); groups > 0; groups--) {
        reader.number(); // how many locals
        reader.take(1); // of which type
      }
      yield { literal: bytes.subarray(done, reader.at) };
      yield* instructions(reader, end);
      done = end;
    }
  }
  yield { literal: bytes.subarray(done) };
}

/** Where the code of a function stands in its module, its locals included. */
export interface Place {
  start: number;
  end: number;
}

/** A function: the number of its type, and its code. */
export interface FunctionCode {
  type: number;
  body: Uint8Array;
}

/**
 * A module's types and its section of variables as bytes, its functions, what it exports of these by name, and the numbers
 * of its other sections.
 */
export function readModule(bytes: Uint8Array) {
  const reader = new Reader(bytes, HEADER);
  const list = <T>(next: () => T): T[] => Array.from({ length: reader.number() }, next);
  let types: Uint8Array[] = [];
  let typeOf: number[] = [];
  let bodies: Place[] = [];
  let variables = new Uint8Array();
  const exports: Record<string, number> = {};
  const others: number[] = [];
  while (!reader.done) {
    const id = reader.number();
    const end = reader.number() + reader.at;
    if (id === SECTION.type) {
      types = list(() => {
        const start = reader.at;
        reader.take(1);
        for (let i = 0; i < 2; i++) reader.take(reader.number());
        return bytes.subarray(start, reader.at);
      });
    } else if (id === SECTION.function) typeOf = list(() => reader.number());
    else if (id === SECTION.code) {
      bodies = list(() => {
        const length = reader.number();
        reader.take(length);
        return { start: reader.at - length, end: reader.at };
      });
    } else if (id === SECTION.global) variables = bytes.slice(reader.at, end);
    else if (id === SECTION.export) {
      list(() => {
        const name = new TextDecoder().decode(reader.take(reader.number()));
        const [kind] = reader.take(1);
        const index = reader.number();
        if (kind === 0) exports[name] = index;
      });
    } else if (id !== SECTION.import && id !== SECTION.dataCount) others.push(id);
    reader.at = end;
  }
  const functions = bodies.map(
    ({ start, end }, i): FunctionCode => ({ type: typeOf[i], body: bytes.subarray(start, end) }),
  );
  return { types, variables, functions, bodies, exports, others };
}

/** The instructions of a function. */
export function* instructionsOf(bytes: Uint8Array, { start, end }: Place): Generator<Instruction | Literal> {
  const reader = new Reader(bytes, start);
  for (let groups = reader.number(); groups > 0; groups--) {
    reader.number();
    reader.take(1);
  }
  yield* instructions(reader, end);
}

/** The calls of a function: where in the bytes the number of the called function stands, and that number. */
export function callsOf(bytes: Uint8Array, place: Place): { at: number; target: number }[] {
  const calls: { at: number; target: number }[] = [];
  for (const item of instructionsOf(bytes, place)) {
    if ("literal" in item || item.kinds[0] !== "call") continue;
    const [value] = item.values;
    calls.push({ at: value.byteOffset - bytes.byteOffset, target: new Reader(value).number() });
  }
  return calls;
}

/** Whether a function reads a variable of its module. */
export function readsVariables(bytes: Uint8Array, place: Place): boolean {
  for (const item of instructionsOf(bytes, place)) if ("head" in item && item.head[0] === GLOBAL_GET) return true;
  return false;
}
