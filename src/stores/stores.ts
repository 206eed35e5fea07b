/** The stores of this library. What they do is loaded when it is first asked for. */
import { demanded } from "../core/on-demand.js";
import type { BrowserStore } from "./browser.js";
import type { Store } from "./store.js";

/** The methods of a store that `open` gives, which is opened once; again where that failed. */
function onDemand<S extends Store>(open: () => Promise<S>): () => Promise<S> {
  let opened: Promise<S> | undefined;
  return () => {
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

const methods = (store: () => Promise<Required<Store>>): Required<Store> => ({
  read: async (name) => (await store()).read(name),
  write: async (name, bytes) => (await store()).write(name, bytes),
  list: async () => (await store()).list(),
  delete: async (name) => (await store()).delete(name),
  lock: async () => (await store()).lock(),
});

const browserMethods = (store: () => Promise<Required<BrowserStore>>): Required<BrowserStore> => ({
  ...methods(store),
  persist: async () => (await store()).persist(),
});

/**
 * A store in a folder, which is made when it is first written to: a path or a file: URL. A file is written beside its
 * name, synced, renamed, and the folder synced, so that a kill or a power cut leaves the old file or the new one. A second
 * process on the folder is refused with `StoreError`; the lock of one that has ended is taken over. Where the disk is full
 * it throws `QuotaError`. Node, Deno and Bun.
 *
 * ```ts
 * const store = fileStore("runs/7");
 * await trainer.fit(data, { epochs: 30, resume: store });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, callbacks: [checkpoint({ store: fileStore("runs/first") })] });
 */
export const fileStore = (folder: string | URL): Store =>
  methods(onDemand(async () => (await demanded("fileStore", import("./file.js"))).openFileStore(folder)));

/**
 * A store in the origin private file system of a browser: files of a page that its user does not see. `name` is that of a
 * folder there. A file is written under another name and renamed, so that closing the page leaves the old file or the
 * new one. A second tab on the folder is refused with `StoreError`; a lock ends with its page. Where there is no room it
 * throws `QuotaError`.
 *
 * ```ts
 * const store = opfsStore("digits");
 * const kept = await store.persist();
 * await trainer.fit(data, { epochs: 30, resume: store });
 * ```
 *
 * @example
 * await model.save(opfsStore("models")); // in pages
 */
export const opfsStore = (name = "resnet-wasm"): BrowserStore =>
  browserMethods(onDemand(async () => (await demanded("opfsStore", import("./opfs.js"))).openOpfsStore(name)));

/**
 * A store in an IndexedDB database, which all browsers have; `name` is that of the database. Writes are transactions of
 * strict durability, so that closing the page leaves the old file or the new one. A second tab on the database is refused
 * with `StoreError`; a lock ends with its page. Where there is no room it throws `QuotaError`.
 *
 * ```ts
 * const store = idbStore("digits");
 * await model.save(store);
 * ```
 *
 * @example
 * await model.save(idbStore("models")); // in pages
 */
export const idbStore = (name = "resnet-wasm"): BrowserStore =>
  browserMethods(onDemand(async () => (await demanded("idbStore", import("./idb.js"))).openIdbStore(name)));

/**
 * A store in memory: for tests, and for trainings that are to be broken off and gone on with in one page.
 *
 * ```ts
 * const store = memoryStore();
 * await trainer.save(store);
 * ```
 *
 * @example
 * await model.save(memoryStore());
 */
export const memoryStore = (): Store =>
  methods(onDemand(async () => (await demanded("memoryStore", import("./memory.js"))).openMemoryStore()));
