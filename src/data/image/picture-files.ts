/** Files of pictures, read and decoded when they are asked for, and what is made of them, kept while there is room. */
import { DataError, expectation } from "../../core/errors.js";
import { codeOf, messageOf } from "../../core/thrown.js";
import type { FileSystem } from "../../stores/file-system.js";
import { checkRegular, NotRegular } from "../../stores/regular.js";
import type { FileDecoding } from "./formats.js";
import type { Image } from "./pixels.js";

/** What to do about files that cannot be read. */
const ADVICE = "verify() lists all such files, skipUnreadable: true leaves them out";

interface Source extends Omit<FileDecoding, "fileName" | "advice"> {
  fs: NonNullable<FileSystem>;
  root: string;
  decode(bytes: Uint8Array, options: FileDecoding): Image;
  /** Bytes that may be kept in memory. */
  room: number;
}

export class PictureFiles {
  private room: number;

  constructor(
    private readonly source: Source,
    /** Relative to the root. */
    public paths: readonly string[],
  ) {
    this.room = source.room;
  }

  /** Takes from the room where there is as much. */
  reserve(bytes: number): boolean {
    if (bytes > this.room) return false;
    this.room -= bytes;
    return true;
  }

  now(index: number): Image {
    const { fs, root } = this.source;
    const path = `${root}/${this.paths[index]}`;
    try {
      checkRegular(fs.statSync(path));
      return this.decoded(index, fs.readFileSync(path), ADVICE);
    } catch (error) {
      throw this.typed(index, error, ADVICE);
    }
  }

  async soon(index: number, advice = ADVICE): Promise<Image> {
    const { fs, root } = this.source;
    const path = `${root}/${this.paths[index]}`;
    try {
      checkRegular(await fs.stat(path));
      return this.decoded(index, await fs.readFile(path), advice);
    } catch (error) {
      throw this.typed(index, error, advice);
    }
  }

  private decoded(index: number, bytes: Uint8Array, advice: string): Image {
    const { decode, maxPixels, exifOrientation } = this.source;
    return decode(bytes, { fileName: this.paths[index], advice, maxPixels, exifOrientation });
  }

  /** What the system says about a file becomes a DataError; a decoder's FormatError stays as it is. */
  private typed(index: number, error: unknown, hint: string): unknown {
    if (!(error instanceof NotRegular) && codeOf(error) === undefined) return error;
    const expected = error instanceof NotRegular ? "a regular file" : "a readable file";
    const message = expectation("loadImageFolder", this.paths[index], expected, messageOf(error), { hint });
    return new DataError(message, { cause: error });
  }
}

/** One thing that is made of each picture. */
export class Prepared<T extends { data: ArrayBufferView }> {
  private readonly kept = new Map<number, T>();
  private readonly waiting = new Map<number, T>(); // prefetched, for the next batch

  constructor(
    private readonly files: PictureFiles,
    private readonly prepare: (picture: Image) => T,
  ) {}

  now(index: number): T {
    return this.kept.get(index) ?? this.waiting.get(index) ?? this.made(index, this.files.now(index));
  }

  /** `advice` ends the message of an error. */
  async soon(index: number, advice?: string): Promise<T> {
    return this.kept.get(index) ?? this.made(index, await this.files.soon(index, advice));
  }

  async prefetch(indices: ArrayLike<number>): Promise<void> {
    this.waiting.clear();
    for (const index of Array.from(indices)) {
      if (this.kept.has(index) || this.waiting.has(index) || this.files.paths[index] === undefined) continue;
      this.waiting.set(index, await this.soon(index));
    }
  }

  /** After files were left out: `indices` are those that stay, in order. */
  renumber(indices: readonly number[]): void {
    const kept = indices.map((index) => this.kept.get(index));
    this.kept.clear();
    for (const [index, value] of kept.entries()) if (value) this.kept.set(index, value);
  }

  private made(index: number, picture: Image): T {
    const value = this.prepare(picture);
    if (this.files.reserve(value.data.byteLength)) this.kept.set(index, value);
    return value;
  }
}
