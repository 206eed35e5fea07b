// Mutations that know a format: the messages of an ONNX file, the opcodes of a pickle and the records of the archive around it.
// What comes of them is well-formed where it was not changed, so that damage gets past the first checks.
import type { Philox } from "../../../src/core/random.js";
import type { ModelProto } from "../../../src/onnx/messages.js";
import { Reading } from "../../../src/onnx/protobuf.js";
import { readModel, writeModel } from "../../../src/onnx/read.js";
import { concat, zip } from "../pytorch-files.js";

/** Integers at which sizes, axes, versions and lengths go wrong. */
const NUMBERS = [
  0,
  1,
  -1,
  2,
  3,
  5,
  7,
  13,
  64,
  255,
  2 ** 16,
  2 ** 24,
  2 ** 31 - 19,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 31),
  -(2 ** 62),
];
const FLOATS = [0, -0, 1, -1, 0.5, 6, 1e-30, 3e38, Infinity, -Infinity, NaN];

/** Operators that a node may become. */
const OPS =
  `Add Sub Mul Div Pow Max Min Sum Conv ConvTranspose MaxPool AveragePool GlobalAveragePool Gemm MatMul Relu Clip Sigmoid Softmax
  LogSoftmax BatchNormalization InstanceNormalization GroupNormalization LayerNormalization Reshape Flatten Transpose Concat Split
  Slice Pad Gather Squeeze Unsqueeze Shape Size Constant ConstantOfShape Range Expand Cast Resize ReduceMean ReduceSum ReduceMax Where
  Equal Identity Dropout PRelu HardSigmoid LeakyRelu Elu Erf Tanh If Loop`.split(/\s+/);

const pick = <T>(list: readonly T[], random: Philox): T => list[random.integer(list.length)]!;

/** Every place in a tree of messages: who holds it, and under which key. */
function places(root: object): { holder: Record<string, unknown>; key: string }[] {
  const found: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(holder)) {
      // Of long lists the beginning: weights would be most of all places.
      if (Array.isArray(holder) && Number(key) > 24) break;
      found.push({ holder, key });
      if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value))
        visit(value as Record<string, unknown>);
    }
  };
  visit(root as Record<string, unknown>);
  return found;
}

/** One to four changes of messages, lists, names and numbers. Files that do not decode stay as they are. */
export function mutateMessages(file: Uint8Array, random: Philox): Uint8Array {
  let model: ModelProto;
  try {
    model = structuredClone(readModel(file, new Reading("fuzz", file.length)));
  } catch {
    return file;
  }
  for (let changes = 1 + random.integer(4); changes > 0; changes--) {
    const all = places(model);
    const { holder, key } = pick(all, random);
    const value = holder[key];
    const strings = () =>
      all.flatMap(({ holder: each, key: at }) => (typeof each[at] === "string" ? [each[at] as string] : []));
    if (typeof value === "number") {
      const isFloat = key === "f" || (Array.isArray(holder) && !Number.isInteger(value));
      holder[key] = isFloat ? pick(FLOATS, random) : pick([...NUMBERS, value + 1, value - 1], random);
    } else if (typeof value === "string")
      holder[key] = key === "opType" ? pick(OPS, random) : pick(["", ...strings()], random);
    else if (ArrayBuffer.isView(value)) {
      const typed = value as Uint8Array | Float32Array;
      holder[key] = random.integer(2)
        ? typed.subarray(0, random.integer(typed.length + 1))
        : typed.map(() => random.integer(256));
    } else if (Array.isArray(value)) changeList(value, all, key, random);
    else if (random.integer(2)) delete holder[key];
    else {
      // Another message of the same kind takes its place.
      const others = all.filter(({ key: other, holder: each }) => other === key && each !== holder);
      if (others.length > 0) {
        const other = pick(others, random);
        holder[key] = structuredClone(other.holder[other.key]);
      }
    }
  }
  try {
    return writeModel(model);
  } catch {
    return file; // a list of numbers has got something else
  }
}

function changeList(list: unknown[], all: ReturnType<typeof places>, key: string, random: Philox): void {
  const at = random.integer(list.length + 1);
  const item = list.length > 0 ? pick(list, random) : undefined;
  switch (random.integer(6)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      if (item !== undefined) list.splice(at, 0, structuredClone(item));
      break;
    case 2:
      list.reverse();
      break;
    case 3: // many of the same
      if (item !== undefined) for (let i = random.integer(200); i > 0; i--) list.push(structuredClone(item));
      break;
    case 4: {
      const others = all.flatMap(({ holder, key: other }) =>
        other === key && holder[other] !== list ? [holder[other]] : [],
      );
      const other = others.length > 0 ? pick(others, random) : undefined;
      if (Array.isArray(other) && other.length > 0) list.splice(at, 0, structuredClone(pick(other, random)));
      break;
    }
    default:
      list.length = Math.min(list.length, at);
  }
}

/** Bytes after each opcode that has some: a number, a line or two, or a length of so many bytes with as many after it. */
const OPERANDS: Record<string, number | "line" | "lines" | { length: number }> = {
  ...{ "\x80": 1, K: 1, M: 2, J: 4, G: 8, h: 1, j: 4, q: 1, r: 4, "\x95": 8, "\x82": 1, "\x83": 2, "\x84": 4 },
  ...{ c: "lines", i: "lines", I: "line", L: "line", F: "line", S: "line", V: "line", p: "line", g: "line", P: "line" },
  ...{ T: { length: 4 }, U: { length: 1 }, X: { length: 4 }, "\x8c": { length: 1 }, "\x8d": { length: 8 } },
  ...{
    B: { length: 4 },
    C: { length: 1 },
    "\x8e": { length: 8 },
    "\x96": { length: 8 },
    "\x8a": { length: 1 },
    "\x8b": { length: 4 },
  },
};
const OPCODES = [..."(0125NJKMGXUTBC)]}tasuehjqrcRQbo.\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x91\x93\x94\x95\x97\x98"];

/** A pickle as its opcodes with their operands, up to STOP; and what comes after it. */
export function splitPickle(bytes: Uint8Array): { codes: Uint8Array[]; rest: Uint8Array } {
  const codes: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const lineEnd = (from: number): number => {
    const end = bytes.indexOf(10, from);
    return end < 0 ? bytes.length : end + 1;
  };
  while (at < bytes.length) {
    const code = String.fromCharCode(bytes[at]!);
    const operand = OPERANDS[code] ?? 0;
    let end = at + 1;
    if (typeof operand === "number") end += operand;
    else if (operand === "line") end = lineEnd(end);
    else if (operand === "lines") end = lineEnd(lineEnd(end));
    else if (end + operand.length <= bytes.length) {
      const { length } = operand;
      const size =
        length === 1 ? bytes[end]! : length === 4 ? view.getUint32(end, true) : Number(view.getBigUint64(end, true));
      end += length + size;
    }
    if (end > bytes.length) break;
    codes.push(bytes.slice(at, end));
    at = end;
    if (code === ".") break;
  }
  return { codes, rest: bytes.slice(at) };
}

function mutateCodes(codes: Uint8Array[], random: Philox): void {
  for (let changes = 1 + random.integer(4); changes > 0 && codes.length > 0; changes--) {
    const at = random.integer(codes.length);
    const code = codes[at]!;
    switch (random.integer(8)) {
      case 0:
        codes.splice(at, 1);
        break;
      case 1:
        codes.splice(at, 0, pick(codes, random).slice());
        break;
      case 2: {
        const other = random.integer(codes.length);
        [codes[at], codes[other]] = [codes[other]!, code];
        break;
      }
      case 3: // many of the same
        codes.splice(at, 0, ...Array.from({ length: random.integer(400) }, () => code.slice()));
        break;
      case 4:
        codes.splice(at, 0, Uint8Array.of(pick(OPCODES, random).charCodeAt(0), ...code.slice(1)));
        break;
      case 5:
        code[0] = pick(OPCODES, random).charCodeAt(0);
        break;
      case 6: // a number, a length or a place in the memo
        if (code.length > 1)
          code[1 + random.integer(Math.min(4, code.length - 1))] = pick([0, 1, 2, 0x7f, 0x80, 0xff], random);
        break;
      default: {
        const from = random.integer(codes.length);
        codes.splice(at, 0, ...codes.slice(from, from + random.integer(40)).map((each) => each.slice()));
      }
    }
  }
}

/** The entries of an archive as `torch.save` writes it: stored, one after the other; null of other files. */
function entriesOf(file: Uint8Array): [name: string, data: Uint8Array][] | null {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const entries: [string, Uint8Array][] = [];
  for (let at = 0; at + 46 <= file.length; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    const [size, length, local] = [
      view.getUint32(at + 20, true),
      view.getUint16(at + 28, true),
      view.getUint32(at + 42, true),
    ];
    if (local + 30 > file.length) return null;
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (from + size > file.length) return null;
    entries.push([new TextDecoder().decode(file.subarray(at + 46, at + 46 + length)), file.slice(from, from + size)]);
  }
  return entries.length > 0 ? entries : null;
}

/** Changes the opcodes of a pickle, the entries of an archive, or the fields of its headers. */
export function mutateArchive(file: Uint8Array, random: Philox): Uint8Array {
  const entries = file[0] === 0x50 ? entriesOf(file) : null;
  if (!entries) {
    // Before 1.6: pickles one after the other. Any of the first five may change.
    const parts: Uint8Array[] = [];
    let rest = file;
    const which = random.integer(5);
    for (let i = 0; i <= which; i++) {
      const split = splitPickle(rest);
      if (i === which) mutateCodes(split.codes, random);
      parts.push(...split.codes);
      rest = split.rest;
    }
    return concat(...parts, rest);
  }
  const kind = random.integer(4);
  if (kind < 2) {
    const entry = entries.find(([name]) => name.endsWith("data.pkl"));
    if (entry) {
      const { codes, rest } = splitPickle(entry[1]);
      mutateCodes(codes, random);
      entry[1] = concat(...codes, rest);
    }
    return zip(entries);
  }
  if (kind === 2) {
    const at = random.integer(entries.length);
    const change = random.integer(4);
    if (change === 0) entries.splice(at, 1);
    else if (change === 1) entries.push(pick(entries, random));
    else if (change === 2)
      entries[at]![0] = pick(["", "archive/data.pkl", "archive/code/a.py", "archive/data/0", "../data.pkl"], random);
    else entries[at]![1] = entries[at]![1].slice(0, random.integer(entries[at]![1].length + 1));
    return zip(entries, { wide: random.integer(2) === 0 });
  }
  const bytes = zip(entries, { wide: random.integer(2) === 0 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headers = Array.from({ length: bytes.length - 4 }, (_, at) => at).filter((at) =>
    [0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50].includes(view.getUint32(at, true)),
  );
  for (let changes = 1 + random.integer(3); changes > 0; changes--) {
    const at = pick(headers, random) + 4 + random.integer(40);
    if (at + 4 > bytes.length) continue;
    if (random.integer(2))
      view.setUint32(at, pick([0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff, bytes.length], random), true);
    else view.setUint16(at, pick([0, 1, 8, 0x7fff, 0xffff], random), true);
  }
  return bytes;
}
