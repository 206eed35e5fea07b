/** What callbacks watch of each epoch, and whether it has become better. */
import { ArgumentError, expectation } from "../../core/errors.js";
import { lookUp } from "../../core/look-up.js";
import { type Option, oneOf, optional, text } from "../../core/options.js";
import type { EpochRecord, FitFacts } from "../callback.js";
import type { CallbackState } from "../callback-state.js";

export type Mode = "min" | "max";

export interface MonitorOptions {
  /** "loss", "validation.loss" or "validation.<metric>". Default "validation.loss" where there is validation, else "loss". */
  monitor?: string;
  /** Whether less or more is better. Default: what is known of the metric. */
  mode?: Mode;
}

export const monitorSchema = () => ({
  monitor: optional(text) as Option<string | undefined, string | undefined>,
  mode: optional(oneOf(["min", "max"])),
});

/** A value of each epoch. */
export interface Monitor {
  name: string;
  mode: Mode;
  of(record: EpochRecord): number;
}

/**
 * Finds what is to be watched. Throws `ArgumentError`, with the names there are, where a fit has no such value, and where the
 * state of a checkpoint is of another one.
 */
export function monitorOf(
  where: string,
  { monitor, mode }: MonitorOptions,
  { monitors }: FitFacts,
  kept: CallbackState | undefined,
): Monitor {
  const known = new Map(Object.entries(monitors));
  const name = monitor ?? (known.has("validation.loss") ? "validation.loss" : "loss");
  if (!known.has(name)) {
    const hint = name.startsWith("validation.") && !known.has("validation.loss") ? "Give fit a validation" : undefined;
    throw new ArgumentError(expectation(where, "monitor", [...known.keys()].join(", "), name, { hint }));
  }
  const key = name.replace("validation.", "");
  const found: Monitor = {
    name,
    mode: mode ?? lookUp(known, name),
    of({ loss, validation }) {
      if (name === "loss") return loss;
      const { metrics, ...own }: Record<string, unknown> = { ...validation };
      return Number(own[key] ?? Object(metrics)[key]);
    },
  };
  if (kept && (kept.monitor !== name || kept.mode !== found.mode)) {
    const hint = 'To begin anew: trainer.load(source, { override: ["callbacks"] })';
    const expected = `${kept.monitor} (${kept.mode}), as in the checkpoint`;
    throw new ArgumentError(expectation(where, "monitor", expected, `${name} (${found.mode})`, { hint }));
  }
  return found;
}

/** What a state tells of a monitor. */
export const told = (monitor: Monitor | undefined): CallbackState => ({ monitor: monitor?.name, mode: monitor?.mode });
