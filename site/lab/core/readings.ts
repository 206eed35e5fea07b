/** What a net looks like inside at one moment: sizes of gradients, activations and streams, layer by layer. */
import { activations, type Model } from "resnet-wasm";
import type { Batch } from "./datasets.js";
import { lossGradient } from "./loss.js";
import type { Anatomy } from "./nets.js";

export interface Readings {
  /** Norm of the loss's gradient by each layer's weight. */
  gradients: number[];
  /** Root mean square of what each layer makes of its input, over all examples. */
  activations: number[];
  /**
   * Of each block: how much it changes the stream, |out - in| / |in|, where its shape stays; and in the residual net
   * what the branch adds, against what the skip connection carries: |F(x)| / |x|.
   */
  blocks: { change: number | null; added: number | null }[];
}

/**
 * In evaluation mode, so that running statistics and random numbers of a training in progress stay as they are; the next
 * training step computes its gradients anew.
 */
export function readNet(model: Model, { layers, blocks }: Anatomy, { x, labels }: Batch): Readings {
  const { data: logits } = model.forward(x);
  model.backward(lossGradient(logits, labels));
  const state = model.gradients();
  const gradients = layers.map(({ weight }) => norm(state.get(weight)?.data ?? missing(weight)));

  const paths = new Set(layers.map(({ output }) => output));
  for (const { input, output, branch, skip } of blocks)
    for (const path of [input, output, branch, skip]) if (path !== null) paths.add(path);
  const seen = activations(model, x, [...paths]);
  const at = (path: string): Float32Array => seen.get(path)?.data ?? missing(path);
  return {
    gradients,
    activations: layers.map(({ output }) => norm(at(output)) / Math.sqrt(at(output).length)),
    blocks: blocks.map(({ input, output, branch, skip }) => ({
      change: at(input).length === at(output).length ? distance(at(output), at(input)) / norm(at(input)) : null,
      added: branch === null ? null : norm(at(branch)) / norm(at(skip ?? input)),
    })),
  };
}

function missing(name: string): never {
  throw new Error(`readNet: the network has no ${name}`);
}

function norm(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

export interface Histogram {
  low: number;
  high: number;
  counts: number[];
}

/** Numbers by size, in `bins` equal parts of [-reach, reach]; those beyond count in the outermost. */
export function histogramOf(values: ArrayLike<number>, reach: number, bins: number): Histogram {
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor(((values[i] + reach) / (2 * reach)) * bins);
    counts[Math.min(bins - 1, Math.max(0, bin))]++;
  }
  return { low: -reach, high: reach, counts };
}

/** The weights of each layer by size; all layers of a net have the same bounds, those of its largest weight. */
export function weightHistograms(model: Model, { layers }: Anatomy, bins: number): Histogram[] {
  const state = model.stateDict();
  const weights = layers.map(({ weight }) => state.get(weight)?.data ?? missing(weight));
  const reach = weights.reduce((most, data) => data.reduce((max, w) => Math.max(max, Math.abs(w)), most), 1e-6);
  return weights.map((data) => histogramOf(data, reach, bins));
}
