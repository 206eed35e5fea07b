/** Ends a fit that no longer becomes better. */
import { flag, integer, number, readOptions, type Schema } from "../../core/options.js";
import type { StateDict } from "../../model/state.js";
import type { Callback, FittingTrainer } from "../callback.js";
import type { CallbackState } from "../callback-state.js";
import { type Monitor, type MonitorOptions, monitorOf, monitorSchema, told } from "./monitor.js";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Ends after so many epochs in a row without an improvement. Default 5. */
  patience?: number;
  /** What counts as an improvement: a change of more than this. Default 0. */
  minDelta?: number;
  /** Leave the weights and buffers of the best epoch in the model when the fit has ended. Default true. */
  restoreBest?: boolean;
}

const where = "earlyStopping";

const schema = () =>
  ({
    ...monitorSchema(),
    patience: integer({ min: 1, default: 5 }),
    minDelta: number({ min: 0, default: 0 }),
    restoreBest: flag(true),
  }) satisfies Schema<EarlyStoppingOptions>;

/**
 * Ends a fit when what it watches has not become better for `patience` epochs, and leaves the weights of the best epoch in the
 * model; also where the fit ran to its end. A value that is not finite is no improvement. What it knows, the best weights
 * included, is in the checkpoints of the trainer.
 *
 * ```ts
 * await trainer.fit(data, { epochs: 100, validation, callbacks: [earlyStopping({ monitor: "validation.accuracy", patience: 3 })] });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 2, validation: held, callbacks: [earlyStopping({ patience: 3 })] });
 */
export function earlyStopping(options?: EarlyStoppingOptions): Callback {
  const { patience, minDelta, restoreBest, ...watched } = readOptions(where, options, schema);
  let trainer: FittingTrainer;
  let monitor: Monitor | undefined;
  let kept: CallbackState | undefined;
  let best: number | null = null;
  let wait = 0;
  let stop = false;
  let weights: StateDict | undefined;
  return {
    name: where,
    get stop() {
      return stop;
    },
    load(state) {
      kept = state;
      ({ best, wait, stop } = { best: null, wait: 0, stop: false, ...state });
      weights = state?.tensors as StateDict | undefined;
    },
    state: () => ({ ...told(monitor), best, wait, stop, ...(weights && { tensors: weights }) }),
    onBegin(fit) {
      trainer = fit.trainer;
      monitor = monitorOf(where, watched, fit, kept);
    },
    async onEpoch(record) {
      const value = monitor?.of(record) ?? Number.NaN;
      const gain = best === null ? Infinity : monitor?.mode === "min" ? best - value : value - best;
      if (Number.isFinite(value) && gain > minDelta) {
        best = value;
        wait = 0;
        if (restoreBest) weights = await trainer.model.stateDict();
      } else if (++wait >= patience) stop = true;
    },
    async onEnd({ stopped }) {
      if (weights && (stopped === "finished" || stopped === "callback")) await trainer.model.loadStateDict(weights);
    },
  };
}
