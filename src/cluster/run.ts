/** A training as all machines know it: what a worker makes of it, and what must be the same everywhere. */
import type { Shape } from "../core/shape.js";
import type { TrainPlan } from "../plan/plan.js";
import type { DatasetName } from "./named.js";
import type { View } from "./recipe.js";
import { sha256 } from "./seal.js";

/** Told by the coordinator, sealed. It changes with each training, and never during one. */
export interface Run {
  /** Random: no message of another training passes for one of this. */
  run: string;
  version: string;
  network: unknown;
  inputShape: Shape;
  seed: number;
  prefer: "speed" | "memory";
  loss: unknown;
  frozen: readonly string[];
  /** A module with layers of one's own, in each machine's folder of data. */
  layers: string | undefined;
  dataset: DatasetName;
  views: readonly View[];
  /** Samples in a part, for which `model` is the digest. */
  samples: number;
  digests: Digests;
}

/** What is compared before a worker computes. */
export interface Digests {
  version: string;
  /** Of the step that is recorded for a part: its ops, shapes and parameters, and so the code of layers of one's own. */
  model: string;
  dataset: string;
}

/** Where a worker stands, told again and again; sealed. */
export interface Beat {
  id: string;
  /** Counts up: an old one that is told again is no sign of life. */
  beat: number;
  /** The run that it has prepared for; none before it has, or where it refused. */
  run: string | null;
  /** Why it does not take part in `refused`. */
  refusal?: { run: string; message: string };
  digests: Digests | null;
  relaxedSimd: boolean;
  threads: number;
  /** Such as "x64", "arm64". */
  arch: string;
  /** The part that it computes. */
  at: { step: number; shard: number; attempt: number } | null;
}

/** What stands before indices, parameters and buffers in the value of a step. */
export interface StepHeader {
  epoch: number;
  /** Counts the forward passes: the key of dropout's random numbers. */
  randomStep: number;
  /** Samples of the step. */
  samples: number;
  /** Samples of a part; the last may have fewer. */
  each: number;
  /** By what a part divides its loss. */
  total: number;
}

/** What stands before gradients and statistics in the value of a part. */
export interface PartHeader {
  worker: string;
  /** The seal of the step's value: of which weights these are the gradients. */
  of: string;
  loss: number;
  weight: number;
  /** Loss and gradients are finite. There are none otherwise, nor where something went wrong. */
  finite: boolean;
  error?: { name: string; message: string };
  ms: number;
}

/** A value, made ready to be put, and to be put again where Redis has lost it. */
export interface Sealed {
  key: string;
  chunks: Uint8Array[];
  seal: string;
}

/** What a plan computes, as far as bits depend on it. */
export function planDigest({ graph }: TrainPlan): string {
  const values = graph.values.map(({ shape, dtype, role, name }) => [shape, dtype, role, name]);
  const nodes = graph.nodes.map(({ op, inputs, outputs, attributes, stage }) => [
    op.name,
    inputs,
    outputs,
    attributes,
    stage,
  ]);
  const tensors = [graph.parameters, graph.buffers].map((list) => list.map(({ name, shape }) => [name, shape]));
  return sha256(JSON.stringify([values, nodes, tensors]));
}

/** The first of the facts in which two machines differ. */
export function difference(
  ours: Digests,
  theirs: Digests,
): { name: keyof Digests; ours: string; theirs: string } | null {
  for (const name of ["version", "model", "dataset"] as const)
    if (ours[name] !== theirs[name]) return { name, ours: ours[name], theirs: theirs[name] };
  return null;
}
