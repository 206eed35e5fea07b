// What the tests of stores run in a page, and in a worker of it (this file as its program).
import { idbStore, opfsStore, StoreError } from "/dist/index.browser.js";

const open = { opfs: opfsStore, idb: idbStore };

const told = (error) => ({ name: error.name, message: error.message, typed: error instanceof StoreError });
const rejected = (promise) => promise.then(() => "no error", told);
const numbers = (bytes) => bytes && [...bytes];

/** The lock of a store that `hold` took. */
let release;

const tests = {
  /** Keeps, replaces, lists, deletes. */
  async keep({ kind, name }) {
    const store = open[kind](name);
    const before = [await store.list(), await store.read("a")];
    const large = new Uint8Array(1 << 20).fill(1);
    await store.write("a", large);
    await store.write("a", Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
    await store.write("b", new Uint8Array(0));
    const read = [numbers(await store.read("a")), numbers(await store.read("b"))];
    const names = (await store.list()).sort();
    await store.delete("a");
    await store.delete("a");
    const after = [await store.list(), await store.read("a")];
    await store.delete("b");
    return { before, read, names, after, refused: await rejected(store.write("../x", large)) };
  },

  async hold({ kind, name }) {
    release = await open[kind](name).lock();
  },

  release: () => release(),

  lock: ({ kind, name }) =>
    rejected(
      open[kind](name)
        .lock()
        .then((free) => free()),
    ),

  write: ({ kind, name, file, length, value }) =>
    rejected(open[kind](name).write(file, new Uint8Array(length).fill(value))),

  /** Bytes that no database makes shorter. */
  noise: ({ kind, name, file, length }) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
    return rejected(open[kind](name).write(file, bytes));
  },

  /** Writes files of one value each over and over, until the page is closed. */
  async churn({ kind, name, length }) {
    const store = open[kind](name);
    for (let value = 1; ; value = (value % 250) + 1)
      for (const file of ["a", "b"]) await store.write(file, new Uint8Array(length).fill(value));
  },

  /** Each file's length and values. */
  async look({ kind, name }) {
    const store = open[kind](name);
    const files = await store.list();
    return Promise.all(
      files.map(async (file) => {
        const bytes = await store.read(file);
        return { file, length: bytes.length, values: [...new Set(bytes)] };
      }),
    );
  },

  persist: async ({ kind, name }) => [await open[kind](name).persist(), await navigator.storage.persisted()],
};

if (globalThis.document) {
  globalThis.stores = {
    ...tests,
    /** The same in a dedicated worker. */
    inWorker(test, argument) {
      const worker = new Worker("/stores.js", { type: "module" });
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          if (test !== "hold") worker.terminate();
          resolve(data);
        };
        worker.onerror = reject;
        worker.postMessage({ test, argument });
      });
    },
  };
} else {
  globalThis.onmessage = async ({ data: { test, argument } }) => postMessage(await tests[test](argument));
}
