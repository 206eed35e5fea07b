/**
 * Protocol Buffers on the wire: https://protobuf.dev/programming-guides/encoding/
 *
 * A message is a row of fields, each a tag (number · 8 + wire type) and a value: 0 a varint of 7 bits a byte, 1 eight
 * bytes, 2 a length and as many bytes, 5 four bytes. Which messages there are stands in a table (`messages.ts`); one reader
 * and one writer serve all.
 */
import { ability } from "../core/ability.js";
import { expectation, FormatError } from "../core/errors.js";
import { utf8Decoder } from "../core/utf8.js";

/** Integers are int64 in two's complement, rounded to float64 beyond 2^53. */
export type Scalar = "int" | "float" | "double" | "string" | "bytes";
/** Fields by number: a name, what it holds (a message as a function, so that messages may hold one another), and whether many of it. */
export interface Message {
  readonly [number: number]: readonly [name: string, kind: Scalar | (() => Message), many?: "many"];
}
type Decoded = Record<string, unknown>;

const MAX_DEPTH = 32;
const WIRE: Record<Scalar, number> = { int: 0, double: 1, string: 2, bytes: 2, float: 5 };

/** Who reads which file, and what it may still make: about 64 bytes an object and 8 a number. */
export class Reading {
  readonly where: string;
  readonly path: string | undefined;
  objects: number;
  numbers: number;

  constructor(where: string, fileSize: number, path?: string) {
    this.where = where;
    this.path = path;
    this.objects = 2 ** 18 + fileSize / 64;
    this.numbers = 2 ** 20 + fileSize / 8;
  }

  error(name: string, expected: unknown, got: unknown, hint?: string): FormatError {
    return new FormatError(expectation(this.where, name, expected, got, { path: this.path, hint }));
  }
}

/** Reads one message. Fields that the table does not know are passed over; the bytes of others are views. */
export function decodeMessage(bytes: Uint8Array, message: Message, reading: Reading, depth = 0): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const result: Decoded = {};
  let at = 0;
  const fail = (expected: string, got: unknown) => reading.error(`protobuf message at byte ${at}`, expected, got);
  const take = (count: number): number => {
    if (count > bytes.length - at) throw fail(`${count} more bytes`, bytes.length - at);
    at += count;
    return at - count;
  };
  const varint = (): number => {
    let [low, high] = [0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[take(1)];
      if (shift < 32) low |= (byte & 0x7f) << shift;
      if (shift > 24) high |= shift < 32 ? (byte & 0x7f) >>> (32 - shift) : (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) return high * 2 ** 32 + (low >>> 0);
    }
    throw fail("an integer of at most 10 bytes", "more");
  };
  const slice = (): Uint8Array => {
    const length = varint();
    if (length < 0) throw fail("a length", length);
    const from = take(length);
    return bytes.subarray(from, from + length);
  };
  const number = (kind: Scalar): number => {
    if (--reading.numbers < 0) throw fail("fewer numbers", "more than a network has");
    if (kind === "int") return varint();
    return kind === "float" ? view.getFloat32(take(4), true) : view.getFloat64(take(8), true);
  };
  const value = (kind: Scalar | (() => Message)): unknown => {
    if (kind === "int" || kind === "float" || kind === "double") return number(kind);
    if (--reading.objects < 0) throw fail("fewer objects", "more than a network has");
    const inner = slice();
    if (kind === "bytes") return inner;
    if (kind !== "string") {
      if (depth === MAX_DEPTH) throw fail(`at most ${MAX_DEPTH} messages in one another`, "more");
      return decodeMessage(inner, kind(), reading, depth + 1);
    }
    const text = utf8Decoder("importOnnx")(inner);
    if (text === undefined) throw fail("UTF-8", "invalid bytes");
    return text;
  };
  /** Numbers without tags between them. Floats become a typed array at once: there may be millions. */
  const packed = (kind: Scalar): ArrayLike<number> => {
    const inner = slice();
    if (kind === "int") {
      const numbers: number[] = [];
      const end = at;
      for (at -= inner.length; at < end; ) numbers.push(number(kind));
      if (at !== end) throw fail("whole integers", "a part of one");
      return numbers;
    }
    const size = kind === "float" ? 4 : 8;
    if (inner.length % size) throw fail(`a multiple of ${size} bytes`, inner.length);
    // Not slice(), which is a view of a Buffer.
    const copy = new Uint8Array(inner).buffer;
    return kind === "float" ? new Float32Array(copy) : new Float64Array(copy);
  };

  while (at < bytes.length) {
    const tag = varint();
    const [wire, field] = [tag & 7, message[Math.floor(tag / 8)]];
    if (tag < 8) throw fail("a field of number 1 or more", tag);
    if (!field) {
      if (wire === 0) varint();
      else if (wire === 2) slice();
      else if (wire === 1 || wire === 5) take(wire === 1 ? 8 : 4);
      else throw fail("wire type 0, 1, 2 or 5", wire);
      continue;
    }
    const [name, kind, many] = field;
    const expected = typeof kind === "string" ? WIRE[kind] : 2;
    const isPacked = many !== undefined && wire === 2 && expected !== 2;
    if (wire !== expected && !isPacked) throw fail(`wire type ${expected} for ${name}`, wire);
    const found = isPacked ? packed(kind as Scalar) : value(kind);
    if (many === undefined) {
      if (Object.hasOwn(result, name)) throw fail(`${name} once`, "twice");
      result[name] = found;
    } else if (isPacked && !result[name]) result[name] = found;
    else {
      const list = (result[name] ??= []) as unknown[];
      if (!Array.isArray(list)) throw fail(`the numbers of ${name} in one piece`, "more");
      for (const item of isPacked ? Array.from(found as ArrayLike<number>) : [found]) list.push(item);
    }
  }
  return result;
}

/** Writes one message: fields by number, those that are undefined left out. */
export function encodeMessage(value: object, message: Message): Uint8Array<ArrayBuffer> {
  const parts = encodeParts(value, message);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** In pieces, so that weights are copied once. */
function encodeParts(value: object, message: Message): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const lengthDelimited = (tag: number, pieces: Uint8Array[]) => {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    parts.push(Uint8Array.from([...varintBytes(tag * 8 + 2), ...varintBytes(length)]), ...pieces);
  };
  for (const [key, [name, kind, many]] of Object.entries(message) as [string, Message[number]][]) {
    const held = (value as Decoded)[name];
    if (held === undefined) continue;
    const items = many ? Array.from(held as ArrayLike<unknown>) : [held];
    const tag = Number(key);
    if (typeof kind === "function") for (const item of items) lengthDelimited(tag, encodeParts(item as object, kind()));
    else if (kind === "bytes") for (const item of items) lengthDelimited(tag, [item as Uint8Array]);
    else if (kind === "string")
      for (const item of items)
        lengthDelimited(tag, [new (ability("exportOnnx", "TextEncoder"))().encode(item as string)]);
    else if (many) {
      if (items.length > 0)
        lengthDelimited(
          tag,
          items.map((item) => numberBytes(kind, item as number)),
        );
    } else parts.push(Uint8Array.from([...varintBytes(tag * 8 + WIRE[kind]), ...numberBytes(kind, held as number)]));
  }
  return parts;
}

function numberBytes(kind: Scalar, value: number): Uint8Array {
  if (kind === "int") return Uint8Array.from(varintBytes(value));
  return new Uint8Array(kind === "float" ? Float32Array.of(value).buffer : Float64Array.of(value).buffer);
}

/** An int64: negative ones take ten bytes. */
function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}
