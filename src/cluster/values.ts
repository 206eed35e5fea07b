/** Binary values in Redis: a header, and bytes in parts, each sealed for the key where it stands, each with a lifetime. */
import type { Redis } from "ioredis";
import { expectation, FormatError } from "../core/errors.js";
import type { Sealed } from "./run.js";
import { SEAL, type Seals } from "./seal.js";
import { LIFETIME, MOST } from "./settings.js";

/** Bytes of the numbers that tell the lengths of header and payload. */
const LENGTHS = 12;

/** What was read of a value. */
export interface Value<H> {
  header: H;
  payload: Uint8Array;
  /** Of its first part, in hex: another value has another. */
  seal: string;
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
const hex = (bytes: Uint8Array): string => asBuffer(bytes).toString("hex");
const chunkKey = (key: string, i: number): string => (i === 0 ? key : `${key}:${i}`);
const chunksOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / MOST.chunk));

/** Space that is used again: V8 collects all garbage for every few megabytes outside of its heap, once in a step of ResNet-20. */
export class Spare {
  #free: Uint8Array<ArrayBuffer>[] = [];

  /** So many bytes, of whatever content. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    this.#free = this.#free.filter(({ byteLength }) => byteLength === bytes);
    return this.#free.pop() ?? new Uint8Array(bytes);
  }

  /** Whoever gives space back has no view of it any more. */
  give(space: Uint8Array): void {
    if (space.buffer instanceof ArrayBuffer) this.#free.push(space as Uint8Array<ArrayBuffer>);
  }
}

export class Values {
  readonly #client: Redis;
  readonly #seals: Seals;
  /** For values of one part. */
  readonly #spare = new Spare();

  constructor(client: Redis, seals: Seals) {
    this.#client = client;
    this.#seals = seals;
  }

  /** Seals a header and bytes for a key: the first part holds the header, [seal, lengths, header, bytes …]. */
  seal(key: string, header: object, payload: Uint8Array): Sealed {
    const text = Buffer.from(JSON.stringify(header));
    const lengths = Buffer.alloc(LENGTHS);
    lengths.writeUInt32LE(text.byteLength, 0);
    lengths.writeDoubleLE(payload.byteLength, 4);
    const chunks = Array.from({ length: chunksOf(payload.byteLength) }, (_, i) => {
      const bytes = payload.subarray(i * MOST.chunk, (i + 1) * MOST.chunk);
      const parts = i === 0 ? [lengths, text, bytes] : [bytes];
      const length = parts.reduce((sum, { byteLength }) => sum + byteLength, SEAL);
      const chunk = payload.byteLength <= MOST.chunk ? this.#spare.take(length) : new Uint8Array(length);
      let at = SEAL;
      for (const part of parts) {
        chunk.set(part, at);
        at += part.byteLength;
      }
      chunk.set(this.#seals.of(chunkKey(key, i), chunk.subarray(SEAL)));
      return chunk;
    });
    return { key, chunks, seal: hex(chunks[0].subarray(0, SEAL)) };
  }

  /** The value is not put any more: its space serves the next. */
  release({ chunks }: Sealed): void {
    if (chunks.length === 1) this.#spare.give(chunks[0]);
  }

  /** Writes a value; its first part comes last, so that who sees it sees all. */
  async put({ key, chunks }: Sealed): Promise<void> {
    for (const [i, chunk] of [...chunks.entries()].reverse())
      await this.#client.set(chunkKey(key, i), asBuffer(chunk), "PX", LIFETIME);
  }

  /** Lets a value live on. Returns false where it is gone. */
  async renew({ key, chunks }: Sealed): Promise<boolean> {
    const all = await Promise.all(chunks.map((_, i) => this.#client.pexpire(chunkKey(key, i), LIFETIME)));
    return all.every((there) => there === 1);
  }

  async remove(key: string, bytes: number): Promise<void> {
    await this.#client.unlink(...Array.from({ length: chunksOf(bytes) }, (_, i) => chunkKey(key, i)));
  }

  /** A part, no longer than expected; undefined where there is none. */
  async #chunk(key: string, most: number): Promise<Buffer | undefined> {
    const bytes = await this.#client.getrangeBuffer(key, 0, most);
    if (bytes.length > most)
      throw new FormatError(expectation("cluster", key, `at most ${most} bytes`, await this.#client.strlen(key)));
    return bytes.length > 0 ? bytes : undefined;
  }

  /**
   * Reads a value of at most `most` bytes of payload into `space`; undefined where there is none. Throws `FormatError` where it is
   * longer, or has another seal.
   */
  async take<H>(key: string, most: number, space: (bytes: number) => Uint8Array): Promise<Value<H> | undefined> {
    const first = await this.#chunk(key, SEAL + LENGTHS + MOST.header + Math.min(most, MOST.chunk));
    if (!first) return undefined;
    const body = first.subarray(SEAL);
    this.#seals.expect(key, first.subarray(0, SEAL), body);
    const headerBytes = body.readUInt32LE(0);
    const bytes = body.readDoubleLE(4);
    if (bytes > most) throw new FormatError(expectation("cluster", key, `at most ${most} bytes`, bytes));
    const payload = space(bytes);
    payload.set(body.subarray(LENGTHS + headerBytes));
    for (let i = 1; i < chunksOf(bytes); i++) {
      const next = await this.#chunk(chunkKey(key, i), SEAL + MOST.chunk);
      if (!next) return undefined;
      this.#seals.expect(chunkKey(key, i), next.subarray(0, SEAL), next.subarray(SEAL));
      payload.set(next.subarray(SEAL), i * MOST.chunk);
    }
    const header: H = JSON.parse(body.toString("utf8", LENGTHS, LENGTHS + headerBytes));
    return { header, payload, seal: hex(first.subarray(0, SEAL)) };
  }
}
