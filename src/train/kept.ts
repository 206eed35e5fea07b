/** Checkpoints in stores and files: what they are called there, and how they are found. Loaded on demand. */
import { ArgumentError, DataError, expectation, FormatError } from "../core/errors.js";
import { optional, readOptions, type Schema, text } from "../core/options.js";
import { areBytes } from "../data/given.js";
import type { FileSource, FileTarget } from "../data/places.js";
import { readSaved, writeSaved } from "../data/saved.js";
import { isStore, type Store } from "../stores/store.js";
import type { CallbackStates } from "./callback-state.js";
import type { CheckpointOptions, PassedOver } from "./checkpoint.js";

/** How a file is kept. */
export interface KeepOptions {
  /** What it is called in a store. Default: a name with the number of steps in it, of which `load` takes the newest. */
  name?: string;
}

const schema = () => ({ name: optional(text) }) satisfies Schema<KeepOptions>;

export const checkpointName = (stepCount: number): string =>
  `checkpoint-${String(stepCount).padStart(9, "0")}.safetensors`;

/** Writes a checkpoint to a target. */
export async function keepCheckpoint(
  target: FileTarget,
  options: KeepOptions | undefined,
  stepCount: number,
  bytes: Uint8Array,
): Promise<void> {
  const { name = checkpointName(stepCount) } = readOptions("trainer.save", options, schema);
  await writeSaved("trainer.save", target, name, bytes);
}

/** Lets a trainer take a checkpoint; `take` gives the reason why bytes are none. */
type Take = (bytes: Uint8Array | ArrayBuffer) => Promise<Error | undefined>;

/** Lets a trainer take the checkpoint of a source; of a store the newest, unless a file is named. */
export async function openCheckpoint(
  source: FileSource,
  options: CheckpointOptions | undefined,
  take: Take,
): Promise<void> {
  const { name, onPassedOver } = options ?? {}; // `take` checks them
  if (name !== undefined || !isStore(source)) {
    const refusal = await take(areBytes(source) ? source : await readSaved("trainer.load", source, name ?? ""));
    if (refusal) throw refusal;
    return;
  }
  const last = await takeNewest(source, take, onPassedOver);
  if (last === "taken") return;
  if (last) throw new FormatError(`${last.message}. No other checkpoint of the store is whole`, { cause: last });
  const hint = "trainer.save(store) and checkpoint({ store }) write some; a name takes any file: { name }";
  throw new DataError(expectation("trainer.load", "store", "a checkpoint", "none", { hint }));
}

/** The checkpoints of a store by their names, the newest first. */
export async function checkpointsOf(store: Store): Promise<{ name: string; step: number }[]> {
  const names = await store.list();
  return names
    .flatMap((name) => {
      const [, step] = /^checkpoint-(\d+)\.safetensors$/.exec(name) ?? [];
      return step === undefined ? [] : [{ name, step: Number(step) }];
    })
    .sort((a, b) => b.step - a.step);
}

/** Takes the newest checkpoint that `take` does not refuse; where there is none, gives the last refusal. */
export async function takeNewest(
  store: Store,
  take: Take,
  passedOver: PassedOver = (name, reason) => console.warn(`trainer.load: ${name} is passed over: ${reason}`),
): Promise<"taken" | Error | undefined> {
  let last: Error | undefined;
  for (const { name } of await checkpointsOf(store)) {
    const bytes = await store.read(name);
    if (!bytes) continue; // deleted meanwhile
    last = await take(bytes);
    if (!last) return "taken";
    passedOver(name, last.message);
  }
  return last;
}

/** Throws `ArgumentError` where a fit that comes from a checkpoint lacks a callback whose state is there. */
export function expectClaimed(states: CallbackStates, names: readonly string[]): void {
  const left = Object.keys(states).filter((key) => !names.includes(key));
  if (left.length === 0) return;
  const hint = 'To go on without them: trainer.load(source, { override: ["callbacks"] })';
  const expected = `those whose state the checkpoint has: ${left.join(", ")}`;
  throw new ArgumentError(expectation("fit", "callbacks", expected, names.join(", ") || "none", { hint }));
}
