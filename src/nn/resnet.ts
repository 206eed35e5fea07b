/** The ready-made convolutional ResNets, with torchvision's parameter names. */
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, isRecord, list, oneOf, optional, readOptions, type Schema } from "../core/options.js";
import { initName } from "../graph/init.js";
import { BatchNorm2d } from "./batch-norm.js";
import { BasicBlock, type BlockOptions, Bottleneck, blockSchema, PreActBlock } from "./blocks.js";
import { Conv2d } from "./conv.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { AdaptiveAvgPool2d, MaxPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Flatten, Sequential } from "./sequential.js";

export interface ResNetOptions extends Omit<BlockOptions, "stride" | "dilation"> {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** `"7x7"` (default) or `"deep"`: three 3x3 convolutions, as ResNet-C and -D. */
  stem?: "7x7" | "deep";
  /**
   * For each of layer2, layer3, layer4: whether its convolutions are dilated, twice as wide as before, instead of strided, so
   * that features stay as large as they were (Yu et al. 2017, arXiv:1705.09914). Only with Bottlenecks. Default: none.
   */
  replaceStrideWithDilation?: readonly boolean[];
}

type BlockClass = typeof BasicBlock | typeof Bottleneck | typeof PreActBlock;

const resnetSchema = () => {
  const { stride, dilation, ...block } = blockSchema();
  return {
    ...block,
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    stem: oneOf(["7x7", "deep"], "7x7"),
    replaceStrideWithDilation: optional(list(flag(), "true or false for each of layer2, layer3, layer4", 3), [
      false,
      false,
      false,
    ]),
  } satisfies Schema<ResNetOptions>;
};

/** One stage: `count` blocks, the first with the stride. */
interface Stage {
  inChannels: number;
  channels: number;
  count: number;
  stride: number;
  /** Of its first block and of the others. Default 1. */
  dilation?: readonly [first: number, others: number];
}

/** The blocks of a stage. `drop` gives the stochastic depth of each. */
function stage(
  Block: BlockClass,
  { inChannels, channels, count, stride, dilation = [1, 1] }: Stage,
  options: BlockOptions,
  drop: () => number,
): { layer: Sequential; outChannels: number } {
  const blocks: (BasicBlock | Bottleneck | PreActBlock)[] = [];
  let from = inChannels;
  for (let i = 0; i < count; i++) {
    const place = i === 0 ? { stride, dilation: dilation[0] } : { dilation: dilation[1] };
    const block = new Block(from, channels, { ...options, ...place, stochasticDepth: drop() });
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

/** Blocks of each stage (He et al. 2015, table 1): basic ones below 50 layers. */
const DEPTHS = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3] };

/** `preset`: what takes the place of defaults. */
function resnet(name: string, depth: keyof typeof DEPTHS, options?: ResNetOptions, preset?: ResNetOptions): Sequential {
  const counts = DEPTHS[depth];
  const Block = depth < 50 ? BasicBlock : Bottleneck;
  const given = preset && (options === undefined || isRecord(options)) ? { ...preset, ...options } : options;
  const { classes, inChannels, stem, replaceStrideWithDilation, ...block } = readOptions(name, given, resnetSchema);
  const { init, avgDown } = block;
  if (avgDown && replaceStrideWithDilation.some((isDilated) => isDilated))
    throw new ArgumentError(expectation(name, "avgDown", "false with replaceStrideWithDilation", avgDown));
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
  let dilation = 1;
  counts.forEach((count, i) => {
    const isDilated = i > 0 && replaceStrideWithDilation[i - 1];
    const first = dilation;
    if (isDilated) dilation *= 2;
    const stride = i === 0 || isDilated ? 1 : 2;
    const place = { inChannels: channels, channels: 64 << i, count, stride, dilation: [first, dilation] as const };
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

/**
 * 11,689,512 parameters with 1000 classes; images of 224 x 224 take 1.81 GMACs. Input [h, w, 3].
 *
 * @example
 * const model = await createModel(resnet18({ classes: 10 }), { inputShape: [224, 224, 3] });
 */
export const resnet18 = (options?: ResNetOptions): Sequential => resnet("resnet18", 18, options);
/**
 * 21,797,672 parameters, 3.66 GMACs.
 *
 * @example
 * const network = resnet34({ classes: 10 });
 */
export const resnet34 = (options?: ResNetOptions): Sequential => resnet("resnet34", 34, options);
/**
 * 25,557,032 parameters, 4.09 GMACs.
 *
 * @example
 * const network = resnet50({ classes: 10 });
 */
export const resnet50 = (options?: ResNetOptions): Sequential => resnet("resnet50", 50, options);
/**
 * 44,549,160 parameters, 7.80 GMACs.
 *
 * @example
 * const network = resnet101({ classes: 10 });
 */
export const resnet101 = (options?: ResNetOptions): Sequential => resnet("resnet101", 101, options);
/**
 * 60,192,808 parameters, 11.51 GMACs.
 *
 * @example
 * const network = resnet152({ classes: 10 });
 */
export const resnet152 = (options?: ResNetOptions): Sequential => resnet("resnet152", 152, options);
/**
 * ResNeXt: 32 groups of 4 channels (Xie et al. 2016, arXiv:1611.05431). 25,028,904 parameters, 4.23 GMACs.
 *
 * @example
 * const network = resnext50_32x4d({ classes: 10 });
 */
export const resnext50_32x4d = (options?: ResNetOptions): Sequential =>
  resnet("resnext50_32x4d", 50, options, { groups: 32, width: 4 });
/**
 * 88,791,336 parameters, 16.41 GMACs.
 *
 * @example
 * const network = resnext101_32x8d({ classes: 10 });
 */
export const resnext101_32x8d = (options?: ResNetOptions): Sequential =>
  resnet("resnext101_32x8d", 101, options, { groups: 32, width: 8 });
/**
 * 83,455,272 parameters, 15.46 GMACs.
 *
 * @example
 * const network = resnext101_64x4d({ classes: 10 });
 */
export const resnext101_64x4d = (options?: ResNetOptions): Sequential =>
  resnet("resnext101_64x4d", 101, options, { groups: 64, width: 4 });
/**
 * Wide: twice the channels of the 3x3 convolutions (Zagoruyko & Komodakis 2016, arXiv:1605.07146). 68,883,240 parameters, 11.40 GMACs.
 *
 * @example
 * const network = wide_resnet50_2({ classes: 10 });
 */
export const wide_resnet50_2 = (options?: ResNetOptions): Sequential =>
  resnet("wide_resnet50_2", 50, options, { width: 128 });
/**
 * 126,886,696 parameters, 22.75 GMACs.
 *
 * @example
 * const network = wide_resnet101_2({ classes: 10 });
 */
export const wide_resnet101_2 = (options?: ResNetOptions): Sequential =>
  resnet("wide_resnet101_2", 101, options, { width: 128 });

/** ResNet-D (He et al. 2018, arXiv:1812.01187). */
const D = { stem: "deep", avgDown: true } as const;
/** Squeeze-and-excitation (Hu et al. 2017, arXiv:1709.01507), in timm's width. */
const SE = { seRatio: 0.0625, seDivisor: 8 } as const;

/**
 * ResNet-18-D, as timm's: a stem of three 3x3 convolutions, shortcuts that average. 11,708,744 parameters, 2.05 GMACs.
 *
 * @example
 * const model = await createModel(resnet18d({ classes: 10 }), { inputShape: [224, 224, 3] });
 */
export const resnet18d = (options?: ResNetOptions): Sequential => resnet("resnet18d", 18, options, D);
/**
 * 21,816,904 parameters, 3.90 GMACs.
 *
 * @example
 * const network = resnet34d({ classes: 10 });
 */
export const resnet34d = (options?: ResNetOptions): Sequential => resnet("resnet34d", 34, options, D);
/**
 * 25,576,264 parameters, 4.33 GMACs.
 *
 * @example
 * const network = resnet50d({ classes: 10 });
 */
export const resnet50d = (options?: ResNetOptions): Sequential => resnet("resnet50d", 50, options, D);
/**
 * 44,568,392 parameters, 8.04 GMACs.
 *
 * @example
 * const network = resnet101d({ classes: 10 });
 */
export const resnet101d = (options?: ResNetOptions): Sequential => resnet("resnet101d", 101, options, D);
/**
 * 60,212,040 parameters, 11.75 GMACs.
 *
 * @example
 * const network = resnet152d({ classes: 10 });
 */
export const resnet152d = (options?: ResNetOptions): Sequential => resnet("resnet152d", 152, options, D);
/**
 * SE-ResNet-18, as timm's: a sixteenth of the channels inside, rounded to a multiple of 8. 11,779,624 parameters, 1.81 GMACs.
 *
 * @example
 * const network = seresnet18({ classes: 10 });
 */
export const seresnet18 = (options?: ResNetOptions): Sequential => resnet("seresnet18", 18, options, SE);
/**
 * 21,960,416 parameters, 3.66 GMACs.
 *
 * @example
 * const network = seresnet34({ classes: 10 });
 */
export const seresnet34 = (options?: ResNetOptions): Sequential => resnet("seresnet34", 34, options, SE);
/**
 * 28,088,024 parameters, 4.09 GMACs.
 *
 * @example
 * const network = seresnet50({ classes: 10 });
 */
export const seresnet50 = (options?: ResNetOptions): Sequential => resnet("seresnet50", 50, options, SE);
/**
 * 49,326,872 parameters, 7.81 GMACs.
 *
 * @example
 * const network = seresnet101({ classes: 10 });
 */
export const seresnet101 = (options?: ResNetOptions): Sequential => resnet("seresnet101", 101, options, SE);
/**
 * 66,821,848 parameters, 11.52 GMACs.
 *
 * @example
 * const network = seresnet152({ classes: 10 });
 */
export const seresnet152 = (options?: ResNetOptions): Sequential => resnet("seresnet152", 152, options, SE);

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
 *
 * @example
 * const model = await createModel(cifarResNet(20, { classes: 10 }), { inputShape: [32, 32, 3] });
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
