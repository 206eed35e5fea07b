/**
 * The residual blocks of He et al., as compositions. Their branches have no level of their own in paths, so parameters are
 * named as torchvision names them: conv1, bn1, conv2, bn2, (conv3, bn3,) downsample.0, downsample.1.
 */
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, oneOf, readOptions, type Schema, share } from "../core/options.js";
import { type InitName, initName } from "../graph/init.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Conv2d } from "./conv.js";
import { StochasticDepth } from "./dropout.js";
import { Composite, expectSize, type Layer } from "./layer.js";
import { AvgPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Residual } from "./residual.js";
import { Identity, Sequential } from "./sequential.js";
import { PadShortcut } from "./shortcut.js";
import { SqueezeExcitation } from "./squeeze-excitation.js";

export interface BlockOptions {
  /** Of the block's strided convolution and its shortcut. Default 1. */
  stride?: number;
  /**
   * Where the shape changes: `"projection"` (1x1 convolution and BatchNorm, option B; default) or `"pad"` (option A).
   * `"always"` projects everywhere (option C), `"none"` makes the block plain: no skip connection at all.
   */
  shortcut?: "projection" | "pad" | "always" | "none";
  /** Side on which `"pad"` adds channels. Default `"split"`. */
  padSide?: "split" | "append";
  /** Groups of the 3x3 convolution of a Bottleneck (ResNeXt). Default 1. */
  groups?: number;
  /** Width of each group for 64 channels (wide ResNets: 128; ResNeXt 32x4d: 4). Default 64. */
  width?: number;
  /** Of the 3x3 convolution of a Bottleneck. Default 1. */
  dilation?: number;
  /** Bottleneck: which convolution carries the stride, `"3x3"` (torchvision; default) or `"1x1"` (the paper). */
  strideOn?: "3x3" | "1x1";
  /** Start the block as the identity: the last BatchNorm's weight starts at 0. Default false. */
  zeroInitResidual?: boolean;
  /** ResNet-D: the shortcut averages 2x2 pixels before a projection with stride 1. Default false. */
  avgDown?: boolean;
  /** Squeeze-and-excitation with this share of channels inside. Default 0: none. */
  seRatio?: number;
  /** The channels inside are rounded to a multiple of this, at least one of it (timm: 8). Default 1. */
  seDivisor?: number;
  /** Probability of dropping the branch in training. Default 0. */
  stochasticDepth?: number;
  /** Of the convolutions. Default `"heFanOut"`, as torchvision's ResNets. */
  init?: InitName;
}

export const blockSchema = () =>
  ({
    stride: integer({ min: 1, default: 1 }),
    shortcut: oneOf(["projection", "pad", "always", "none"], "projection"),
    padSide: oneOf(["split", "append"], "split"),
    groups: integer({ min: 1, default: 1 }),
    width: integer({ min: 1, default: 64 }),
    dilation: integer({ min: 1, default: 1 }),
    strideOn: oneOf(["3x3", "1x1"], "3x3"),
    zeroInitResidual: flag(false),
    avgDown: flag(false),
    seRatio: share(0),
    seDivisor: integer({ min: 1, default: 1 }),
    stochasticDepth: share(0),
    init: initName("heFanOut"),
  }) satisfies Schema<BlockOptions>;

type Settings = Required<BlockOptions>;

/** What the three blocks share: their arguments. `Body` says what a block is made of. */
export abstract class Block extends Composite {
  readonly inChannels: number;
  readonly channels: number;
  readonly outChannels: number;
  readonly options: Settings;
  readonly body: Layer;

  constructor(
    kind: { name: string; expansion: number; body: Body },
    inChannels: number,
    channels: number,
    options: BlockOptions | undefined,
  ) {
    super();
    this.options = readOptions(kind.name, options, blockSchema);
    this.inChannels = expectSize(kind.name, "inChannels", inChannels);
    this.channels = expectSize(kind.name, "channels", channels);
    this.outChannels = channels * kind.expansion;
    this.body = kind.body(this.inChannels, this.channels, this.options);
  }

  /** Options that 0.1.0 did not have are written where they are used. */
  protected args(): unknown[] {
    const { dilation: _, seDivisor: __, ...first } = this.options;
    const further = Object.entries(this.options).filter(([key, value]) => key in first || value !== 1);
    return [this.inChannels, this.channels, Object.fromEntries(further)];
  }

  /** The same block without its skip connection. */
  plain(): Layer {
    const Same = this.constructor as new (inChannels: number, channels: number, options: BlockOptions) => Block;
    const options = { ...this.options, shortcut: "none", stochasticDepth: 0, zeroInitResidual: false } as const;
    return new Same(this.inChannels, this.channels, options);
  }
}

type Body = (inChannels: number, channels: number, options: Settings) => Layer;

const conv = (
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  { dilation = 1, ...options }: ConvOptions,
) => {
  const padding = (dilation * (kernelSize - 1)) / 2;
  return new Conv2d(inChannels, outChannels, { kernelSize, padding, dilation, bias: false, ...options });
};
type ConvOptions = { init: InitName; stride?: number; groups?: number; dilation?: number };

/** Layers of a block; those called `relu…` and `sum` have no level of their own in paths. */
const sequence = (layers: Record<string, Layer>): Layer => {
  const silent = Object.keys(layers).filter((name) => /^(relu|sum)/.test(name));
  return new Sequential(layers, { names: Object.fromEntries(silent.map((name) => [name, ""])) });
};

/** The end of a main branch: its last norm, if it has one there, squeeze-and-excitation, stochastic depth. */
function finish(channels: number, { seRatio, seDivisor, stochasticDepth }: Settings): Record<string, Layer> {
  const squeeze = seDivisor * Math.max(1, Math.round((channels * seRatio) / seDivisor));
  return {
    ...(seRatio > 0 && { se: new SqueezeExcitation(channels, squeeze) }),
    ...(stochasticDepth > 0 && { drop_path: new StochasticDepth(stochasticDepth) }),
  };
}

const lastNorm = (channels: number, { zeroInitResidual }: Settings) =>
  new BatchNorm2d(channels, { initialWeight: zeroInitResidual ? 0 : 1 });

/** The shortcut's layer, or null for the identity. `norm`: with a BatchNorm after the projection. */
function downsample(inChannels: number, outChannels: number, options: Settings, norm: boolean): Layer | null {
  const { stride, shortcut, padSide, avgDown, init } = options;
  if (stride === 1 && inChannels === outChannels && shortcut !== "always") return null;
  if (shortcut === "pad") return new PadShortcut(inChannels, outChannels, { stride, side: padSide });
  // timm numbers the projection 1 and its norm 2 even where nothing is averaged.
  const average =
    stride > 1 ? new AvgPool2d({ kernelSize: stride, stride, ceilMode: true, countIncludePad: false }) : new Identity();
  const projection = conv(inChannels, outChannels, 1, { init, stride: avgDown ? 1 : stride });
  return new Sequential(...(avgDown ? [average] : []), projection, ...(norm ? [new BatchNorm2d(outChannels)] : []));
}

/** main(x) + shortcut(x), or main(x) alone where there is to be no skip connection. */
const join = (main: Layer, shortcut: Layer | null, options: Settings): Layer =>
  options.shortcut === "none"
    ? main
    : new Residual(main, { shortcut: shortcut ?? "identity", names: { main: "", shortcut: "downsample" } });

function basicBlock(from: number, to: number, options: Settings): Layer {
  const { init, stride } = options;
  const main = sequence({
    conv1: conv(from, to, 3, { init, stride }),
    bn1: new BatchNorm2d(to),
    relu1: new ReLU(),
    conv2: conv(to, to, 3, { init }),
    bn2: lastNorm(to, options),
    ...finish(to, options),
  });
  return sequence({ sum: join(main, downsample(from, to, options, true), options), relu2: new ReLU() });
}

function bottleneck(from: number, channels: number, options: Settings): Layer {
  const { init, stride, strideOn, groups, width, dilation } = options;
  const inner = Math.floor((channels * width) / 64) * groups;
  const to = 4 * channels;
  const main = sequence({
    conv1: conv(from, inner, 1, { init, stride: strideOn === "1x1" ? stride : 1 }),
    bn1: new BatchNorm2d(inner),
    relu1: new ReLU(),
    conv2: conv(inner, inner, 3, { init, stride: strideOn === "3x3" ? stride : 1, groups, dilation }),
    bn2: new BatchNorm2d(inner),
    relu2: new ReLU(),
    conv3: conv(inner, to, 1, { init }),
    bn3: lastNorm(to, options),
    ...finish(to, options),
  });
  return sequence({ sum: join(main, downsample(from, to, options, true), options), relu3: new ReLU() });
}

function preActBlock(from: number, to: number, options: Settings): Layer {
  const { init, stride, shortcut } = options;
  const entry = { bn1: new BatchNorm2d(from), relu1: new ReLU() };
  const rest = {
    conv1: conv(from, to, 3, { init, stride }),
    bn2: new BatchNorm2d(to),
    relu2: new ReLU(),
    conv2: conv(to, to, 3, { init }),
    ...finish(to, options),
  };
  const skip = downsample(from, to, options, false);
  const projects = skip !== null && shortcut !== "pad";
  return projects
    ? sequence({ ...entry, sum: join(sequence(rest), skip, options) })
    : join(sequence({ ...entry, ...rest }), skip, options);
}

/** Refuses what only a Bottleneck has. */
function expectPlainConvolutions({ type, options: { groups, width, dilation } }: Block): void {
  const found = [groups, width, dilation].join();
  if (found === "1,64,1") return;
  throw new ArgumentError(expectation(type, "groups, width, dilation", "1,64,1 (others need a Bottleneck)", found));
}

/**
 * ReLU(x + BN(conv3x3(ReLU(BN(conv3x3(x)))))): ResNet-18, -34 and the CIFAR nets.
 *
 * @example
 * new Sequential(new BasicBlock(16, 16), new BasicBlock(16, 32, { stride: 2 }));
 */
export class BasicBlock extends Block {
  readonly type = "BasicBlock";

  constructor(inChannels: number, channels: number, options?: BlockOptions) {
    super({ name: "BasicBlock", expansion: 1, body: basicBlock }, inChannels, channels, options);
    expectPlainConvolutions(this);
  }
}

/**
 * 1x1 down, 3x3, 1x1 up to 4 times the channels: ResNet-50 and deeper, wide ResNets, ResNeXt.
 *
 * @example
 * new Bottleneck(64, 64); // [n, h, w, 64] → [n, h, w, 256]
 */
export class Bottleneck extends Block {
  readonly type = "Bottleneck";

  constructor(inChannels: number, channels: number, options?: BlockOptions) {
    super({ name: "Bottleneck", expansion: 4, body: bottleneck }, inChannels, channels, options);
  }
}

/**
 * x + conv3x3(ReLU(BN(conv3x3(ReLU(BN(x)))))) (He et al. 2016, arXiv:1603.05027). Where the shape changes, the
 * projection starts from the first ReLU's output.
 *
 * @example
 * new Sequential(new PreActBlock(16, 16), new PreActBlock(16, 32, { stride: 2 }));
 */
export class PreActBlock extends Block {
  readonly type = "PreActBlock";

  constructor(inChannels: number, channels: number, options?: BlockOptions) {
    super({ name: "PreActBlock", expansion: 1, body: preActBlock }, inChannels, channels, options);
    expectPlainConvolutions(this);
  }
}
