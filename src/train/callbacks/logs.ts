/** Writes what a fit tells to files of rows. */
import { demanded } from "../../core/on-demand.js";
import { oneOf, optional, readOptions, type Schema, text } from "../../core/options.js";
import type { Extent, GrowingFile, GrowingTarget } from "../../stores/growing.js";
import type { Callback, EpochRecord, StepEvent } from "../callback.js";

export interface LogOptions {
  /** A row for each epoch, with what validation said, or for each step. Default "epoch". */
  every?: "epoch" | "step";
  /** What the file is called in a store. Default "log.csv" or "log.jsonl". */
  name?: string;
}

type Values = Readonly<Record<string, unknown>>;

const schema = (name: string) => () =>
  ({ every: oneOf(["epoch", "step"], "epoch"), name: optional(text, name) }) satisfies Schema<LogOptions>;

/**
 * Writes a row of comma-separated values for each epoch, or step, to a path (Node, Deno, Bun) or a store: loss, learning rate,
 * and the numbers that validation gave, as `validation.<name>`. A file that is there is continued where its columns are the same. A fit that
 * goes on from a checkpoint leaves out the rows that came after it.
 *
 * ```ts
 * await trainer.fit(data, { epochs: 30, validation, callbacks: [csvLog("runs/7/log.csv")] });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, callbacks: [csvLog("steps.csv")] });
 */
export function csvLog(target: GrowingTarget, options?: LogOptions): Callback {
  return log("csvLog", target, readOptions("csvLog", options, schema("log.csv")), async (file) => {
    const { csvRows } = await demanded("csvLog", import("./csv-rows.js"));
    return csvRows("csvLog", file);
  });
}

/**
 * The same as lines of JSON, with all that validation gave.
 *
 * ```ts
 * await trainer.fit(data, { epochs: 30, validation, callbacks: [jsonlLog("runs/7/log.jsonl")] });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, callbacks: [jsonlLog("steps.jsonl")] });
 */
export function jsonlLog(target: GrowingTarget, options?: LogOptions): Callback {
  const settings = readOptions("jsonlLog", options, schema("log.jsonl"));
  return log("jsonlLog", target, settings, async () => (values) => `${JSON.stringify(values)}\n`);
}

function log(
  where: string,
  target: GrowingTarget,
  { every, name }: { every: "epoch" | "step"; name: string },
  rowsOf: (file: GrowingFile) => Promise<(values: Values) => string>,
): Callback {
  let file: GrowingFile | undefined;
  let kept: Extent | undefined;
  let row = (_: Values): string => "";
  const write = (values: Values) => file?.append(new TextEncoder().encode(row(values)));
  return {
    name: where,
    load(state) {
      kept = state as Extent | undefined;
      file = undefined;
    },
    state: () => ({ ...(file?.extent() ?? kept) }),
    async onBegin() {
      const { openGrowing } = await demanded(where, import("../../stores/growing.js"));
      const opened = await openGrowing(where, target, name);
      if (kept) await opened.restore(kept);
      row = await rowsOf(opened);
      file = opened;
    },
    onStep: every === "step" ? (event: StepEvent) => write({ ...event }) : undefined,
    async onEpoch(record: EpochRecord) {
      if (every === "epoch") await write({ ...record });
      await file?.flush();
    },
    onClose: () => file?.flush(),
  };
}
