/** The ResNet for series (Wang et al. 2016, arXiv:1611.06455). */
import { integer, list, optional, readOptions, type Schema } from "../core/options.js";
import { BatchNorm1d } from "./batch-norm.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { ReLU } from "./relu.js";
import { Residual } from "./residual.js";
import { Flatten, Sequential } from "./sequential.js";
import { AdaptiveAvgPool1d, Conv1d } from "./signals.js";

export interface ResNet1dOptions {
  /** Channels of the series. */
  in: number;
  classes: number;
  /** Of each block. Default: 64, 128, 128. */
  channels?: readonly number[];
  /** Of each block's convolutions, one after the other. Default: 8, 5, 3. */
  kernels?: readonly number[];
}

const schema = () =>
  ({
    in: integer({ min: 1 }),
    classes: integer({ min: 1 }),
    channels: optional(list(integer({ min: 1 })), [64, 128, 128]),
    kernels: optional(list(integer({ min: 1 })), [8, 5, 3]),
  }) satisfies Schema<ResNet1dOptions>;

const conv = (from: number, to: number, kernelSize: number): Layer =>
  new Conv1d(from, to, { kernelSize, padding: "same", bias: false, init: "he" });

/** The shortcut has a norm of its own, and a convolution where channels change. */
function block(from: number, to: number, kernels: readonly number[]): Layer {
  const main: Record<string, Layer> = {};
  kernels.forEach((kernel, i) => {
    main[`conv${i + 1}`] = conv(i === 0 ? from : to, to, kernel);
    main[`bn${i + 1}`] = new BatchNorm1d(to);
    if (i < kernels.length - 1) main[`relu${i + 1}`] = new ReLU();
  });
  const shortcut = new Sequential(...(from === to ? [] : [conv(from, to, 1)]), new BatchNorm1d(to));
  const names = { main: "", shortcut: "downsample" };
  return new Residual(new Sequential(main), { shortcut, activation: new ReLU(), names });
}

/**
 * Three blocks of three convolutions over [length, channels], whose length stays, their mean, a linear layer. With one channel and
 * 10 classes 504,138 parameters. Parameters are called as those of ResNets: `layer1.conv1.weight`, `layer1.downsample.0.weight`, …
 *
 * @example
 * const model = await createModel(resnet1d({ in: 3, classes: 6 }), { inputShape: [128, 3] });
 */
export function resnet1d(options: ResNet1dOptions): Sequential {
  const { in: inChannels, classes, channels, kernels } = readOptions("resnet1d", options, schema);
  let from = inChannels;
  const layers = channels.map((to, i) => {
    const layer = block(from, to, kernels);
    from = to;
    return [`layer${i + 1}`, layer] as const;
  });
  return new Sequential({
    ...Object.fromEntries(layers),
    ...{ avgpool: new AdaptiveAvgPool1d(1), flatten: new Flatten() },
    fc: new Linear(from, classes),
  });
}
