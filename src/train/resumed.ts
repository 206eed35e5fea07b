/** Fits that mix batches, or go on from a store. Loaded on demand. */
import { demanded } from "../core/on-demand.js";
import type { Dataset } from "../data/dataset.js";
import { isStore, type Store } from "../stores/store.js";
import type { Callback, History } from "./callback.js";
import { expectCallbacks } from "./callback-list.js";
import { type ResumeOptions, readKeepingOptions } from "./callbacks/keeping.js";
import type { CheckpointOptions } from "./checkpoint.js";
import { takeNewest } from "./kept.js";
import { newSaver } from "./saver.js";

/** A trainer that takes checkpoints, and gives the reason why bytes are none. */
interface Restorable {
  restore(bytes: Uint8Array | ArrayBuffer, options: CheckpointOptions | undefined): Promise<Error | undefined>;
}

const where = "fit resume";

/** What `fit` is asked for beside its passage through a dataset. */
interface Asked {
  dataset: Dataset;
  callbacks: unknown;
  mix: unknown;
  resume: Store | ResumeOptions | undefined;
}

/**
 * Mixes the dataset, and lets a trainer take the newest checkpoint of a store, to `go` on with it, keeping checkpoints by a callback
 * after all others.
 */
export async function resumed(
  trainer: Restorable,
  { dataset, callbacks: given, mix, resume }: Asked,
  go: (dataset: Dataset, callbacks: readonly Callback[]) => Promise<History>,
): Promise<History> {
  const callbacks = expectCallbacks(given === undefined ? [] : given);
  const data = mix === undefined ? dataset : (await demanded("fit", import("./mixed.js"))).mixed(dataset, mix);
  if (resume === undefined) return go(data, callbacks);
  const { override, onPassedOver, ...saving }: ResumeOptions = isStore(resume) ? { store: resume } : Object(resume);
  const settings = readKeepingOptions(where, { every: { seconds: 30 }, ...saving });
  const { store } = settings;
  const release = await store.lock?.();
  try {
    await takeNewest(store, (bytes) => trainer.restore(bytes, { override }), onPassedOver);
    const saver = newSaver(where, settings, false);
    const history = await go(data, [...callbacks, saver]);
    return { ...history, epochs: [...saver.epochs] };
  } finally {
    await release?.();
  }
}
