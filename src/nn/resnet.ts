/** The ready-made convolutional ResNets, with torchvision's parameter names. */
import { expectInteger, expectOneOf, expectOptions } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { ReLU } from "./activations.js";
import { BasicBlock, type BlockOptions, Bottleneck, PreActBlock } from "./blocks.js";
import { Conv2d } from "./conv.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { BatchNorm2d } from "./norm.js";
import { AdaptiveAvgPool2d, MaxPool2d } from "./pool.js";
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

const OWN = ["classes", "inChannels", "stem"] as const;
const BLOCK = [
  "shortcut",
  "padSide",
  "groups",
  "width",
  "strideOn",
  "zeroInitResidual",
  "avgDown",
  "seRatio",
  "stochasticDepth",
  "init",
] as const;

/** One stage: `count` blocks, the first with the stride. `drop` gives the stochastic depth of each block. */
function stage(
  Block: BlockClass,
  inChannels: number,
  channels: number,
  count: number,
  stride: number,
  options: BlockOptions,
  drop: () => number,
): { layer: Sequential; outChannels: number } {
  const blocks: (BasicBlock | Bottleneck | PreActBlock)[] = [];
  for (let i = 0; i < count; i++) {
    const from = i === 0 ? inChannels : blocks[i - 1].outChannels;
    blocks.push(new Block(from, channels, { ...options, stride: i === 0 ? stride : 1, stochasticDepth: drop() }));
  }
  return { layer: new Sequential(...blocks), outChannels: blocks[count - 1].outChannels };
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
  const { classes = 1000, inChannels = 3, stem = "7x7", ...block } = expectOptions(name, options, [...OWN, ...BLOCK]);
  expectInteger(name, "classes", classes, 1);
  expectOneOf(name, "stem", stem, ["7x7", "deep"]);
  const init = block.init ?? "heFanOut";
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
    block.stochasticDepth ?? 0,
  );
  const layers: Record<string, Layer> = {
    conv1: stem === "deep" ? deep() : conv(inChannels, 64, 7, 2),
    bn1: new BatchNorm2d(64),
    relu: new ReLU(),
    maxpool: new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
  };
  let channels = 64;
  counts.forEach((count, i) => {
    const { layer, outChannels } = stage(Block, channels, 64 << i, count, i === 0 ? 1 : 2, block, drop);
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

/**
 * The CIFAR ResNets of He et al. 2015, section 4.2: depth = 6n + 2 (20, 32, 44, 56, 110, …), a 3x3 convolution and three
 * stages of n basic blocks with 16, 32 and 64 channels. Input [32, 32, 3]. ResNet-20 has 269,722 parameters (option A).
 */
export function cifarResNet(depth: number, options?: CifarResNetOptions): Sequential {
  const known = [
    "classes",
    "inChannels",
    "shortcut",
    "preActivation",
    "padSide",
    "zeroInitResidual",
    "stochasticDepth",
    "init",
  ] as const;
  const {
    classes = 10,
    inChannels = 3,
    shortcut = "pad",
    preActivation = false,
    ...block
  } = expectOptions("cifarResNet", options, known);
  expectInteger("cifarResNet", "depth", depth, 8);
  if ((depth - 2) % 6 !== 0)
    throw new ArgumentError(expectation("cifarResNet", "depth", "6n + 2, such as 20, 32, 44, 56, 110", depth));
  expectOneOf("cifarResNet", "shortcut", shortcut, ["pad", "projection"]);
  const n = (depth - 2) / 6;
  const drop = depthSchedule(3 * n, block.stochasticDepth ?? 0);
  const Block = preActivation ? PreActBlock : BasicBlock;
  const init = block.init ?? "he";
  const layers: Record<string, Layer> = {
    conv1: new Conv2d(inChannels, 16, { kernelSize: 3, padding: 1, bias: false, init }),
  };
  const norm = (channels: number) => ({ bn1: new BatchNorm2d(channels), relu: new ReLU() });
  if (!preActivation) Object.assign(layers, norm(16));
  [16, 32, 64].forEach((channels, i) => {
    const from = i === 0 ? 16 : channels / 2;
    layers[`layer${i + 1}`] = stage(
      Block,
      from,
      channels,
      n,
      i === 0 ? 1 : 2,
      { ...block, init, shortcut },
      drop,
    ).layer;
  });
  if (preActivation) Object.assign(layers, norm(64));
  return new Sequential({
    ...layers,
    avgpool: new AdaptiveAvgPool2d(1),
    flatten: new Flatten(),
    fc: new Linear(64, classes),
  });
}
