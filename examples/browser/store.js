// @ts-check
// What was learned, kept in the browser (IndexedDB) or as a file.

/**
 * @typedef {{ classes: import("./classes.js").Class[], depth: number, plain: Uint8Array, residual: Uint8Array }} Saved
 */

const STORE = "models";
const KEY = "latest";

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("two-networks", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>}
 */
async function withStore(mode, work) {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @param {Saved} saved */
export const keep = (saved) => withStore("readwrite", (store) => store.put(saved, KEY));

/** @returns {Promise<Saved | undefined>} */
export const recall = () => withStore("readonly", (store) => store.get(KEY));

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} name
 */
export function download(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
