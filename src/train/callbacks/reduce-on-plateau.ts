/** Lowers the learning rate of a fit that no longer becomes better. */
import { integer, number, oneOf, readOptions, type Schema } from "../../core/options.js";
import type { Callback } from "../callback.js";
import type { CallbackState } from "../callback-state.js";
import { type Monitor, type MonitorOptions, monitorOf, monitorSchema, told } from "./monitor.js";

export interface ReduceOnPlateauOptions extends MonitorOptions {
  /** The learning rate is multiplied by this. Default 0.1. */
  factor?: number;
  /** So many epochs in a row may pass without an improvement. Default 10. */
  patience?: number;
  /** What counts as an improvement: a change of more than this share of the best value, or of more than this. Default 1e-4. */
  threshold?: number;
  /** Default "rel": a share. */
  thresholdMode?: "rel" | "abs";
  /** Epochs after a reduction in which nothing is counted. Default 0. */
  cooldown?: number;
  /** The learning rate is not lowered below this. Default 0. */
  minLr?: number;
}

const where = "reduceOnPlateau";

const schema = () =>
  ({
    ...monitorSchema(),
    factor: number({ min: 0, max: 1, open: "both", default: 0.1 }),
    patience: integer({ default: 10 }),
    threshold: number({ min: 0, default: 1e-4 }),
    thresholdMode: oneOf(["rel", "abs"], "rel"),
    cooldown: integer({ default: 0 }),
    minLr: number({ min: 0, default: 0 }),
  }) satisfies Schema<ReduceOnPlateauOptions>;

/**
 * Multiplies the learning rate by `factor` when what it watches has not become better for more than `patience` epochs, as
 * PyTorch's ReduceLROnPlateau does, on top of the trainer's schedule. What it knows is in the checkpoints of the trainer.
 *
 * ```ts
 * await trainer.fit(data, { epochs: 100, validation, callbacks: [reduceOnPlateau({ factor: 0.5, patience: 3 })] });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, validation: held, callbacks: [reduceOnPlateau({ patience: 2 })] });
 */
export function reduceOnPlateau(options?: ReduceOnPlateauOptions): Callback {
  const { factor, patience, threshold, thresholdMode, cooldown, minLr, ...watched } = readOptions(
    where,
    options,
    schema,
  );
  let monitor: Monitor | undefined;
  let kept: CallbackState | undefined;
  let lrScale = 1;
  let best: number | null = null;
  let wait = 0;
  let rest = 0;

  /** As PyTorch compares: shares of a negative best value widen the other way there, too. */
  const isBetter = (value: number): boolean => {
    if (best === null) return Number.isFinite(value);
    const margin = thresholdMode === "rel" ? best * threshold : threshold;
    return monitor?.mode === "min" ? value < best - margin : value > best + margin;
  };
  return {
    name: where,
    get lrScale() {
      return lrScale;
    },
    load(state) {
      kept = state;
      ({ lrScale, best, wait, rest } = { lrScale: 1, best: null, wait: 0, rest: 0, ...state });
    },
    state: () => ({ ...told(monitor), lrScale, best, wait, rest }),
    onBegin(fit) {
      monitor = monitorOf(where, watched, fit, kept);
    },
    onEpoch(record) {
      const value = monitor?.of(record) ?? Number.NaN;
      if (isBetter(value)) {
        best = value;
        wait = 0;
      } else wait++;
      if (rest > 0) {
        rest--;
        wait = 0;
      }
      if (wait <= patience) return;
      rest = cooldown;
      wait = 0;
      // What the schedule alone gives, times the scale, is the rate of the epoch.
      if (record.lr > minLr) lrScale *= Math.max(factor, minLr / record.lr);
    },
  };
}
