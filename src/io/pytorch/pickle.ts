/**
 * A reader of pickles, Python's serialisation: a program for a stack machine, whose opcodes stand in Python's
 * Lib/pickle.py (protocol 2 and later, what torch.save has ever written). The machine here makes plain data. Where
 * Python would look up a class or call a function there is a record of its name and arguments, and nothing else
 * happens.
 */
import { utf8Decoder } from "../../core/utf8.js";
import { formatError, type Origin } from "../safetensors-header.js";

/** A class or function by its name: never looked up, never called. */
export class Global {
  readonly name: string;
  constructor(parts: unknown[]) {
    this.name = parts.every((part) => typeof part === "string") ? parts.join(".") : "";
  }
}

/** What lies outside the pickle: a storage. */
export class PersistentId {
  readonly id: unknown;
  constructor(id: unknown) {
    this.id = id;
  }
}

/** A dictionary (`callee` null), or what a call would have made: the call, and what was put into its result. */
export class Made {
  readonly callee: unknown;
  readonly args: unknown;
  /** Keys and values in turn. */
  items: unknown[] | undefined = undefined;
  constructor(callee: unknown = null, args: unknown = null) {
    this.callee = callee;
    this.args = args;
  }
}

/** One file, whatever the number of its pickles. */
export interface Reading {
  bytes: Uint8Array;
  /** Where the next pickle begins. */
  at: number;
  /** Steps that are left; they bound the memory, with up to 8 bytes a step and 64 an object. */
  steps: number;
  /** All persistent ids, in order. */
  outside: PersistentId[];
  origin: Origin;
}

export const reading = (bytes: Uint8Array, whole: Uint8Array, origin: Origin): Reading => ({
  bytes,
  at: 0,
  steps: 2 ** 22 + whole.length / 4,
  outside: [],
  origin,
});

const OBJECT_STEPS = 8;
const MAX_DIGITS = 1024;
/** Opcodes with an operand of 1, 2, 4 and 8 bytes. */
const OPERANDS = ["KUCqh\x80\x8a\x8c", "M", "JTXBrj\x8b", "\x8d\x8e\x95\x96"];

/** Reads a pickle. Lists, tuples and sets are arrays; integers beyond 2^53 are bigints. */
export function readPickle(reading: Reading): unknown {
  const { bytes, origin } = reading;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decode = utf8Decoder(origin.where);
  const memo: unknown[] = [];
  const marks: number[] = [];
  const stack: unknown[] = [];
  let code = 0;

  const fail = (expected: string) =>
    formatError(origin, `pickle, up to byte ${reading.at},`, expected, `opcode 0x${code.toString(16)}`);
  const slice = (count: number): Uint8Array => {
    const from = reading.at;
    if (count > bytes.length - from) throw fail(`${count} more bytes`);
    return bytes.subarray(from, (reading.at = from + count));
  };
  /** Text; of Python 2, which knew no difference, possibly bytes. */
  const text = (data: Uint8Array): unknown => decode(data) ?? data;
  /** A line of text, without its end. */
  const line = () => {
    // -1, for no end, is more than there is.
    const name = text(slice((bytes.indexOf(10, reading.at) - reading.at) >>> 0));
    reading.at++;
    return name;
  };
  /** A little-endian integer of two's complement. */
  const long = (digits: Uint8Array): number | bigint => {
    let value = 0n;
    for (let i = digits.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]);
    value = BigInt.asIntN(8 * digits.length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  };
  const push = (value: unknown) => stack.push(value);
  const object = (value: unknown) => {
    reading.steps -= OBJECT_STEPS;
    push(value);
  };
  const popLast = (count: number): unknown[] => {
    const from = stack.length - count;
    if (from < (marks.at(-1) ?? 0)) throw fail(`${count} values on the stack`);
    return stack.splice(from);
  };
  const pop = () => popLast(1)[0];
  const peek = (): unknown => {
    push(pop());
    return stack.at(-1);
  };
  /** The values above the last mark. */
  const popMark = (): unknown[] => {
    const mark = marks.pop();
    if (mark === undefined) throw fail("a mark on the stack");
    return stack.splice(mark);
  };
  const put = (index: number) => {
    // Picklers count: from 0, Python 2's from 1.
    if (index > memo.length + 1) throw fail("a memo index next to the last");
    reading.steps -= OBJECT_STEPS;
    memo[index] = peek();
  };
  /** Puts keys and values into a dictionary, or values into a list; elements of classes that extend list are not kept. */
  const extend = (values: unknown[], isItems: boolean) => {
    const target = peek();
    const held = target instanceof Made && (isItems ? (target.items ??= []) : []);
    const list = Array.isArray(target) && !isItems ? target : held;
    if (!list || (isItems && values.length % 2)) throw fail("a list, or a dictionary and pairs");
    for (const value of values) list.push(value);
  };

  for (;;) {
    code = slice(1)[0];
    if (--reading.steps < 0) throw fail("fewer steps and objects");
    const opcode = String.fromCharCode(code);
    // The operand, if there is one: 1, 2, 4 or 8 bytes, the least first.
    const width = OPERANDS.findIndex((opcodes) => opcodes.includes(opcode));
    let n = 0;
    if (width >= 0) for (const [i, byte] of slice(2 ** width).entries()) n += byte * 2 ** (8 * i);
    // biome-ignore format: the table of opcodes, one a line
    switch (opcode) {
      case "\x80": if (n > 5) throw fail("protocol 2 to 5"); break; // PROTO
      case "\x95": break; // FRAME
      case ".": return pop(); // STOP
      case "(": marks.push(stack.length); break; // MARK
      case "0": if (marks.at(-1) === stack.length) marks.pop(); else pop(); break; // POP
      case "1": popMark(); break; // POP_MARK
      case "2": push(peek()); break; // DUP
      case "N": push(null); break; // NONE
      case "\x88": push(true); break; // NEWTRUE
      case "\x89": push(false); break; // NEWFALSE
      case "J": push(n | 0); break; // BININT
      case "K": case "M": push(n); break; // BININT1, BININT2
      case "\x8a": case "\x8b": // LONG1, LONG4
        if (n > MAX_DIGITS) throw fail(`at most ${MAX_DIGITS} bytes`);
        push(long(slice(n)));
        break;
      case "G": push(view.getFloat64(slice(8).byteOffset - bytes.byteOffset)); break; // BINFLOAT
      case "T": case "U": case "X": case "\x8c": case "\x8d": object(text(slice(n))); break; // (SHORT_)BINSTRING, …BINUNICODE…
      case "B": case "C": case "\x8e": case "\x96": object(slice(n)); break; // …BINBYTES…, BYTEARRAY8
      case ")": case "]": case "\x8f": object([]); break; // EMPTY_TUPLE, EMPTY_LIST, EMPTY_SET
      case "\x85": case "\x86": case "\x87": object(popLast(code - 0x84)); break; // TUPLE1, TUPLE2, TUPLE3
      case "t": case "\x91": object(popMark()); break; // TUPLE, FROZENSET
      case "}": object(new Made()); break; // EMPTY_DICT
      case "a": extend(popLast(1), false); break; // APPEND
      case "e": case "\x90": extend(popMark(), false); break; // APPENDS, ADDITEMS
      case "s": extend(popLast(2), true); break; // SETITEM
      case "u": extend(popMark(), true); break; // SETITEMS
      case "h": case "j": // BINGET, LONG_BINGET
        if (!(n in memo)) throw fail("a memo index that was put");
        push(memo[n]);
        break;
      case "q": case "r": put(n); break; // BINPUT, LONG_BINPUT
      case "\x94": put(memo.length); break; // MEMOIZE
      case "c": object(new Global([line(), line()])); break; // GLOBAL
      case "\x93": object(new Global(popLast(2))); break; // STACK_GLOBAL
      case "\x92": object(new Made(popLast(3)[0])); break; // NEWOBJ_EX: of a class that no tensor has
      case "R": case "\x81": { // REDUCE, NEWOBJ
        const [callee, args] = popLast(2);
        object(new Made(callee, args));
        break;
      }
      case "b": pop(); peek(); break; // BUILD: attributes, which no tensor has
      case "Q": // BINPERSID
        object(new PersistentId(pop()));
        reading.outside.push(stack.at(-1) as PersistentId);
        break;
      default: throw fail("an opcode of protocol 2 to 5");
    }
  }
}
