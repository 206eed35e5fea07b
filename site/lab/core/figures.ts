/** The figures of a run as a spreadsheet: a row for each step. */
import { KINDS } from "./nets.js";
import type { OfBoth, Reading } from "./run.js";

const OF_READINGS = KINDS.flatMap((kind) =>
  (["train", "test"] as const).flatMap((of) =>
    (["loss", "accuracy"] as const).map((what) => ({
      name: `${kind} ${of} ${what}`,
      value: (reading: Reading) => reading[of][kind][what],
    })),
  ),
);

/** Comma-separated. Losses of batches at each step, before it changes the weights; all else at readings, after it. */
export function figuresAsCsv(losses: OfBoth<readonly number[]>, readings: readonly Reading[]): string {
  const at = new Map(readings.map((reading) => [reading.step, reading]));
  const steps = Math.max(...KINDS.map((kind) => losses[kind].length), readings.at(-1)?.step ?? 0);
  const header = ["step", ...KINDS.map((kind) => `${kind} batch loss`), ...OF_READINGS.map(({ name }) => name)];
  const rows = Array.from({ length: steps + 1 }, (_, step) => {
    const reading = at.get(step);
    const batch = KINDS.map((kind) => (step > 0 ? (losses[kind][step - 1] ?? "") : ""));
    return [step, ...batch, ...OF_READINGS.map(({ value }) => (reading ? value(reading) : ""))];
  });
  return [header, ...rows].map((row) => `${row.join(",")}\n`).join("");
}
