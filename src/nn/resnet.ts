/** The ready-made convolutional ResNets, with torchvision's parameter names. */
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, oneOf, readOptions, type Schema } from "../core/options.js";
import { initName } from "../graph/init.js";
import { BatchNorm2d } from "./batch-norm.js";
import { BasicBlock, type BlockOptions, Bottleneck, blockSchema, PreActBlock } from "./blocks.js";
import { Conv2d } from "./conv.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { AdaptiveAvgPool2d, MaxPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Flatten, Sequential } from "./sequential.js";

export interface ResNetOptions extends Omit<BlockOptions, "stride"> {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** `"7x7"` (default) or `"deep"`: three 3x3 convolutions, as ResNet-C and -D. */
  stem?: "7x7" | "deep";
}

type BlockClass = typeof BasicBlock | typeof Bottleneck | typeof PreActBlock;

const resnetSchema = () => {
  const { stride, ...block } = blockSchema();
  return {
    ...block,
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    stem: oneOf(["7x7", "deep"], "7x7"),
  } satisfies Schema<ResNetOptions>;
};

/** One stage: `count` blocks, the first with the stride. */
interface Stage {
  inChannels: number;
  channels: number;
  count: number;
  stride: number;
}

/** The blocks of a stage. `drop` gives the stochastic depth of each. */
function stage(
  Block: BlockClass,
  { inChannels, channels, count, stride }: Stage,
  options: BlockOptions,
  drop: () => number,
): { layer: Sequential; outChannels: number } {
  const blocks: (BasicBlock | Bottleneck | PreActBlock)[] = [];
  let from = inChannels;
  for (let i = 0; i < count; i++) {
    const block = new Block(from, channels, { ...options, stride: i === 0 ? stride : 1, stochasticDepth: drop() });
    blocks.push(block);
    from = block.outChannels;
  }
  return { layer: new Sequential(...blocks), outChannels: from };
}

/** Stochastic depth grows linearly from 0 at the first block to `last` at the end (Huang et al. 2016). */
function depthSchedule(blocks: number, last: number): () => number {
  let i = 0;
  return () => (blocks > 1 ? (last * i++) / (blocks - 1) : last);
}

function resnet(
  name: string,
  Block: typeof BasicBlock | typeof Bottleneck,
  counts: number[],
  options?: ResNetOptions,
): Sequential {
  const { classes, inChannels, stem, ...block } = readOptions(name, options, resnetSchema);
  const { init } = block;
  const conv = (from: number, to: number, kernelSize: number, stride: number) =>
    new Conv2d(from, to, { kernelSize, stride, padding: (kernelSize - 1) / 2, bias: false, init });
  const deep = () =>
    new Sequential(
      conv(inChannels, 32, 3, 2),
      new BatchNorm2d(32),
      new ReLU(),
      conv(32, 32, 3, 1),
      new BatchNorm2d(32),
      new ReLU(),
      conv(32, 64, 3, 1),
    );
  const drop = depthSchedule(
    counts.reduce((a, b) => a + b),
    block.stochasticDepth,
  );
  const layers: Record<string, Layer> = {
    conv1: stem === "deep" ? deep() : conv(inChannels, 64, 7, 2),
    bn1: new BatchNorm2d(64),
    relu: new ReLU(),
    maxpool: new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
  };
  let channels = 64;
  counts.forEach((count, i) => {
    const place = { inChannels: channels, channels: 64 << i, count, stride: i === 0 ? 1 : 2 };
    const { layer, outChannels } = stage(Block, place, block, drop);
    layers[`layer${i + 1}`] = layer;
    channels = outChannels;
  });
  return new Sequential({
    ...layers,
    avgpool: new AdaptiveAvgPool2d(1),
    flatten: new Flatten(),
    fc: new Linear(channels, classes),
  });
}

/** 11,689,512 parameters with 1000 classes; images of 224 x 224 take 1.81 GMACs. Input [h, w, 3]. */
export const resnet18 = (options?: ResNetOptions): Sequential => resnet("resnet18", BasicBlock, [2, 2, 2, 2], options);
/** 21,797,672 parameters, 3.66 GMACs. */
export const resnet34 = (options?: ResNetOptions): Sequential => resnet("resnet34", BasicBlock, [3, 4, 6, 3], options);
/** 25,557,032 parameters, 4.09 GMACs. `{ width: 128 }` is wide_resnet50_2, `{ groups: 32, width: 4 }` resnext50_32x4d. */
export const resnet50 = (options?: ResNetOptions): Sequential => resnet("resnet50", Bottleneck, [3, 4, 6, 3], options);
/** 44,549,160 parameters, 7.80 GMACs. */
export const resnet101 = (options?: ResNetOptions): Sequential =>
  resnet("resnet101", Bottleneck, [3, 4, 23, 3], options);
/** 60,192,808 parameters, 11.51 GMACs. */
export const resnet152 = (options?: ResNetOptions): Sequential =>
  resnet("resnet152", Bottleneck, [3, 8, 36, 3], options);

export interface CifarResNetOptions
  extends Pick<BlockOptions, "padSide" | "zeroInitResidual" | "stochasticDepth" | "init"> {
  /** Default 10. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** `"pad"` (the paper's option A; default) or `"projection"` (option B). */
  shortcut?: "pad" | "projection";
  /** Pre-activation blocks (He et al. 2016). Default false. */
  preActivation?: boolean;
}

const cifarSchema = () => {
  const { padSide, zeroInitResidual, stochasticDepth } = blockSchema();
  return {
    classes: integer({ min: 1, default: 10 }),
    inChannels: integer({ min: 1, default: 3 }),
    shortcut: oneOf(["pad", "projection"], "pad"),
    preActivation: flag(false),
    padSide,
    zeroInitResidual,
    stochasticDepth,
    init: initName("he"),
  } satisfies Schema<CifarResNetOptions>;
};

/**
 * The CIFAR ResNets of He et al. 2015, section 4.2: depth = 6n + 2 (20, 32, 44, 56, 110, …), a 3x3 convolution and three
 * stages of n basic blocks with 16, 32 and 64 channels. Input [32, 32, 3]. ResNet-20 has 269,722 parameters (option A).
 */
export function cifarResNet(depth: number, options?: CifarResNetOptions): Sequential {
  const { classes, inChannels, preActivation, ...block } = readOptions("cifarResNet", options, cifarSchema);
  integer({ min: 8 })("cifarResNet", "depth", depth);
  if ((depth - 2) % 6 !== 0)
    throw new ArgumentError(expectation("cifarResNet", "depth", "6n + 2, such as 20, 32, 44, 56, 110", depth));
  const n = (depth - 2) / 6;
  const drop = depthSchedule(3 * n, block.stochasticDepth);
  const Block = preActivation ? PreActBlock : BasicBlock;
  const { init } = block;
  const layers: Record<string, Layer> = {
    conv1: new Conv2d(inChannels, 16, { kernelSize: 3, padding: 1, bias: false, init }),
  };
  const norm = (channels: number) => ({ bn1: new BatchNorm2d(channels), relu: new ReLU() });
  if (!preActivation) Object.assign(layers, norm(16));
  [16, 32, 64].forEach((channels, i) => {
    const place = { inChannels: i === 0 ? 16 : channels / 2, channels, count: n, stride: i === 0 ? 1 : 2 };
    layers[`layer${i + 1}`] = stage(Block, place, block, drop).layer;
  });
  if (preActivation) Object.assign(layers, norm(64));
  return new Sequential({
    ...layers,
    avgpool: new AdaptiveAvgPool2d(1),
    flatten: new Flatten(),
    fc: new Linear(64, classes),
  });
}
