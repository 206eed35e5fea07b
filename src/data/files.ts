// Files of a data set, from a folder or a URL. Nothing is fetched but what the caller named; what is fetched can be
// checked by SHA-256 and kept in a folder.
import { ArgumentError, DataError, describe, expectation, RuntimeSupportError } from "../core/errors.js";
import { tagOf } from "../core/tag.js";

export interface FileOptions {
  /** Folder that keeps what a URL gave (Node, Deno, Bun). */
  cache?: string;
  /** Hexadecimal SHA-256 by file name; a file that differs is refused, one in the cache is fetched again. */
  sha256?: Readonly<Record<string, string>>;
  /** Stops a download. */
  signal?: AbortSignal;
}

/** Reads `name` from `source`, a folder or an http(s) URL. Undefined where there is no such file. */
export async function readSourceFile(
  where: string,
  source: string | URL,
  name: string,
  options: FileOptions = {},
): Promise<Uint8Array | undefined> {
  if (typeof source !== "string" && !(source instanceof URL)) {
    throw new ArgumentError(expectation(where, "source", "a folder or a URL", describe(source)));
  }
  const text = String(source);
  const expected = expectedDigest(where, name, options.sha256);
  if (!/^https?:/i.test(text)) {
    const { readFile } = await openFileSystem(where);
    const folder = await folderPath(where, source);
    const bytes = await ifPresent(where, name, readFile(`${folder}/${name}`));
    if (bytes && expected) await checkDigest(where, name, bytes, expected);
    return bytes;
  }
  const kept = options.cache && (await cached(where, options.cache, name, expected));
  if (kept) return kept;
  const address = new URL(name, text.endsWith("/") ? text : `${text}/`);
  const response = await fetch(address, { signal: options.signal });
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) throw new DataError(expectation(where, `answer of ${address}`, "200", response.status));
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (expected) await checkDigest(where, name, bytes, expected);
  if (options.cache) await keep(where, options.cache, name, bytes);
  return bytes;
}

function expectedDigest(where: string, name: string, sha256: FileOptions["sha256"]): string | undefined {
  const digest = sha256 && Object.hasOwn(sha256, name) ? sha256[name]! : undefined;
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
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function checkDigest(where: string, name: string, bytes: Uint8Array, expected: string): Promise<void> {
  const digest = await sha256Hex(bytes);
  if (digest !== expected) throw new DataError(expectation(where, `SHA-256 of ${name}`, expected, digest));
}

async function cached(where: string, folder: string, name: string, digest?: string): Promise<Uint8Array | undefined> {
  const { readFile } = await openFileSystem(where);
  const bytes = await ifPresent(where, name, readFile(`${folder}/${name}`));
  return bytes && (!digest || (await sha256Hex(bytes)) === digest) ? bytes : undefined;
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

/** @internal */
export async function openFileSystem(where: string): Promise<NonNullable<FileSystem>> {
  // Pages without a bundler know no imports map of packages.
  const { fileSystem } = await (import("#file-system") as Promise<{ fileSystem: FileSystem }>).catch(() => ({
    fileSystem: null,
  }));
  if (fileSystem) return fileSystem;
  const hint = "Folders and caches need Node, Deno or Bun; an http(s) URL without cache does not";
  throw new RuntimeSupportError(expectation(where, "file system", "one", "none", { hint }));
}

/** @internal */
export type FileSystem = typeof import("#file-system").fileSystem | null;

/** The path of a folder given as a path or a file: URL. */
export async function folderPath(where: string, folder: string | URL): Promise<string> {
  if (typeof folder !== "string" && !(folder instanceof URL)) {
    throw new ArgumentError(expectation(where, "folder", "a path or a file: URL", describe(folder)));
  }
  const { fileURLToPath } = await openFileSystem(where);
  return /^file:/i.test(String(folder)) ? fileURLToPath(folder) : String(folder);
}

/** The file's bytes, or undefined where there is none. */
async function ifPresent(where: string, name: string, reading: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await reading;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DataError(expectation(where, name, "a readable file", message), { cause: error });
  }
}
