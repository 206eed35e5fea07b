/**
 * Checkpoints: weights, buffers, optimiser state, averages and all counters in one safetensors file. Restoring one and
 * going on gives the same bits as never having stopped.
 */
import { expectation, FormatError } from "../core/errors.js";
import { formatShape, sameShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { readSafetensors, writeSafetensors } from "../io/safetensors.js";
import { readParameter, readStateDict, writeParameter, writeStateDict } from "../model/state.js";
import type { ParameterRegion } from "../runtime/executor.js";
import type { FitState, StepTrainer } from "./step-trainer.js";

const METADATA_KEY = "resnet-wasm-trainer";

/** Everything but tensors. */
interface Counters {
  format: 1 | 2;
  stepCount: number;
  randomStep: number;
  seed: number;
  fitState: FitState;
  optimizer: unknown;
  loss: unknown;
  schedule: unknown;
  ema: number | null;
}

/** Regions that a trainer keeps beside the weights; their names begin those of their tensors. */
function regions({ optimizer, ema }: StepTrainer): ParameterRegion[] {
  const state = optimizer.state.map((name) => `optimizer.${name}` as const);
  return ema === null ? state : [...state, "ema"];
}

/** What begins the names of a region's tensors: 0.1.0 numbered the optimiser's state, `state0`, `state1`. */
const prefixes = (kept: readonly ParameterRegion[], format: number): string[] =>
  kept.map((region, i) => (format === 1 && region !== "ema" ? `state${i}` : region));

export function saveCheckpoint(trainer: StepTrainer): Uint8Array<ArrayBuffer> {
  const { engine } = trainer.model;
  const tensors: Map<string, Tensor> = new Map();
  for (const [name, tensor] of readStateDict(engine)) tensors.set(`model.${name}`, tensor);
  for (const region of regions(trainer))
    for (const parameter of engine.description.parameters)
      tensors.set(`${region}.${parameter.name}`, readParameter(engine, parameter, region));
  const { stepCount, fitState, optimizer, loss, schedule, ema } = trainer;
  const progress = {
    format: 2,
    stepCount,
    randomStep: engine.randomStep,
    seed: engine.seed,
    fitState,
    optimizer,
    loss,
    schedule,
    ema,
  };
  return writeSafetensors(tensors, { metadata: { [METADATA_KEY]: JSON.stringify(progress) } });
}

export function loadCheckpoint(trainer: StepTrainer, bytes: Uint8Array | ArrayBuffer): void {
  const { engine } = trainer.model;
  const { tensors, metadata } = readSafetensors(bytes, { fileName: "checkpoint" });
  const progress = readCounters(metadata[METADATA_KEY]);
  for (const key of ["optimizer", "loss", "schedule", "ema"] as const) {
    const [expected, got] = [JSON.stringify(trainer[key]), JSON.stringify(progress[key])];
    if (expected !== got)
      throw new FormatError(
        expectation("trainer.load", key, expected, got, {
          hint: "Create the trainer as it was when the checkpoint was saved",
        }),
      );
  }
  if (progress.seed !== engine.seed)
    throw new FormatError(expectation("trainer.load", "seed", engine.seed, progress.seed));

  // Everything is checked before the first number is written.
  const kept = regions(trainer);
  const stored = prefixes(kept, progress.format);
  const writes: (() => void)[] = [];
  for (const [i, region] of kept.entries()) {
    for (const parameter of engine.description.parameters) {
      const name = `${stored[i]}.${parameter.name}`;
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
  engine.randomStep = progress.randomStep;
}

function readCounters(text: string | undefined): Counters {
  if (text === undefined)
    throw new FormatError(expectation("trainer.load", "metadata", `the key "${METADATA_KEY}"`, "none"));
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
    ...(current ? [current.epochInFit, current.step, current.samples, current.length, current.batchSize] : []),
  ];
  const sums = current ? [current.lossSum, current.lr] : [];
  if (
    (json.format !== 1 && json.format !== 2) ||
    !counts.every(isCount) ||
    !sums.every((sum) => typeof sum === "number")
  )
    throw new FormatError(expectation("trainer.load", "metadata", "the counters of a checkpoint", text.slice(0, 80)));
  return json as Counters;
}
