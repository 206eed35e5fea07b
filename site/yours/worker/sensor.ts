import { resnet1d } from "resnet-wasm";
import { jitter, scaling } from "resnet-wasm/data";
import { trainClassifier } from "./classifier.js";
import type { Context } from "./context.js";
import { type Duration, type Learned, type SignalSet, STEPS } from "./protocol.js";

/** What was subtracted from each channel, and what it was divided by: part of the model, as its transform. */
export interface SignalTransform {
  channels: string[];
  mean: number[];
  std: number[];
}

/** Mean and deviation of each channel over all windows. */
export function standardOf(windows: readonly Float32Array[], channels: string[]): SignalTransform {
  const sums = channels.map(() => ({ n: 0, sum: 0, squares: 0 }));
  for (const values of windows)
    values.forEach((value, i) => {
      const of = sums[i % channels.length];
      of.n++;
      of.sum += value;
      of.squares += value * value;
    });
  const mean = sums.map(({ n, sum }) => sum / n);
  const std = sums.map(({ n, squares }, c) => Math.sqrt(Math.max(squares / n - mean[c] ** 2, 0)) || 1);
  return { channels, mean, std };
}

export function standardised(values: Float32Array, { mean, std }: SignalTransform): Float32Array {
  return values.map((value, i) => (value - mean[i % mean.length]) / std[i % std.length]);
}

export function trainSensor(
  { names, channels, length, windows }: SignalSet,
  duration: Duration,
  context: Context,
): Promise<Learned> {
  const transform = standardOf(
    windows.map(({ values }) => values),
    channels,
  );
  const x = new Float32Array(windows.length * length * channels.length);
  windows.forEach(({ values }, i) => {
    x.set(standardised(values, transform), i * length * channels.length);
  });
  return trainClassifier(
    {
      kind: "sensor",
      network: resnet1d({ in: channels.length, classes: names.length, channels: [16, 32, 32] }),
      inputShape: [length, channels.length],
      ...{ transform, names, columns: channels, x, steps: STEPS[duration] / 2 },
      labels: windows.map(({ label }) => label),
      augmentations: [jitter({ std: 0.05 }), scaling({ std: 0.1 })],
    },
    context,
  );
}
