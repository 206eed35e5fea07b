/**
 * A part of a step, in two halves: what a worker computes of it, and how the coordinator adds it up. Both together are the bits of
 * `Accumulation`, whose parts follow each other on one machine.
 */
import { type Dataset, sampleWeights } from "../data/dataset.js";
import type { Engine } from "../model/engine.js";
import { recordPart } from "../optim/update.js";
import type { TrainPlan } from "../plan/plan.js";
import { Accumulation } from "../train/accumulation.js";
import { fillBatch, weighBatch } from "../train/batch.js";
import type { StepTrainer } from "../train/step-trainer.js";
import type { StepHeader } from "./run.js";

/** A BatchNorm that follows its batches: names of its buffers, and the weight of a new batch. */
interface Follower {
  names: [mean: string, variance: string];
  count: string;
  momentum: number;
}

function followersOf({ graph }: TrainPlan): Follower[] {
  return graph.nodes
    .filter(({ op }) => op.keepsStatistics)
    .map(({ op, inputs, attributes }) => {
      const [mean, variance, count] = (op.writes ?? []).map((i) => graph.values[inputs[i]].name);
      const { momentum = 0 }: { momentum?: number } = attributes;
      return { names: [mean, variance], count, momentum };
    });
}

const floatsOf = (engine: Engine, followers: readonly Follower[]): number =>
  followers
    .flatMap(({ names }) => names)
    .reduce((sum, name) => sum + engine.executor.bufferView(name).length, engine.executor.floats);

/** Bytes of what a part gives: gradients, then the shares of all statistics. */
export const partBytes = (engine: Engine, plan: TrainPlan): number => 4 * floatsOf(engine, followersOf(plan));

/** All that a step starts from: parameters, then buffers. */
function stateViews({ executor, description }: Engine): Float32Array[] {
  return [executor.regionView("parameters"), ...description.buffers.map(({ name }) => executor.bufferView(name))];
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

export const stateBytes = (engine: Engine): number =>
  stateViews(engine).reduce((sum, view) => sum + view.byteLength, 0);

/** The payload of a step: indices of its samples, parameters, buffers. Into `space` where that has its length. */
export function writeStep(engine: Engine, indices: Uint32Array, space?: Uint8Array): Uint8Array {
  const parts = [bytesOf(indices), ...stateViews(engine).map(bytesOf)];
  const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const payload = space?.byteLength === bytes ? space : new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    payload.set(part, at);
    at += part.byteLength;
  }
  return payload;
}

/** Puts the state of a step in place, and returns its samples. */
export function readStep(engine: Engine, { samples }: StepHeader, payload: Uint8Array): Uint32Array {
  let at = 4 * samples;
  for (const view of stateViews(engine)) {
    bytesOf(view).set(payload.subarray(at, at + view.byteLength));
    at += view.byteLength;
  }
  engine.executor.weightsVersion++;
  return new Uint32Array(payload.slice(0, 4 * samples).buffer);
}

/** What a part came to. */
export interface Computed {
  loss: number;
  weight: number;
  finite: boolean;
  /** Gradients and shares of statistics; empty where they are not finite. */
  values: Uint8Array;
}

/**
 * Computes a part on the state that `readStep` put in place, into `space` of `partBytes`. Running statistics start from -0, so that after
 * r = (1 - momentum) r + momentum s they are the share momentum s to the bit, whatever stood there.
 */
export async function computePart(
  trainer: StepTrainer,
  dataset: Dataset,
  { each, total, epoch, randomStep }: StepHeader,
  indices: Uint32Array,
  shard: number,
  space: Uint8Array,
): Promise<Computed> {
  const { engine } = trainer.model;
  const { executor } = engine;
  const part = indices.subarray(shard * each, (shard + 1) * each);
  await dataset.prefetch?.(part, epoch);
  const kind = dataset.targets === "class" ? "indices" : "values";
  const step = trainer.prepareStep(part.length, kind, dataset.getWeights !== undefined);
  const loss = trainer.lossFor("worker");
  fillBatch("worker", step, loss, dataset, part, epoch);
  const weight = weighBatch(step, loss, sampleWeights("worker", dataset, part));
  const followers = followersOf(step.plan);
  const statistics = followers.flatMap(({ names }) => names);
  const before = statistics.map((name) => executor.bufferView(name).slice());
  engine.randomStep = randomStep;
  const accumulation = new Accumulation(engine, total);
  accumulation.samples = shard * each;
  for (const name of statistics) executor.bufferView(name).fill(-0);
  const finite = accumulation.add(step, weight);
  const views = [executor.regionView("gradients"), ...statistics.map((name) => executor.bufferView(name))];
  const values = space.subarray(0, finite ? 4 * floatsOf(engine, followers) : 0);
  let at = 0;
  if (finite)
    for (const view of views) {
      values.set(bytesOf(view), at);
      at += view.byteLength;
    }
  for (const [i, name] of statistics.entries()) executor.bufferView(name).set(before[i]);
  return { loss: step.loss, weight, finite, values };
}

/**
 * Adds a part that was computed elsewhere, the next in order. Returns false where the sum of its gradients' squares is not finite.
 * Running statistics follow by the rule of `f32_batch_norm_update`, in its float32 steps.
 */
export function addPart(engine: Engine, plan: TrainPlan, accumulation: Accumulation, part: Computed): boolean {
  const { executor } = engine;
  executor.region("gradients");
  const merge = engine.step({ batchSize: 1, training: false, backward: "none", update: recordPart }, "add a part");
  const { regionBytes } = executor;
  bytesOf(executor.regionView("gradients")).set(part.values.subarray(0, regionBytes));
  executor.scalars.set("status", 0);
  if (!merge.run("update")) return false;
  let at = regionBytes; // memory may have grown: no view is kept
  for (const { names, count, momentum } of followersOf(plan)) {
    const rest = Math.fround(1 - Math.fround(momentum));
    for (const name of names) {
      const running = executor.bufferView(name);
      const shares = new Float32Array(part.values.slice(at, at + running.byteLength).buffer);
      for (let i = 0; i < running.length; i++) running[i] = Math.fround(rest * running[i]) + shares[i];
      at += running.byteLength;
    }
    executor.bufferView(count)[0] += 1;
  }
  accumulation.loss += part.loss;
  accumulation.weight += part.weight;
  accumulation.samples += plan.batchSize;
  return true;
}
