// Mutations of well-formed files, drawn from a seed: a reader may refuse one with a typed error or load it, and nothing else. Runs
// briefly in the tests and at length by `scripts/fuzz.ts`.
import { ResnetWasmError } from "../../../src/core/errors.js";
import { Philox } from "../../../src/core/random.js";

export interface Target {
  /** Well-formed files to start from. */
  files: Uint8Array[];
  /** A file that was changed by what it means, in place of some of its bytes; undefined: bytes are changed this time. */
  change?(random: Philox): Uint8Array | undefined;
  /** Changes that know the format: made to every other file, in place of bytes or before them. */
  mutate?(bytes: Uint8Array, random: Philox): Uint8Array;
  /** What is done to a changed file before it is read: checksums put right. */
  prepare?(bytes: Uint8Array): Uint8Array;
  /** Bytes that the reader may take beside twice the file, where it states a limit of its own. */
  limit?: number;
  /** Bytes that the reader may take for each of the file, beside `limit`. Default 2. */
  times?: number;
  /** Reads a file and returns the bytes of what it made of it; throws if that is not right. */
  read(bytes: Uint8Array): number | Promise<number>;
}

export interface FuzzReport {
  loaded: number;
  refused: number;
  slowestMs: number;
  /** Of the largest result, as a share of its file; only results above FLOOR count. */
  largestShare: number;
}

/** Whatever a file's size, a reader may take this much. */
const FLOOR = 2 ** 20;
const MAX_MS = 5000;

/** Lengths and offsets at which arithmetic goes wrong. */
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

export async function fuzz(
  { files, change, mutate: structured, prepare = (bytes) => bytes, limit = FLOOR, times = 2, read }: Target,
  count: number,
  seed: number,
): Promise<FuzzReport> {
  const random = new Philox(seed);
  const report: FuzzReport = { loaded: 0, refused: 0, slowestMs: 0, largestShare: 0 };
  const damaged = (file: Uint8Array): Uint8Array => {
    const way = structured ? random.integer(4) : 3;
    const changed = structured && way < 3 ? structured(file, random) : file;
    return way < 2 ? changed : mutate(changed, files, random);
  };
  for (let i = 0; i < count; i++) {
    const bytes = change?.(random) ?? prepare(damaged(files[random.integer(files.length)]!));
    const before = process.memoryUsage().arrayBuffers;
    const start = performance.now();
    let size = 0;
    try {
      size = await read(bytes);
      report.loaded++;
    } catch (error) {
      report.refused++;
      if (!(error instanceof ResnetWasmError) || !/ expected .*, got /s.test(error.message))
        throw new Error(`seed ${seed}, file ${i}: not a typed error`, { cause: error });
    }
    const ms = performance.now() - start;
    const taken = Math.max(size, process.memoryUsage().arrayBuffers - before - bytes.length);
    if (ms > MAX_MS) throw new Error(`seed ${seed}, file ${i}: ${ms} ms`);
    if (taken > limit + times * bytes.length)
      throw new Error(`seed ${seed}, file ${i}: ${taken} bytes of memory for a file of ${bytes.length}`);
    report.slowestMs = Math.max(report.slowestMs, ms);
    if (taken > FLOOR) report.largestShare = Math.max(report.largestShare, taken / bytes.length);
  }
  return report;
}

/** One to eight changes, of which half touch a byte or two. */
function mutate(original: Uint8Array, files: Uint8Array[], random: Philox): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let changes = 2 ** random.integer(4); changes > 0 && bytes.length > 0; changes--) {
    const at = random.integer(bytes.length);
    const length = Math.min(1 + random.integer(2 ** random.integer(10)), bytes.length - at);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    switch (random.integer(10)) {
      case 0:
      case 1:
        bytes[at]! ^= 1 << random.integer(8);
        break;
      case 2:
      case 3:
        bytes[at] = random.integer(256);
        break;
      case 4: {
        const value = EXTREMES[random.integer(EXTREMES.length)]!;
        if (at + 4 <= bytes.length) view.setUint32(at, value, random.integer(2) === 0);
        break;
      }
      case 5:
        if (at + 2 <= bytes.length) view.setUint16(at, view.getUint16(at, true) + random.integer(5) - 2, true);
        break;
      case 6: // delete
        bytes = join(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 7: // repeat
        bytes = join(bytes.subarray(0, at + length), bytes.subarray(at));
        break;
      case 8: {
        // a piece of another file
        const other = files[random.integer(files.length)]!;
        const from = random.integer(other.length);
        bytes = join(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at + length));
        break;
      }
      default:
        if (random.integer(4) === 0) bytes = bytes.slice(0, at);
        else bytes.copyWithin(at, random.integer(bytes.length), bytes.length);
    }
  }
  return bytes;
}

function join(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
