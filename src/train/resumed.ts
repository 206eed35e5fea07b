/** Fits that go on from a store. Loaded on demand. */
import { isStore, type Store } from "../stores/store.js";
import type { Callback, History } from "./callback.js";
import { type ResumeOptions, readKeepingOptions } from "./callbacks/keeping.js";
import type { CheckpointOptions } from "./checkpoint.js";
import { takeNewest } from "./kept.js";
import { newSaver } from "./saver.js";

/** A trainer that takes checkpoints, and gives the reason why bytes are none. */
interface Restorable {
  restore(bytes: Uint8Array | ArrayBuffer, options: CheckpointOptions | undefined): Promise<Error | undefined>;
}

const where = "fit resume";

/** Lets a trainer take the newest checkpoint of a store, and `go` on with it, keeping checkpoints by a callback. */
export async function resumed(
  given: Store | ResumeOptions,
  trainer: Restorable,
  go: (saver: Callback) => Promise<History>,
): Promise<History> {
  const { override, onPassedOver, ...saving }: ResumeOptions = isStore(given) ? { store: given } : Object(given);
  const settings = readKeepingOptions(where, { every: { seconds: 30 }, ...saving });
  const { store } = settings;
  const release = await store.lock?.();
  try {
    await takeNewest(store, (bytes) => trainer.restore(bytes, { override }), onPassedOver);
    const saver = newSaver(where, settings, false);
    const history = await go(saver);
    return { ...history, epochs: [...saver.epochs] };
  } finally {
    await release?.();
  }
}
