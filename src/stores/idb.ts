/** Files in an IndexedDB database of a browser. */
import { expectation, RuntimeSupportError } from "../core/errors.js";
import { type BrowserStore, persist, refuse, takeLock } from "./browser.js";
import { expectBytes, expectName, Sharing } from "./store.js";

const where = "idbStore";
const FILES = "files";

/** `idbStore` of the main entry. */
export function openIdbStore(name: string): Required<BrowserStore> {
  expectName(where, name);
  let opened: Promise<IDBDatabase> | undefined;
  /** Runs one request in a transaction, and waits until that is complete. */
  const run = async <T>(
    file: string,
    mode: IDBTransactionMode,
    ask: (files: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    try {
      opened ??= open(name, () => {
        opened = undefined;
      });
      const database = await opened;
      const transaction = database.transaction(FILES, mode, { durability: "strict" });
      const request = ask(transaction.objectStore(FILES));
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? request.error);
      });
      return request.result;
    } catch (error) {
      return refuse(where, file, error);
    }
  };
  const sharing = new Sharing(where, () => takeLock(where, `resnet-wasm idb ${name}`));
  return {
    read: (file) => run<Uint8Array | undefined>(expectName(where, file), "readonly", (files) => files.get(file)),
    write: async (file, bytes) => {
      expectName(where, file);
      // A view on a part of a buffer would take the whole buffer along.
      const own = expectBytes(where, bytes).slice();
      await sharing.during(() => run(file, "readwrite", (files) => files.put(own, file)));
    },
    list: async () => (await run("files", "readonly", (files) => files.getAllKeys())).map(String),
    delete: async (file) => {
      expectName(where, file);
      await sharing.during(() => run(file, "readwrite", (files) => files.delete(file)));
    },
    lock: () => sharing.lock(),
    persist,
  };
}

/** `closed`: the browser has closed it, or another tab deletes it. */
function open(name: string, closed: () => void): Promise<IDBDatabase> {
  if (typeof indexedDB === "undefined") {
    const hint = "fileStore(folder) is for Node, Deno and Bun";
    throw new RuntimeSupportError(expectation(where, "indexedDB", "a database", "none", { hint }));
  }
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(FILES);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = closed;
      database.onversionchange = () => {
        database.close();
        closed();
      };
      resolve(database);
    };
    request.onerror = () => {
      closed();
      reject(request.error);
    };
  });
}
