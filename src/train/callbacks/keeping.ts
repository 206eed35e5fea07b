/** How checkpoints of a fit are kept. */
import {
  checked,
  integer,
  isRecord,
  type Option,
  optional,
  readOptions,
  type Schema,
  text,
} from "../../core/options.js";
import { isStore, type Store } from "../../stores/store.js";
import type { CheckpointOptions } from "../checkpoint.js";
import { type Mode, monitorSchema } from "./monitor.js";

/** When a checkpoint is due: at the end of each epoch, every so many steps, or when so much time has passed, after a step. */
export type Every = "epoch" | number | { seconds: number };

export interface KeepingOptions {
  /** Where checkpoints are kept. */
  store: Store;
  /** Default "epoch". One more is written when the fit ends or is stopped. */
  every?: Every;
  /** So many are kept, the newest. Default 2. */
  keep?: number;
  /** Also keep the best as "best.safetensors", by this monitor; true for what `earlyStopping` watches by default. Default false. */
  best?: boolean | string;
  /** Whether less or more of it is better. Default: what is known of the metric. */
  mode?: Mode;
}

/** How `fit` goes on with what is in a store. */
export interface ResumeOptions extends KeepingOptions, Pick<CheckpointOptions, "override" | "onPassedOver"> {
  /** Default { seconds: 30 }. */
  every?: Every;
}

const isEvery = (value: unknown): value is Every =>
  value === "epoch" ||
  (Number.isInteger(value) && Number(value) > 0) ||
  (isRecord(value) && typeof value.seconds === "number" && value.seconds > 0);

const schema = () =>
  ({
    store: checked("a store, fileStore(folder) for example", isStore),
    every: optional(checked('"epoch", a number of steps or { seconds }', isEvery), "epoch"),
    keep: integer({ min: 1, default: 2 }),
    best: ((where, name, value = false) => (typeof value === "boolean" ? value : text(where, name, value))) as Option<
      boolean | string,
      boolean | string | undefined
    >,
    mode: monitorSchema().mode,
  }) satisfies Schema<KeepingOptions>;

export type ReadKeepingOptions = ReturnType<typeof readKeepingOptions>;
export const readKeepingOptions = (where: string, options: unknown) => readOptions(where, options, schema);
