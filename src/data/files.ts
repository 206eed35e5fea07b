/** Options of files of a data set, and their digests. */
import { ArgumentError, describe, expectation, RuntimeSupportError } from "../core/errors.js";
import { integer, type Option, optional, type Schema, signal, text } from "../core/options.js";
import { tagOf } from "../core/tag.js";

export interface FileOptions {
  /** Folder that keeps what a URL gave, once it was read without an error (Node, Deno, Bun). */
  cache?: string;
  /** Hexadecimal SHA-256 by file name; a file that differs is refused, one in the cache is fetched again. */
  sha256?: Readonly<Record<string, string>>;
  /** Stops a download. */
  signal?: AbortSignal;
  /** Larger files are refused, packed or unpacked. Default 2^30. */
  maxBytes?: number;
}

const digests: Option<Readonly<Record<string, string>>> = (where, name, value) => {
  if (value !== null && typeof value === "object") return value as Readonly<Record<string, string>>;
  throw new ArgumentError(expectation(where, name, "digests by file name", value));
};

/** The options that all loaders of files share. */
export const fileSchema = () =>
  ({
    cache: optional(text),
    sha256: optional(digests),
    signal,
    maxBytes: integer({ min: 1, max: Number.MAX_SAFE_INTEGER, default: 2 ** 30 }),
  }) satisfies Schema<FileOptions>;

/** Options that were read by `fileSchema`. */
export type ReadFileOptions = FileOptions & { maxBytes: number };

/**
 * SHA-256 in hexadecimal.
 *
 * ```ts
 * const digest = await sha256Hex(await readFile("cifar-10/test_batch.bin"));
 * ```
 *
 * @example
 * const digest = await sha256Hex(bytes); // 64 hexadecimal digits
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (tagOf(bytes) !== "Uint8Array")
    throw new ArgumentError(expectation("sha256Hex", "bytes", "a Uint8Array", describe(bytes)));
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) {
    const hint = "Pages have it by https: and on localhost";
    throw new RuntimeSupportError(expectation("sha256Hex", "runtime", "one with crypto.subtle", "none", { hint }));
  }
  const digest = await subtle.digest("SHA-256", unshared(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Streams and digests take no shared memory. @internal */
export const unshared = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  tagOf(bytes.buffer) === "ArrayBuffer" ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
