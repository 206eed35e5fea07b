/** Writes a WebAssembly module of kernels, the calls of a program, and data (WebAssembly Core Specification 2.0, section 5). */
import { unpack } from "../runtime/unpack.js";
import type { KernelObject } from "./object.js";

/** An unsigned number in LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

/** A signed one of 32 bits. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (value |= 0; value < -64 || value > 63; value >>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value & 127];
}

const text = (name: string): number[] => [...unsigned(name.length), ...new TextEncoder().encode(name)];

// Opcodes and types, by their names in the specification's text format.
const I32 = 0x7f;
const EMPTY = 0x40;
const END = 0x0b;
const i32_const = (value: number) => [0x41, ...signed(value)];
const local_get = (index: number) => [0x20, index];
const call = (index: number) => [0x10, ...unsigned(index)];
const i32_store = [0x36, 2, 0]; // aligned to 4 bytes, offset 0
const memory_copy = [0xfc, 10, 0, 0]; // within one memory
const [if_, return_, i32_ge_u, i32_sub] = [0x04, 0x0f, 0x4f, 0x6b];
const [FUNCTION, MEMORY] = [0, 2];

/** Bytes at an address of the memory. */
export interface Segment {
  address: number;
  bytes: Uint8Array;
}

/** A call of a function with three numbers. */
export interface Call {
  /** Its number in the object. */
  target: number;
  operands: readonly [number, number, number];
}

/** What a module does. */
export interface ModuleParts {
  /** Pages of 64 KB. */
  pages: number;
  data: readonly Segment[];
  /** When the module is instantiated, and at each `run`. */
  start: readonly Call[];
  run: readonly Call[];
  /** What each `run` copies first. */
  copy: { to: number; from: number; bytes: number };
  /** Set to 0 after each call: how many items of their work kernels have taken. */
  claims: number;
  /** `run(n)` gives 1, and does nothing, for an n that is not 1 to this. */
  most: number;
  /** Functions that return a number. */
  constants: Readonly<Record<string, number>>;
  /** Functions of three numbers: those of the object with an address in front. */
  bound: Readonly<Record<string, { target: number; address: number }>>;
}

/** A run of bytes in parts: large ones are never copied one by one. */
class Bytes {
  readonly #parts: (readonly number[] | Uint8Array)[] = [];
  length = 0;

  add(...parts: (readonly number[] | Uint8Array | Bytes)[]): this {
    for (const part of parts) {
      if (part instanceof Bytes) this.#parts.push(...part.#parts);
      else this.#parts.push(part);
      this.length += part.length;
    }
    return this;
  }

  join(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}

/** Something with its length in front. */
const sized = (content: Bytes): Bytes => new Bytes().add(unsigned(content.length), content);
const list = (items: readonly (readonly number[] | Bytes)[]): Bytes =>
  new Bytes().add(unsigned(items.length), ...items);
const section = (id: number, content: Bytes): Bytes => new Bytes().add([id], sized(content));

/** The functions that these lead to, in the order of the object. */
function reached(functions: readonly number[][], roots: readonly number[]): number[] {
  const seen = new Set<number>();
  const visit = (index: number) => {
    if (seen.has(index)) return;
    seen.add(index);
    for (let i = 4; i < functions[index].length; i += 2) visit(functions[index][i]);
  };
  roots.forEach(visit);
  return [...seen].sort((a, b) => a - b);
}

/** A module without imports. It exports `memory`, `run` and the constants. */
export function link(object: KernelObject, parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const { functions, types, variables, readers } = object;
  const code = unpack(object.code);
  const kept = reached(
    functions,
    [...parts.start, ...parts.run, ...Object.values(parts.bound)].map(({ target }) => target),
  );
  const newIndex = new Map(kept.map((old, index) => [old, index]));
  const indexOf = (old: number) => newIndex.get(old) ?? 0;

  const copied = kept.map((old) => {
    const [, start, length, ...calls] = functions[old];
    const body = new Bytes();
    let from = start;
    for (let i = 0; i < calls.length; i += 2) {
      const at = start + calls[i];
      body.add(code.subarray(from, at), unsigned(indexOf(calls[i + 1])));
      from = at + unsigned(calls[i + 1]).length;
    }
    return sized(body.add(code.subarray(from, start + length)));
  });

  const calls = (made: readonly Call[]): number[] =>
    made.flatMap(({ target, operands }) => [
      ...operands.flatMap(i32_const),
      ...call(indexOf(target)),
      ...[...i32_const(parts.claims), ...i32_const(0), ...i32_store],
    ]);
  const body = (instructions: readonly number[]) => sized(new Bytes().add([0], instructions, [END]));
  const refuse = [
    ...[...local_get(0), ...i32_const(1), i32_sub, ...i32_const(parts.most), i32_ge_u],
    ...[if_, EMPTY, ...i32_const(1), return_, END],
  ];
  const { to, from, bytes } = parts.copy;
  const copy = [...[to, from, bytes].flatMap(i32_const), ...memory_copy];
  const run = body([...refuse, ...copy, ...calls(parts.run), ...i32_const(0)]);
  const [nothing, number, answer, answer3] = [0, 1, 2, 3].map((i) => types.length + i);
  const names = [...Object.keys(parts.constants), ...Object.keys(parts.bound)];
  const own = [
    { type: nothing, body: body(calls(parts.start)) },
    { type: answer, body: run },
    ...Object.values(parts.constants).map((value) => ({ type: number, body: body(i32_const(value)) })),
    ...Object.values(parts.bound).map(({ target, address }) => ({
      type: answer3,
      body: body([...i32_const(address), ...[0, 1, 2].flatMap(local_get), ...call(indexOf(target))]),
    })),
  ];
  const first = kept.length;
  const exported = ["run", ...names].map((name, i) => [...text(name), FUNCTION, ...unsigned(first + 1 + i)]);

  return new Bytes()
    .add([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    .add(
      section(
        1,
        list([...types, [0x60, 0, 0], [0x60, 0, 1, I32], [0x60, 1, I32, 1, I32], [0x60, 3, I32, I32, I32, 1, I32]]),
      ),
    )
    .add(
      section(3, list([...kept.map((old) => unsigned(functions[old][0])), ...own.map(({ type }) => unsigned(type))])),
    )
    .add(section(5, list([[1, ...unsigned(parts.pages), ...unsigned(parts.pages)]])))
    .add(kept.some((old) => readers.includes(old)) ? section(6, new Bytes().add(variables)) : [])
    .add(section(7, list([[...text("memory"), MEMORY, 0], ...exported])))
    .add(section(8, new Bytes().add(unsigned(first))))
    .add(section(10, list([...copied, ...own.map((each) => each.body)])))
    .add(
      section(
        11,
        list(
          parts.data.map(({ address, bytes }) =>
            new Bytes().add([0, ...i32_const(address), END], unsigned(bytes.length), bytes),
          ),
        ),
      ),
    )
    .join();
}
