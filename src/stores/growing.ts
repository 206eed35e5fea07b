/** Files that grow while they are written, such as logs: in a folder, or in a store. */
import { ArgumentError, DataError, describe, expectation } from "../core/errors.js";
import { tagOf } from "../core/tag.js";
import { folderPath, openFileSystem } from "./file-system.js";
import { checkRegular } from "./regular.js";
import { expectName, isStore, type Store } from "./store.js";
import { refuseFile } from "./whole.js";

/** How far a file has come: so many bytes are kept, and these more are to be. */
export interface Extent {
  length: number;
  pending: string;
}

/** A file of text or records that is open for more at its end. */
export interface GrowingFile {
  /** What it begins with, as text. */
  head(bytes: number): Promise<string>;
  append(bytes: Uint8Array): Promise<void>;
  /** Keeps all that was appended. */
  flush(): Promise<void>;
  extent(): Extent;
  /** Brings a file back to what it was; what came after that is left out. */
  restore(extent: Extent): Promise<void>;
}

/** Where such a file is: a path, a file: URL, or a store. */
export type GrowingTarget = string | URL | Store;

/** Opens a file, or makes one; `name` is what it is called in a store. */
export async function openGrowing(where: string, target: GrowingTarget, name: string): Promise<GrowingFile> {
  if (isStore(target)) return inStore(target, expectName(where, name));
  if (typeof target === "string" || tagOf(target) === "URL") return inFolder(where, target as string | URL);
  throw new ArgumentError(expectation(where, "target", "a path, a file: URL or a store", describe(target)));
}

async function inFolder(where: string, target: string | URL): Promise<GrowingFile> {
  const fs = await openFileSystem(where, "Logs in browsers go to stores: opfsStore() or idbStore()");
  const path = await folderPath(where, target);
  const attempt = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => refuseFile(where, path, error, DataError));
  const [, folder] = /^(.+)[\\/][^\\/]*$/.exec(path) ?? [];
  if (folder) await attempt(fs.mkdir(folder, { recursive: true }));
  await attempt(fs.appendFile(path, ""));
  const status = await attempt(fs.stat(path));
  checkRegular(status);
  let length = status.size;
  return {
    async head(bytes) {
      return new TextDecoder().decode((await attempt(fs.readFile(path))).subarray(0, bytes));
    },
    async append(bytes) {
      await attempt(fs.appendFile(path, bytes));
      length += bytes.length;
    },
    async flush() {},
    extent: () => ({ length, pending: "" }),
    async restore(extent) {
      if (extent.length >= length) return;
      await attempt(fs.truncate(path, extent.length));
      length = extent.length;
    },
  };
}

/** In a store, whose files are whole: kept in memory as well, and written when it is flushed. */
async function inStore(store: Store, name: string): Promise<GrowingFile> {
  let bytes = (await store.read(name)) ?? new Uint8Array(0);
  /** So many bytes of it are kept. */
  let length = bytes.length;
  const append = (more: Uint8Array) => {
    const longer = new Uint8Array(bytes.length + more.length);
    longer.set(bytes);
    longer.set(more, bytes.length);
    bytes = longer;
  };
  return {
    head: async (count) => new TextDecoder().decode(bytes.subarray(0, count)),
    append: async (more) => append(more),
    async flush() {
      if (length === bytes.length) return;
      await store.write(name, bytes);
      length = bytes.length;
    },
    extent: () => ({ length, pending: new TextDecoder().decode(bytes.subarray(length)) }),
    async restore(extent) {
      bytes = bytes.slice(0, extent.length);
      length = bytes.length;
      append(new TextEncoder().encode(extent.pending));
    },
  };
}
