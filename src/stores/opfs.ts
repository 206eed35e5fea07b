/** Files in the origin private file system of a browser. */
import { expectation, RuntimeSupportError } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import { type BrowserStore, persist, refuse, takeLock } from "./browser.js";
import { expectBytes, expectName, isName, Sharing } from "./store.js";

const where = "opfsStore";

/** In names of files that are being written, and of what Chromium puts beside those. */
const PART = "~";

/** Chromium 110, Firefox 111 and Safari 16 rename files; TypeScript's declarations do not know it. */
type Movable = FileSystemFileHandle & { move(name: string): Promise<void> };

/** Workers alone have it. */
interface AccessHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** `opfsStore` of the main entry. */
export function openOpfsStore(name: string): Required<BrowserStore> {
  expectName(where, name);
  const attempt = <T>(file: string, work: (folder: FileSystemDirectoryHandle) => Promise<T>): Promise<T> =>
    open(name)
      .then(work)
      .catch((error) => refuse(where, file, error));
  const sharing = new Sharing(where, async () => {
    const release = await takeLock(where, `resnet-wasm opfs ${name}`);
    try {
      await attempt("files", sweep);
    } catch (error) {
      await release();
      throw error;
    }
    return release;
  });
  return {
    read: (file) =>
      attempt(expectName(where, file), async (folder) => {
        const handle = await find(folder, file);
        return handle && new Uint8Array(await (await handle.getFile()).arrayBuffer());
      }),
    write: async (file, bytes) => {
      expectName(where, file);
      expectBytes(where, bytes);
      await sharing.during(() => attempt(file, (folder) => writeWhole(folder, file, bytes)));
    },
    list: () =>
      attempt("files", async (folder) => {
        const names: string[] = [];
        for await (const key of keysOf(folder)) if (isName(key)) names.push(key);
        return names;
      }),
    delete: async (file) => {
      expectName(where, file);
      await sharing.during(() => attempt(file, (folder) => remove(folder, file)));
    },
    lock: () => sharing.lock(),
    persist,
  };
}

async function open(name: string): Promise<FileSystemDirectoryHandle> {
  const { storage } = globalThis.navigator ?? {};
  if (!hasMethod(storage, "getDirectory")) {
    const hint = "Browsers have it in pages of https: and localhost; fileStore(folder) is for Node, Deno and Bun";
    throw new RuntimeSupportError(expectation(where, "navigator.storage", "a private file system", "none", { hint }));
  }
  const root = await storage.getDirectory();
  return root.getDirectoryHandle(name, { create: true });
}

const keysOf = (folder: FileSystemDirectoryHandle): AsyncIterable<string> =>
  (folder as FileSystemDirectoryHandle & { keys(): AsyncIterable<string> }).keys();

const isMissing = (error: unknown): boolean => (error as Partial<DOMException>)?.name === "NotFoundError";

async function find(folder: FileSystemDirectoryHandle, file: string): Promise<FileSystemFileHandle | undefined> {
  try {
    return await folder.getFileHandle(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function remove(folder: FileSystemDirectoryHandle, file: string): Promise<void> {
  try {
    await folder.removeEntry(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Takes away what pages that were closed have begun: nobody else writes here now. */
async function sweep(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const key of keysOf(folder)) if (key.includes(PART)) await remove(folder, key);
}

async function writeWhole(folder: FileSystemDirectoryHandle, file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${crypto.randomUUID()}${PART}`;
  const handle = await folder.getFileHandle(temporary, { create: true });
  try {
    if (!hasMethod(handle, "move")) throw lacks("move");
    await fill(handle, bytes);
    await (handle as Movable).move(file);
  } catch (error) {
    await remove(folder, temporary);
    throw error;
  }
}

async function fill(handle: FileSystemFileHandle, bytes: Uint8Array): Promise<void> {
  if (hasMethod(handle, "createSyncAccessHandle")) {
    const access = (await handle.createSyncAccessHandle()) as AccessHandle;
    try {
      access.truncate(0);
      for (let at = 0, written = 0; at < bytes.length; at += written) {
        written = access.write(bytes.subarray(at), { at });
        if (written === 0) throw new DOMException("no room", "QuotaExceededError");
      }
      access.flush();
    } finally {
      access.close();
    }
  } else if (hasMethod(handle, "createWritable")) {
    const stream = await handle.createWritable();
    await stream.truncate(bytes.length); // without room, Chromium calls a write by other names
    await stream.write(bytes as Uint8Array<ArrayBuffer>);
    await stream.close();
  } else throw lacks("createWritable");
}

const lacks = (method: string): RuntimeSupportError => {
  const hint = "idbStore() keeps files in any browser, this one in workers of Safari";
  return new RuntimeSupportError(expectation(where, "file system", `one with ${method}`, "none", { hint }));
};
