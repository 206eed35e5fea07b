/** Keeps checkpoints of a fit in a store. */
import { demanded } from "../../core/on-demand.js";
import type { Callback } from "../callback.js";
import type { CallbackState } from "../callback-state.js";
import { type KeepingOptions, readKeepingOptions } from "./keeping.js";

const where = "checkpoint";

/**
 * Keeps checkpoints of the trainer in a store, of which `trainer.load(store)` takes the newest: what training goes on from, with
 * the states of all callbacks, wherever this one stands among them. `fit({ resume: store })` does it by itself.
 *
 * ```ts
 * await trainer.fit(data, { epochs: 30, validation, callbacks: [checkpoint({ store, keep: 3, best: "validation.accuracy" })] });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, callbacks: [checkpoint({ store: memoryStore(), every: "epoch", keep: 2 })] });
 */
export function checkpoint(options: KeepingOptions): Callback {
  const settings = readKeepingOptions(where, options);
  let saver: Required<Omit<Callback, "stop" | "lrScale">> | undefined;
  let kept: CallbackState | undefined;
  return {
    name: where,
    last: true,
    load(state) {
      kept = state;
    },
    state: () => saver?.state() ?? kept ?? {},
    async onBegin(fit) {
      const { newSaver } = await demanded(where, import("../saver.js"));
      saver = newSaver(where, settings, true);
      saver.load(kept);
      await saver.onBegin(fit);
    },
    onStep: (event) => saver?.onStep(event),
    onEpoch: (record) => saver?.onEpoch(record),
    onEnd: (history) => saver?.onEnd(history),
    onClose: () => saver?.onClose(),
  };
}
