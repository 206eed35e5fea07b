/**
 * Reads safetensors as it arrives, converting tensor by tensor: the file itself is never held. Memory is one tensor,
 * one chunk and the header. Buffers grow with what has come, not with what the header promises.
 */

import { crc32 } from "../core/crc32.js";
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import { integer, optional, readOptions, type Schema } from "../core/options.js";
import { isTagged } from "../core/tag.js";
import { takeDigest } from "./digest.js";
import { dtypeSize, readElements } from "./dtypes.js";
import { Int8Pairs } from "./int8.js";
import { type ReadOptions, readerSchema, type StoredTensor } from "./safetensors.js";
import { type Entry, formatError, type Header, headerLength, type Origin, parseHeader } from "./safetensors-header.js";

export interface StreamOptions extends ReadOptions {
  /** Length of the file in bytes, where known (Content-Length): a wrong one is refused before any tensor is read. */
  byteLength?: number;
}

const schema = () => ({ ...readerSchema(), byteLength: optional(integer()) }) satisfies Schema<StreamOptions>;

/**
 * Calls `onTensor` for each tensor, in the order of their offsets, and waits for it; resolves to the metadata. The
 * `data` array is the caller's to keep. Errors of the stream itself pass through; the stream is closed in every case.
 *
 * @example
 * await readSafetensorsStream(new Blob([bytes]).stream(), (name, { data }) => console.log(name, data.length));
 */
export async function readSafetensorsStream(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  onTensor: (name: string, tensor: StoredTensor) => void | Promise<void>,
  options?: StreamOptions,
): Promise<{ metadata: Record<string, string> }> {
  const where = "readSafetensorsStream";
  const { fileName, integers: rule, byteLength, verify } = readOptions(where, options, schema);
  if (typeof onTensor !== "function") throw new ArgumentError(expectation(where, "onTensor", "a function", onTensor));
  const origin: Origin = { where, path: fileName };
  const source = new ByteSource(chunksOf(stream, origin), origin);
  try {
    const first = await source.take(8, "at least 8 bytes");
    const length = headerLength(first, origin);
    const header = parseHeader(await source.take(length, `a header of ${length} bytes`), origin);
    checkLength(8 + length + header.dataLength, byteLength, origin);
    const check = takeDigest(header, verify, origin);
    const pairs = new Int8Pairs(header.entries, origin);
    for (const entry of [...header.entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
      const { name, shape, dtype } = entry;
      let sum = 0;
      const data = await readTensor(source, entry, (bytes, count, out, offset) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        readElements(dtype, view, 0, out.subarray(offset, offset + count), { ...origin, name, rule });
        if (check) sum = crc32(bytes, sum);
      });
      check?.(name, sum);
      const whole = pairs.take(name, { data, shape, dtype });
      if (whole) await onTensor(...whole);
    }
    await checkEnd(source, 8 + length, header, origin);
    return { metadata: header.metadata };
  } finally {
    await source.close();
  }
}

function checkLength(expected: number, actual: number | undefined, origin: Origin): void {
  if (actual !== undefined && actual !== expected) {
    throw formatError(origin, "file", `${expected} bytes`, `${actual} bytes`);
  }
}

async function checkEnd(source: ByteSource, start: number, header: Header, origin: Origin): Promise<void> {
  const rest = await source.some();
  if (rest) throw formatError(origin, "file", `${start + header.dataLength} bytes`, "more");
}

type Convert = (bytes: Uint8Array, count: number, out: Float32Array, offset: number) => void;

async function readTensor(source: ByteSource, { name, dtype, count }: Entry, convert: Convert): Promise<Float32Array> {
  const size = dtypeSize(dtype);
  const expected = `${count * size} bytes of tensor ${describe(name)}`;
  let out = new Float32Array(Math.min(count, GROWTH));
  for (let done = 0; done < count; ) {
    // Whole elements as far as the chunk goes; an element cut by the end of a chunk is put together by `take`.
    const ready = Math.max(1, Math.min(count - done, Math.floor(source.buffered / size)));
    const bytes = await source.take(ready * size, expected);
    if (done + ready > out.length) out = resize(out, Math.min(count, Math.max(done + ready, 2 * out.length)));
    convert(bytes, ready, out, done);
    done += ready;
  }
  return out;
}

/** First allocation in elements: most tensors of most networks fit, and a lying header gains no more than 1 MB. */
const GROWTH = 1 << 18;

function resize(data: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(length);
  // As bytes: copies of NaN keep their payload.
  new Uint8Array(larger.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return larger;
}

/** Takes byte ranges from chunks of any length. */
class ByteSource {
  #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #ended = false;
  #total = 0;
  readonly #origin: Origin;

  constructor(chunks: AsyncIterator<Uint8Array>, origin: Origin) {
    this.#chunks = chunks;
    this.#origin = origin;
  }

  get buffered(): number {
    return this.#chunk.length;
  }

  /** Whether there are bytes left; waits for the next that are. */
  async some(): Promise<boolean> {
    while (this.#chunk.length === 0 && !this.#ended) {
      const { done, value } = await this.#chunks.next();
      if (done) this.#ended = true;
      else this.#chunk = value;
    }
    return this.#chunk.length > 0;
  }

  /** The next `length` bytes, a view where one chunk holds them all. */
  async take(length: number, expected: string): Promise<Uint8Array> {
    if (this.#chunk.length >= length) return this.#advance(length);
    let bytes = new Uint8Array(Math.min(length, 4 * GROWTH));
    for (let done = 0; done < length; ) {
      if (!(await this.some())) {
        throw formatError(this.#origin, "file", expected, `its end after ${this.#total} bytes`);
      }
      const part = this.#advance(Math.min(length - done, this.#chunk.length));
      if (done + part.length > bytes.length) {
        const larger = new Uint8Array(Math.min(length, Math.max(done + part.length, 2 * bytes.length)));
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  }

  #advance(length: number): Uint8Array {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    this.#total += length;
    return part;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

async function* chunksOf(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  origin: Origin,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of isReadable(stream) ? readerChunks(stream) : iterable(stream, origin)) {
    if (!isTagged(chunk, "Uint8Array")) {
      throw new ArgumentError(expectation(origin.where, "chunk", "a Uint8Array", describe(chunk), origin));
    }
    yield chunk;
  }
}

const isReadable = (stream: unknown): stream is ReadableStream<Uint8Array> => hasMethod(stream, "getReader");

const isIterable = (stream: unknown): stream is AsyncIterable<Uint8Array> => hasMethod(stream, Symbol.asyncIterator);

function iterable(stream: unknown, origin: Origin): AsyncIterable<Uint8Array> {
  if (isIterable(stream)) return stream;
  throw new ArgumentError(expectation(origin.where, "stream", "a ReadableStream or AsyncIterable", describe(stream)));
}

/** Not every engine's ReadableStream is an async iterable. */
async function* readerChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // after an error of the stream itself, which is on its way to the caller
    reader.releaseLock();
  }
}
