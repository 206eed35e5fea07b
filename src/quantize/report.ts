/** What quantising a network has cost and gained. */
import { lookUp } from "../core/look-up.js";
import { argmax } from "../core/math.js";
import { numel } from "../core/shape.js";
import type { Engine } from "../model/engine.js";
import { fillInput } from "../model/input.js";
import type { Finding } from "./calibrate.js";
import type { Choices } from "./choose.js";
import { weightsType } from "./precision.js";
import type { Samples } from "./samples.js";

/** A product of the network. */
export interface QuantizedLayerReport {
  /** What its weights are called. */
  name: string;
  precision: "int8" | "float32";
  /** Why it is computed so. */
  why: string;
  /** Multiply-adds of one sample. */
  macs: number;
  /** Milliseconds for one sample in either precision, where `tune` was set. */
  milliseconds?: { int8: number; float32: number } | undefined;
}

export interface QuantizationReport {
  /** Samples of the calibration data that were looked at. */
  samples: number;
  /** Share of these for which the largest output is at the same place in both precisions. */
  agreement: number;
  /** Root of the mean squared difference of outputs, over that of the outputs in float32. */
  error: number;
  /** Share of samples that are classified rightly, where `validation` or else the calibration data has classes. */
  accuracy?: { before: number; after: number; samples: number } | undefined;
  /** Bytes of the weights in a file: in float32, BatchNorm folded, and as they are saved. */
  bytes: { before: number; after: number };
  layers: readonly QuantizedLayerReport[];
}

/** Outputs of all samples, and their classes. */
export async function outputsOf(engine: Engine, samples: Samples, signal: AbortSignal | undefined) {
  const size = numel(engine.description.outputShape);
  const outputs = new Float32Array(samples.count * size);
  const classes: number[] = [];
  const batch = Math.min(32, engine.fittingBatch);
  for (let at = 0; at < samples.count; at += batch) {
    signal?.throwIfAborted();
    const n = Math.min(batch, samples.count - at);
    const given = await samples.read(at, n);
    const step = engine.step({ batchSize: n, training: false, backward: "none" });
    fillInput(step.input, given.x);
    step.run();
    outputs.set(step.output, at * size);
    if (samples.hasClasses) for (let i = 0; i < n; i++) classes.push(given.classes[i]);
  }
  return { outputs, classes };
}

/** Where the largest output of each sample is. */
function largest(outputs: Float32Array, size: number): number[] {
  return Array.from({ length: outputs.length / size }, (_, i) => argmax(outputs, i * size, size));
}

const shareOfEqual = (a: readonly number[], b: readonly number[]): number =>
  a.filter((value, i) => value === b[i]).length / a.length;

/** Compares what a network gives in float32 and in eight bits. */
export function compareOutputs(before: Float32Array, after: Float32Array, size: number) {
  let [difference, total] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    difference += (after[i] - before[i]) ** 2;
    total += before[i] ** 2;
  }
  return {
    agreement: shareOfEqual(largest(before, size), largest(after, size)),
    error: Math.sqrt(difference / (total || 1)),
  };
}

/** Shares of right classes, before and after. */
export function compareAccuracy(classes: readonly number[], before: Float32Array, after: Float32Array) {
  const size = before.length / classes.length;
  const [first, second] = [before, after].map((outputs) => shareOfEqual(largest(outputs, size), classes));
  return { before: first, after: second, samples: classes.length };
}

/** Bytes of weights, biases and scales. */
export function bytesOfWeights(findings: readonly Finding[], choices: Choices): QuantizationReport["bytes"] {
  let [before, after] = [0, 0];
  for (const { product, weight, bias } of findings) {
    const isBytes = weightsType(lookUp(choices, product.name).precision) === "I8";
    before += 4 * (weight.length + bias.length);
    after += isBytes ? weight.length + 8 * bias.length : 4 * (weight.length + bias.length);
  }
  return { before, after };
}
