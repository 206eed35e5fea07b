/** Files in memory, for as long as the process or page lives. */
import { expectBytes, expectName, Sharing, type Store } from "./store.js";

/** `memoryStore` of the main entry. */
export function openMemoryStore(): Required<Store> {
  const where = "memoryStore";
  const files = new Map<string, Uint8Array>();
  const sharing = new Sharing(where, async () => async () => {});
  return {
    read: async (name) => files.get(expectName(where, name))?.slice(),
    write: async (name, bytes) => void files.set(expectName(where, name), expectBytes(where, bytes).slice()),
    list: async () => [...files.keys()],
    delete: async (name) => void files.delete(expectName(where, name)),
    lock: () => sharing.lock(),
  };
}
