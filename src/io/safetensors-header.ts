/**
 * The header of a safetensors file: 8 bytes N (u64, little-endian), then N bytes of JSON
 *
 *   {"__metadata__": {string: string}, name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …}
 *
 * padded with spaces; then the tensors' bytes. The parser takes exactly this grammar, so that no nesting, duplicate
 * key, fraction or unknown field gets past it (JSON.parse keeps the last of two equal keys and turns 2^53 + 1 into
 * 2^53). It neither recurses nor backtracks: time and memory grow with N, which is bounded.
 */

import { describe, expectation, FormatError } from "../core/errors.js";
import { utf8Decoder } from "../core/utf8.js";
import { asDtype, DTYPES, type Dtype, dtypeSize } from "./dtypes.js";
import { MAX_HEADER, MAX_RANK, MAX_TENSORS } from "./limits.js";

export interface Entry {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Elements. */
  count: number;
  /** Bytes, counted from the end of the header. */
  begin: number;
  end: number;
}

export interface Header {
  /** In the header's order. */
  entries: Entry[];
  /** Without a prototype: a key may be named `__proto__`. */
  metadata: Record<string, string>;
  /** Bytes after the header. */
  dataLength: number;
}

/** Who reads which file, for messages. */
export interface Origin {
  where: string;
  path?: string | undefined;
}

export function formatError(origin: Origin, name: string, expected: unknown, got: unknown, hint?: string): FormatError {
  return new FormatError(expectation(origin.where, name, expected, got, { path: origin.path, hint }));
}

/** N, from the first 8 bytes of a file. */
export function headerLength(first: Uint8Array, origin: Origin): number {
  if (first.length < 8) throw formatError(origin, "file", "at least 8 bytes", `${first.length} bytes`, foreign(first));
  const view = new DataView(first.buffer, first.byteOffset, 8);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER) {
    const hint = foreign(first) ?? "Is this a safetensors file?";
    throw formatError(origin, "header length", `at most ${MAX_HEADER} bytes`, length, hint);
  }
  if (length < 2) throw formatError(origin, "header length", "at least 2 bytes", length);
  return length;
}

const KINDS: readonly [starts: readonly string[], what: string][] = [
  [["PK\x03\x04", "\x80\x02"], "a file of torch.save: readPytorch of resnet-wasm/pytorch reads it"],
  [["<"], "a page in place of the file: is its address right?"],
  [["version "], "a pointer of Git LFS: git lfs pull fetches the file"],
  [["\x08\x07", "\x08\x08", "\x08\x09", "\x08\x0a"], "an ONNX model: loadOnnx of resnet-wasm/onnx reads it"],
  [["\x1f\x8b"], "packed by gzip: unpack it first"],
  [["{", "["], "JSON"],
];

/** What a file is that is no safetensors file, by its first bytes, for messages. */
export function foreign(file: Uint8Array): string | undefined {
  const text = String.fromCharCode(...file.subarray(0, 8));
  const [, what] = KINDS.find(([starts]) => starts.some((start) => text.startsWith(start))) ?? [];
  return what && `This is ${what}`;
}

export function parseHeader(bytes: Uint8Array, origin: Origin): Header {
  // A byte order mark stays in place, where the check for "{" finds it.
  const text = utf8Decoder(origin.where)(bytes);
  if (text === undefined) throw formatError(origin, "header", "UTF-8", "invalid bytes");
  const header = new HeaderParser(text, origin).parse();
  header.dataLength = checkLayout(header.entries, origin);
  return header;
}

/** The tensors, ordered by offset, must fill the data without hole or overlap. Returns its length. */
function checkLayout(entries: Entry[], origin: Origin): number {
  let at = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== at) {
      const what = `data_offsets of tensor ${describe(entry.name)}`;
      throw formatError(origin, what, `to begin at ${at}, where the tensor before ends`, entry.begin);
    }
    at = entry.end;
  }
  return at;
}

class HeaderParser {
  #at = 0;
  readonly #text: string;
  readonly #origin: Origin;

  constructor(text: string, origin: Origin) {
    this.#text = text;
    this.#origin = origin;
  }

  parse(): Header {
    const entries = new Map<string, Entry>();
    let metadata: Record<string, string> | undefined;
    if (this.#text[0] !== "{") throw this.#error('"{" as the first character', this.#next());
    this.#members((name) => {
      if (name === "__metadata__") {
        if (metadata) throw this.#error("each key once", `"__metadata__" again`);
        metadata = this.#metadata();
        return;
      }
      if (entries.has(name)) throw this.#error("each tensor once", `${describe(name)} again`);
      entries.set(name, this.#tensor(name));
      if (entries.size > MAX_TENSORS) throw this.#error(`at most ${MAX_TENSORS} tensors`, "more");
    });
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#text[this.#at] !== " ") throw this.#error("only spaces after the closing brace", this.#next());
    }
    return { entries: [...entries.values()], metadata: metadata ?? Object.create(null), dataLength: 0 };
  }

  #metadata(): Record<string, string> {
    const metadata: Record<string, string> = Object.create(null);
    let keys = 0;
    this.#members((key) => {
      if (++keys > MAX_TENSORS) throw this.#error(`at most ${MAX_TENSORS} metadata keys`, "more");
      if (key in metadata) throw this.#error("each metadata key once", `${describe(key)} again`);
      metadata[key] = this.#string();
    });
    return metadata;
  }

  #tensor(name: string): Entry {
    let dtype: Dtype | undefined;
    let shape: number[] | undefined;
    let offsets: number[] | undefined;
    this.#members((key) => {
      if (key === "dtype" && !dtype) dtype = this.#dtype(name);
      else if (key === "shape" && !shape) shape = this.#integers(MAX_RANK, "dimensions");
      else if (key === "data_offsets" && !offsets) offsets = this.#integers(2, "offsets");
      else throw this.#error(`dtype, shape and data_offsets of ${describe(name)}, each once`, describe(key));
    });
    if (!dtype || !shape || !offsets) {
      const missing = !dtype ? "dtype" : !shape ? "shape" : "data_offsets";
      throw this.#error(`dtype, shape and data_offsets of ${describe(name)}`, `no ${missing}`);
    }
    return this.#entry(name, dtype, shape, offsets);
  }

  #entry(name: string, dtype: Dtype, shape: number[], offsets: number[]): Entry {
    const [begin, end] = offsets;
    if (offsets.length !== 2 || begin > end) {
      throw this.#fault(name, "data_offsets", "[begin, end] with begin <= end", describe(offsets));
    }
    // The product is compared after each factor, so that it can neither wrap around nor lose digits unseen.
    const size = dtypeSize(dtype);
    let count = 1;
    for (const dimension of shape) {
      count *= dimension;
      if (count * size > Number.MAX_SAFE_INTEGER) {
        throw this.#fault(name, "shape", "at most 2^53 - 1 bytes", describe(shape));
      }
    }
    if (end - begin !== count * size) {
      const expected = `${count * size} bytes for ${dtype} ${describe(shape)}`;
      throw this.#fault(name, "data_offsets", expected, `${end - begin} bytes, ${describe(offsets)}`);
    }
    return { name, dtype, shape, count, begin, end };
  }

  #dtype(name: string): Dtype {
    const text = this.#string();
    const dtype = asDtype(text);
    if (dtype) return dtype;
    const hint = asDtype(text.toUpperCase()) ? `Did you mean ${text.toUpperCase()}?` : undefined;
    throw this.#fault(name, "dtype", `one of ${DTYPES.join(", ")}`, describe(text), hint);
  }

  /** Consumes an object, calling `value` after each key's colon. */
  #members(value: (key: string) => void): void {
    this.#expect("{");
    if (this.#skip() === "}") {
      this.#at++;
      return;
    }
    for (;;) {
      this.#skip();
      const key = this.#string();
      this.#expect(":");
      value(key);
      if (this.#skip() !== ",") break;
      this.#at++;
    }
    this.#expect("}");
  }

  #integers(limit: number, what: string): number[] {
    const values: number[] = [];
    this.#expect("[");
    if (this.#skip() === "]") {
      this.#at++;
      return values;
    }
    for (;;) {
      if (values.length === limit) throw this.#error(`at most ${limit} ${what}`, "more");
      values.push(this.#integer());
      if (this.#skip() !== ",") break;
      this.#at++;
    }
    this.#expect("]");
    return values;
  }

  /** A plain decimal: no sign, fraction, exponent or leading zero. */
  #integer(): number {
    this.#skip();
    const start = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    const digits = this.#text.slice(start, Math.min(this.#at, start + 17)); // 2^53 has 16
    const value = Number(digits);
    const after = this.#text[this.#at];
    const plain = digits !== "" && (digits === "0" || digits[0] !== "0") && !(after && ".eE".includes(after));
    if (!plain || digits.length > 16 || value > Number.MAX_SAFE_INTEGER) {
      this.#at = start;
      const token = this.#text.slice(start, start + 40).split(/[\s,\]}]/, 1)[0];
      throw this.#error("an integer from 0 to 2^53 - 1 in plain digits", token || this.#next());
    }
    return value;
  }

  #string(): string {
    if (this.#skip() !== '"') throw this.#error("a string", this.#next());
    const start = ++this.#at;
    let escaped = false;
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) break;
      if (code === 0x5c) {
        escaped = true;
        this.#at++; // whatever follows a backslash does not end the string
      } else if (!(code >= 0x20)) {
        throw this.#error("the end of a string", this.#next()); // a control character, or NaN: the end of the text
      }
    }
    const raw = this.#text.slice(start, this.#at++);
    if (!escaped) return raw; // valid UTF-8 holds no lone surrogate
    let value: string;
    try {
      value = JSON.parse(`"${raw}"`);
    } catch {
      throw this.#error("JSON's escapes in a string", describe(raw));
    }
    // "\ud800" can be written as an escape, but is no Unicode: two such names could become one when written again.
    if (LONE_SURROGATE.test(value)) throw this.#error("well-formed Unicode in a string", describe(raw));
    return value;
  }

  /** Skips JSON's white space; returns the character after it, or undefined at the end. */
  #skip(): string | undefined {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return this.#text[this.#at];
      this.#at++;
    }
  }

  #expect(character: string): void {
    if (this.#skip() !== character) throw this.#error(`"${character}"`, this.#next());
    this.#at++;
  }

  #next(): string {
    return this.#at < this.#text.length ? describe(this.#text[this.#at]) : "the end of the header";
  }

  #error(expected: string, got: string): FormatError {
    return formatError(this.#origin, `header at character ${this.#at}`, expected, got);
  }

  #fault(name: string, field: string, expected: string, got: string, hint?: string): FormatError {
    return formatError(this.#origin, `${field} of tensor ${describe(name)}`, expected, got, hint);
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** A surrogate without its partner; under the u flag, \p{Surrogate} does not match halves of a pair. */
export const LONE_SURROGATE = /\p{Surrogate}/u;
