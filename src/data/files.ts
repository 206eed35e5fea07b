/**
 * Files of a data set, from a folder or a URL. Nothing is fetched but what the caller named; what is fetched can be
 * checked by SHA-256 and kept in a folder.
 */
import { ArgumentError, DataError, describe, expectation, FormatError, ResnetWasmError } from "../core/errors.js";
import { integer, type Option, optional, type Schema, signal, text } from "../core/options.js";
import { tagOf } from "../core/tag.js";
import { checkRegular, folderPath, openFileSystem } from "../stores/file-system.js";

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
 * What `read` makes of the file `name` of `source`, a folder or an http(s) URL. Undefined where there is no such file. A
 * copy in the cache that cannot be read is fetched again; what cannot be read is not kept.
 */
export async function readSourceFile<T>(
  where: string,
  source: string | URL,
  name: string,
  options: ReadFileOptions,
  read: (bytes: Uint8Array) => T | Promise<T>,
): Promise<T | undefined> {
  if (typeof source !== "string" && tagOf(source) !== "URL") {
    throw new ArgumentError(expectation(where, "source", "a folder or a URL", describe(source)));
  }
  const place = String(source);
  const expected = expectedDigest(where, name, options.sha256);
  if (!/^https?:/i.test(place)) {
    const bytes = await readLocal(where, await folderPath(where, source), name, options.maxBytes);
    if (bytes && expected) await checkDigest(where, name, bytes, expected);
    return bytes && read(bytes);
  }
  const kept = options.cache && (await readLocal(where, options.cache, name, options.maxBytes));
  if (kept && (!expected || (await sha256Hex(kept)) === expected)) {
    try {
      return await read(kept);
    } catch (error) {
      if (!(error instanceof ResnetWasmError)) throw error;
    }
  }
  const bytes = await download(where, new URL(name, place.endsWith("/") ? place : `${place}/`), options);
  if (!bytes) return undefined;
  if (expected) await checkDigest(where, name, bytes, expected);
  const value = await read(bytes);
  if (options.cache) await keep(where, options.cache, name, bytes);
  return value;
}

/** The bytes at an address; undefined where the server knows none. */
async function download(
  where: string,
  address: URL,
  { signal, maxBytes }: ReadFileOptions,
): Promise<Uint8Array | undefined> {
  const fail = (expected: unknown, got: unknown, cause?: unknown): DataError =>
    new DataError(expectation(where, `answer of ${address}`, expected, got), { cause });
  try {
    const response = await fetch(address, { signal });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) throw fail("200", response.status);
    const claimed = Number(response.headers.get("content-length"));
    if (claimed > maxBytes) throw fail(`at most ${maxBytes} bytes`, claimed);
    const parts: Uint8Array[] = [];
    let length = 0;
    const reader = response.body?.getReader();
    if (!reader) throw fail("a body", "none");
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      length += value.length;
      if (length <= maxBytes) continue;
      await reader.cancel();
      throw fail(`at most ${maxBytes} bytes`, "more");
    }
    const bytes = new Uint8Array(length);
    for (let at = 0, i = 0; i < parts.length; at += parts[i++].length) bytes.set(parts[i], at);
    if (looksLikePage(bytes)) throw fail("the file", "a web page");
    return bytes;
  } catch (error) {
    // The caller's own reason, and errors from above.
    if (signal?.aborted || error instanceof ResnetWasmError) throw error;
    const { message, cause } = error as Error;
    throw fail("a whole file", cause instanceof Error ? `${message}: ${cause.message}` : message, error);
  }
}

/** Servers answer with a page where a file is not, sign-ins of networks do it everywhere. */
const looksLikePage = (bytes: Uint8Array): boolean =>
  /^\s*<(!doctype html|html)/i.test(String.fromCharCode(...bytes.subarray(0, 64)));

function expectedDigest(where: string, name: string, sha256: FileOptions["sha256"]): string | undefined {
  const digest = sha256 && Object.hasOwn(sha256, name) ? sha256[name] : undefined;
  if (digest !== undefined && !/^[0-9a-f]{64}$/i.test(digest)) {
    throw new ArgumentError(expectation(where, `sha256 of ${name}`, "64 hexadecimal digits", describe(digest)));
  }
  return digest?.toLowerCase();
}

/**
 * SHA-256 in hexadecimal.
 *
 * ```ts
 * const digest = await sha256Hex(await readFile("cifar-10/test_batch.bin"));
 * ```
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (tagOf(bytes) !== "Uint8Array")
    throw new ArgumentError(expectation("sha256Hex", "bytes", "a Uint8Array", describe(bytes)));
  const digest = await crypto.subtle.digest("SHA-256", unshared(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Streams and digests take no shared memory. @internal */
export const unshared = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  tagOf(bytes.buffer) === "ArrayBuffer" ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();

async function checkDigest(where: string, name: string, bytes: Uint8Array, expected: string): Promise<void> {
  const digest = await sha256Hex(bytes);
  if (digest !== expected) throw new DataError(expectation(where, `SHA-256 of ${name}`, expected, digest));
}

/** Writes beside the target and renames, so that no reader meets half a file and a killed run leaves none. */
async function keep(where: string, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const { mkdir, rename, rm, writeFile } = await openFileSystem(where);
  await mkdir(folder, { recursive: true });
  const temporary = `${folder}/${name}.${crypto.randomUUID()}.part`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, `${folder}/${name}`);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The file's bytes, or undefined where there is none. */
async function readLocal(
  where: string,
  folder: string,
  name: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const { readFile, stat } = await openFileSystem(where);
  const path = `${folder}/${name}`;
  try {
    const status = await stat(path);
    checkRegular(status);
    if (status.size > maxBytes)
      throw new FormatError(expectation(where, name, `at most ${maxBytes} bytes`, status.size));
    return await readFile(path);
  } catch (error) {
    if (error instanceof ResnetWasmError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DataError(expectation(where, name, "a readable file", message), { cause: error });
  }
}
