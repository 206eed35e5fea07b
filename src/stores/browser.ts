/** What stores in browsers share: the lock, the quota, and whether the browser promises to keep what is stored. */
import { expectation, QuotaError, ResnetWasmError, RuntimeSupportError, StoreError } from "../core/errors.js";
import { isRecord } from "../core/options.js";
import { messageOf } from "../core/thrown.js";
import { inUse, pause, type Release, type Store, TRIES } from "./store.js";

/** A store in a browser, which may clear it where it has not promised to keep it. */
export interface BrowserStore extends Store {
  /**
   * Asks the browser to keep what the page stores until its user deletes it, and tells the answer. Some browsers ask their
   * users. In workers, which may not ask, it tells what pages were answered. Without the promise a browser may clear all that
   * a page has stored when the disk is full, Safari after seven days without a visit.
   */
  persist(): Promise<boolean>;
}

/** `BrowserStore.persist`. */
export async function persist(): Promise<boolean> {
  const { storage } = globalThis.navigator ?? {};
  if (typeof storage?.persist === "function") return storage.persist();
  return typeof storage?.persisted === "function" && storage.persisted();
}

/** Takes a lock that comes free when its page or worker ends, however that happens. */
export async function takeLock(where: string, name: string): Promise<Release> {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) {
    const hint = "Browsers have them in pages of https: and localhost";
    throw new RuntimeSupportError(expectation(where, "navigator.locks", "Web Locks", "none", { hint }));
  }
  for (let tries = 0; tries < TRIES; tries++) {
    const release = await request(locks, name);
    if (release) return release;
    await pause();
  }
  throw inUse(where, "another tab or worker");
}

/** Undefined where another has it. */
function request(locks: LockManager, name: string): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const done = locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(undefined);
      return new Promise<void>((release) =>
        resolve(async () => {
          release();
          await done;
        }),
      );
    });
    done.catch(reject);
  });
}

/** What the browser says, as an error of this library. */
export async function refuse(where: string, name: string, cause: unknown): Promise<never> {
  if (cause instanceof ResnetWasmError) throw cause;
  if (!isRecord(cause) || cause.name !== "QuotaExceededError")
    throw new StoreError(expectation(where, name, "a file to use", messageOf(cause)), { cause });
  const { usage, quota } = (await navigator.storage?.estimate?.()) ?? {};
  const got = usage === undefined ? "none" : `${usage} of ${quota} bytes in use`;
  const hint = "Keep fewer checkpoints, or delete what the page has stored";
  throw new QuotaError(expectation(where, name, "room for it", got, { hint }), { cause });
}
