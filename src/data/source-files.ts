/**
 * Files of a data set, from a folder or a URL. Nothing is fetched but what the caller named; what is fetched can be
 * checked by SHA-256 and kept in a folder.
 */
import { ArgumentError, DataError, describe, expectation, FormatError, ResnetWasmError } from "../core/errors.js";
import { tagOf } from "../core/tag.js";
import { codeOf, messageOf } from "../core/thrown.js";
import { folderPath, openFileSystem } from "../stores/file-system.js";
import { checkRegular } from "../stores/regular.js";
import { writeWhole } from "../stores/whole.js";
import { type FileOptions, type ReadFileOptions, sha256Hex } from "./files.js";
import { notWhole, readResponse } from "./response.js";

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
async function download(where: string, address: URL, options: ReadFileOptions): Promise<Uint8Array | undefined> {
  const { signal } = options;
  const response = await fetch(address, { signal }).catch((error) => {
    throw notWhole(where, String(address), signal, error);
  });
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  return readResponse(where, String(address), response, options);
}

function expectedDigest(where: string, name: string, sha256: FileOptions["sha256"]): string | undefined {
  const digest = sha256 && Object.hasOwn(sha256, name) ? sha256[name] : undefined;
  if (digest !== undefined && !/^[0-9a-f]{64}$/i.test(digest)) {
    throw new ArgumentError(expectation(where, `sha256 of ${name}`, "64 hexadecimal digits", describe(digest)));
  }
  return digest?.toLowerCase();
}

async function checkDigest(where: string, name: string, bytes: Uint8Array, expected: string): Promise<void> {
  const digest = await sha256Hex(bytes);
  if (digest !== expected) throw new DataError(expectation(where, `SHA-256 of ${name}`, expected, digest));
}

/** So that no reader meets half a file and a killed run leaves none. */
async function keep(where: string, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const fs = await openFileSystem(where);
  await fs.mkdir(folder, { recursive: true });
  await writeWhole(fs, folder, name, bytes);
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
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DataError(expectation(where, name, "a readable file", messageOf(error)), { cause: error });
  }
}
