/** Saved files that are not in memory: in stores, at addresses, on disks. Loaded on demand. */
import { ArgumentError, DataError, describe, expectation } from "../core/errors.js";
import { tagOf } from "../core/tag.js";
import { messageOf } from "../core/thrown.js";
import { type FileSystem, openFileSystem } from "../stores/file-system.js";
import { isStore } from "../stores/store.js";
import { readWhole, refuseFile, writeWhole } from "../stores/whole.js";
import type { FileSource, FileTarget } from "./places.js";
import { notWhole, readResponse } from "./response.js";

type Files = NonNullable<FileSystem>;

const LIMITS = { maxBytes: Number.POSITIVE_INFINITY };

/** The bytes of a source. What is none comes back as it is, for who reads it to refuse. */
export async function readSaved(where: string, given: FileSource, name: string): Promise<Uint8Array | ArrayBuffer> {
  const source: unknown = await given;
  if (isResponse(source)) return readResponse(where, source.url || "the server", source, LIMITS);
  if (isBlob(source)) return new Uint8Array(await source.arrayBuffer());
  if (isStore(source)) {
    const bytes = await source.read(name);
    if (bytes) return bytes;
    const got = `none of this name, but ${(await source.list()).join(", ") || "no files"}`;
    throw new DataError(expectation(where, "store", `a file ${name}`, got));
  }
  if (typeof source !== "string" && tagOf(source) !== "URL") return source as Uint8Array;
  const address = String(source);
  const fs = isLocal(address) ? await openFileSystem(where).catch(() => null) : null;
  if (!fs) return fetchWhole(where, address);
  const path = pathOf(where, fs, address);
  const bytes = await readWhole(where, fs, path).catch((error) => refuseFile(where, path, error, DataError));
  if (bytes) return bytes;
  throw new DataError(expectation(where, path, "a file", "none"));
}

/** Writes a file whole or not at all. */
export async function writeSaved(where: string, target: FileTarget, name: string, bytes: Uint8Array): Promise<void> {
  if (isStore(target)) return target.write(name, bytes);
  if ((typeof target !== "string" && tagOf(target) !== "URL") || !isLocal(String(target))) {
    const hint = "Elsewhere give a store, of your own for a server: an object with read, write, list and delete";
    throw new ArgumentError(expectation(where, "target", "a path, a file: URL or a store", describe(target), { hint }));
  }
  const address = String(target);
  const fs = await openFileSystem(
    where,
    "In browsers give opfsStore() or idbStore(), or offer the bytes as a download",
  );
  const path = pathOf(where, fs, address);
  const [, folder = ".", file] = /^(?:(.*)[\\/])?([^\\/]*)$/.exec(path) ?? [];
  await writeWhole(fs, folder || "/", file, bytes).catch((error) => refuseFile(where, path, error, DataError));
}

const isResponse = (value: unknown): value is Response => tagOf(value) === "Response";
const isBlob = (value: unknown): value is Blob => ["Blob", "File"].includes(tagOf(value));

/** A path, or an address of a file: a scheme of one letter is a drive of Windows. */
const isLocal = (address: string): boolean => !/^(?!file:)[a-z][a-z\d+.-]+:/i.test(address);

function pathOf(where: string, fs: Files, address: string): string {
  if (!/^file:/i.test(address)) return address;
  try {
    return fs.fileURLToPath(address);
  } catch (error) {
    throw new ArgumentError(expectation(where, "file", "a file: URL of this machine", messageOf(error)), {
      cause: error,
    });
  }
}

async function fetchWhole(where: string, address: string): Promise<Uint8Array> {
  const response = await fetch(address).catch((error) => {
    throw notWhole(where, address, undefined, error);
  });
  return readResponse(where, address, response, LIMITS);
}
