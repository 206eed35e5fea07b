/** MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381), with torchvision's or timm's parameter names. */
import { integer, list, oneOf, optional, positive, readOptions, type Schema, share } from "../core/options.js";
import { ReLU6 } from "./activations.js";
import { chain, type Inverted, invertedResidual, type Names, narrow, roundChannels } from "./inverted-residual.js";
import type { Layer } from "./layer.js";
import type { Sequential } from "./sequential.js";

/** Blocks of one width: by how much channels are expanded inside, channels of the output, blocks, stride of the first. */
export type MobileNetV2Stage = readonly [expansion: number, channels: number, blocks: number, stride: number];

export interface MobileNetV2Options {
  /** Factor of all widths, which are rounded to multiples of 8. Default 1. */
  width?: number;
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Before the classifier. Default 0.2. */
  dropout?: number;
  /** Whose parameter names the network has. Default `"torchvision"`. */
  names?: Names;
  /** Default: those of the paper, table 2. */
  stages?: readonly MobileNetV2Stage[];
}

const STAGES: readonly MobileNetV2Stage[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

const schema = () =>
  ({
    width: positive(1),
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    dropout: share(0.2),
    names: oneOf(["torchvision", "timm"], "torchvision"),
    stages: optional(list(list(integer({ min: 1 }), "[expansion, channels, blocks, stride]", 4))),
  }) satisfies Schema<Omit<MobileNetV2Options, "stages"> & { stages?: readonly (readonly number[])[] }>;

/**
 * 3,504,872 parameters with 1000 classes; images of 224 x 224 take 0.30 GMACs. Input [h, w, 3].
 *
 * @example
 * const model = await createModel(mobilenetV2({ width: 0.5, classes: 10 }), { inputShape: [96, 96, 3] });
 */
export function mobilenetV2(options?: MobileNetV2Options): Sequential {
  const { width, classes, inChannels, dropout, names, stages = STAGES } = readOptions("mobilenetV2", options, schema);
  const style = { names, branch: "conv" } as const;
  const activation = new ReLU6();
  const first = roundChannels(32 * width);
  let from = first;
  const blocks = stages.map(([expansion, channels, count, stride]) =>
    Array.from({ length: count }, (_, i): Layer => {
      const to = roundChannels(channels * width);
      const sizes = { inChannels: from, expanded: from * expansion, outChannels: to, kernelSize: 3, squeeze: 0 };
      from = to;
      const block: Inverted = { ...sizes, stride: i === 0 ? stride : 1, activation };
      return invertedResidual(block, style);
    }),
  );
  const net = {
    stem: { from: inChannels, to: first, kernelSize: 3, stride: 2, activation },
    stages: blocks,
    head: { from, to: roundChannels(1280 * Math.max(1, width)), activation },
    ...{ dropout, classes },
  };
  return chain(net, style, narrow, true);
}
