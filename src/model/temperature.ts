/** By what logits are divided before a softmax, so that probabilities can be believed. */
import { checked, optional } from "../core/options.js";

export const isTemperature = (value: unknown): value is number => Number.isFinite(value) && (value as number) > 0;

/** Throws `ArgumentError` on a temperature that is no number above 0. */
export const readTemperature = (where: string, temperature: unknown): number | undefined =>
  optional(checked("a finite number above 0", isTemperature))(where, "temperature", temperature);
