/**
 * Restores checkpoints: weights, buffers, optimiser state, averages and all counters in one safetensors file. Going on from
 * one gives the same bits as never having stopped. Loaded at the first `trainer.load`.
 */
import { expectation, FormatError } from "../core/errors.js";
import { keysOf, recordOf } from "../core/keys.js";
import { checked, flag, isRecord, list, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { formatShape, sameShape } from "../core/shape.js";
import { readSafetensors, type SafetensorsFile } from "../io/safetensors.js";
import { CHECKPOINT_KEY } from "../model/architecture.js";
import { isNames } from "../model/class-names.js";
import { writeParameter, writeStateDict } from "../model/state.js";
import type { ParameterRegion } from "../runtime/executor.js";
import type { CallbackState, CallbackStates } from "./callback-state.js";
import { callbackTensor, type Settings, settingsOf } from "./capture.js";
import { differences, listed } from "./differences.js";
import type { FitState } from "./passage.js";
import { leaveFit } from "./resume.js";
import type { StepTrainer } from "./step-trainer.js";

/** Everything but tensors. Checkpoints of 0.1.0 end with `ema`. */
interface Counters extends Pick<Settings, "seed">, Partial<Pick<Settings, "classNames">> {
  format: 1 | 2;
  stepCount: number;
  randomStep: number;
  fitState: FitState;
  /** What callbacks keep, but tensors. */
  callbacks?: Record<string, Record<string, unknown>>;
}

/**
 * What may differ on purpose. The trainer's own is taken: another learning rate, length of the schedule, seed, …, while
 * the optimiser's state and the counters go on. "fit" gives up the place of an interrupted fit, "callbacks" what its callbacks
 * have kept.
 */
export type CheckpointOverride = (typeof OVERRIDES)[number];

const OVERRIDES = [
  ...["lr", "weightDecay", "optimizer", "schedule", "seed", "loss", "clipGradNorm", "ema", "groups", "accumulate"],
  ...["frozen", "network", "classNames", "fit", "callbacks"],
] as const;

/** What `trainer.load` is told. */
export interface CheckpointOptions {
  /** What is taken from the trainer although the checkpoint has other values. Default: nothing. */
  override?: readonly CheckpointOverride[];
  /** Whether the file's digest is checked. Default true. */
  verify?: boolean;
  /** Which file of a store. Default: the newest that `save` named. */
  name?: string;
  /** Hears of each file of a store that is not whole, or no checkpoint, and is passed over. Default: `console.warn`. */
  onPassedOver?: PassedOver;
}

/** Hears that a file of a store is not taken, and why. */
export type PassedOver = (name: string, reason: string) => void;

const schema = () =>
  ({
    override: optional(list(oneOf(OVERRIDES)), []),
    verify: flag(true),
    name: optional(text),
    onPassedOver: optional(checked("a function", (value): value is PassedOver => typeof value === "function")),
  }) satisfies Schema<CheckpointOptions>;

/** What begins the names of a region's tensors: 0.1.0 numbered the optimiser's state, `state0`, `state1`. */
const prefixes = (kept: readonly ParameterRegion[], format: number): string[] =>
  kept.map((region, i) => (format === 1 && region !== "ema" ? `state${i}` : region));

/**
 * Restores a checkpoint, or gives the reason why bytes are none: damage, or another kind of file. One of another training is
 * refused. Everything is checked before the first number is written.
 */
export function takeCheckpoint(
  trainer: StepTrainer,
  bytes: Uint8Array | ArrayBuffer,
  options: CheckpointOptions | undefined,
): FormatError | undefined {
  const { override, verify } = readOptions("trainer.load", options, schema);
  let tensors: SafetensorsFile["tensors"];
  let progress: Counters;
  try {
    const file = readSafetensors(bytes, { fileName: "checkpoint", verify });
    tensors = file.tensors;
    progress = readCounters(file.metadata);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  restore(trainer, tensors, progress, override);
  return undefined;
}

function restore(
  trainer: StepTrainer,
  tensors: SafetensorsFile["tensors"],
  progress: Counters,
  override: readonly string[],
): void {
  const { engine } = trainer.model;
  expectSettings(trainer, progress, override);

  const kept = trainer.regions;
  const stored = prefixes(kept, progress.format);
  const hasAverage = [...tensors.keys()].some((name) => name.startsWith("ema."));
  const writes: (() => void)[] = [];
  for (const [i, region] of kept.entries()) {
    // Averages that begin here begin from the weights.
    const begins = region === "ema" && override.includes("ema") && !hasAverage;
    const prefix = begins ? "model" : stored[i];
    for (const parameter of engine.description.parameters) {
      const name = `${prefix}.${parameter.name}`;
      const tensor = tensors.get(name);
      if (!tensor || !sameShape(tensor.shape, parameter.shape))
        throw new FormatError(
          expectation(
            "trainer.load",
            name,
            formatShape(parameter.shape),
            tensor ? formatShape(tensor.shape) : "nothing",
          ),
        );
      writes.push(() => writeParameter(engine, parameter, region, tensor.data));
    }
  }
  const weights = [...tensors].filter(([name]) => name.startsWith("model."));
  writeStateDict(engine, new Map(weights.map(([name, tensor]) => [name.slice("model.".length), tensor])), {
    rename: (name) => name,
  });
  for (const write of writes) write();
  trainer.stepCount = progress.stepCount;
  trainer.fitState = progress.fitState;
  trainer.loaded = true;
  const states = override.includes("callbacks") ? {} : statesIn(tensors, progress);
  trainer.callbackStates = () => states;
  if (!override.includes("classNames")) trainer.nameClasses(progress.classNames);
  engine.randomStep = progress.randomStep;
  if (override.includes("fit")) leaveFit(trainer);
}

function statesIn(tensors: SafetensorsFile["tensors"], { callbacks = {} }: Counters): CallbackStates {
  const states = Object.entries(callbacks).map(([key, state]): [string, CallbackState] => {
    const prefix = callbackTensor(key, "");
    const kept = [...tensors].filter(([name]) => name.startsWith(prefix));
    const own = kept.map(
      ([name, { data, shape }]) => [name.slice(prefix.length), { data: data.slice(), shape }] as const,
    );
    return [key, { ...state, ...(own.length > 0 && { tensors: new Map(own) }) }];
  });
  return Object.fromEntries(states);
}

/** Throws one `FormatError` that names everything in which a checkpoint's training was another. */
function expectSettings(trainer: StepTrainer, progress: Counters, override: readonly string[]): void {
  const expected = settingsOf(trainer);
  expected.classNames ??= progress.classNames;
  const keys = keysOf(expected).filter((key) => Object.hasOwn(progress, key));
  const got = recordOf(keys, (key) => (progress as Partial<Settings>)[key]);
  const meant = (path: string) => path.split(/[.[]/).some((part) => override.includes(part));
  const found = differences(expected, got).filter(({ path }) => !meant(path));
  if (found.length === 0) return;
  const [{ path }] = found;
  const [top, last] = [path.split(/[.[]/)[0], path.split(".").at(-1)];
  const name = OVERRIDES.find((each) => each === last) ?? OVERRIDES.find((each) => each === top);
  const onPurpose = name ? `, or name what is meant to differ: trainer.load(bytes, { override: ["${name}"] })` : "";
  const hint = `Create the trainer as it was when the checkpoint was saved${onPurpose}`;
  throw new FormatError(`trainer.load: checkpoint: ${listed(found)}. ${hint}`);
}

function readCounters(metadata: Readonly<Record<string, string>>): Counters {
  const text = metadata[CHECKPOINT_KEY];
  if (text === undefined) {
    const hint = "trainer.load takes what trainer.save wrote; models of model.save are read by loadModel";
    throw new FormatError(expectation("trainer.load", "metadata", `the key "${CHECKPOINT_KEY}"`, "none", { hint }));
  }
  let json: Partial<Counters>;
  try {
    json = JSON.parse(text) ?? {};
  } catch (cause) {
    throw new FormatError(expectation("trainer.load", "metadata", "JSON", String(cause)), { cause });
  }
  const isCount = (n: unknown) => typeof n === "number" && Number.isSafeInteger(n) && n >= 0;
  const { fitState: fit } = json;
  const current = fit?.current;
  const counts = [
    json.stepCount,
    json.randomStep,
    json.seed,
    fit?.epoch,
    ...(current ? [current.epochInFit, current.step, current.length, current.batchSize] : []),
  ];
  const sums = current ? [current.lossSum, current.samples, current.lr] : [];
  const flags = current ? [current.dropLast, current.shuffle === undefined ? true : current.shuffle] : [];
  if (
    (json.format !== 1 && json.format !== 2) ||
    !counts.every(isCount) ||
    !sums.every((sum) => typeof sum === "number") ||
    !flags.every((flag) => typeof flag === "boolean") ||
    !(json.classNames === undefined || isNames(json.classNames)) ||
    !(json.callbacks === undefined || (isRecord(json.callbacks) && Object.values(json.callbacks).every(isRecord))) ||
    current?.batchSize === 0
  )
    throw new FormatError(expectation("trainer.load", "metadata", "the counters of a checkpoint", text.slice(0, 80)));
  return json as Counters;
}
