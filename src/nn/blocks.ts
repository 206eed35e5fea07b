/**
 * The residual blocks of He et al. Each is a layer of its own, because its parameters are named as torchvision names
 * them: conv1, bn1, conv2, bn2, (conv3, bn3,) downsample.0, downsample.1.
 */

import { expectInteger, expectNumber, expectOneOf, expectOptions } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { activation, add } from "../ops/elementwise.js";
import { Conv2d } from "./conv.js";
import { StochasticDepth } from "./dropout.js";
import { expectInit, type InitName } from "./init.js";
import { Layer } from "./layer.js";
import { BatchNorm2d } from "./norm.js";
import { AvgPool2d } from "./pool.js";
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
  /** Bottleneck: which convolution carries the stride, `"3x3"` (torchvision; default) or `"1x1"` (the paper). */
  strideOn?: "3x3" | "1x1";
  /** Start the block as the identity: the last BatchNorm's weight starts at 0. Default false. */
  zeroInitResidual?: boolean;
  /** ResNet-D: the shortcut averages 2x2 pixels before a projection with stride 1. Default false. */
  avgDown?: boolean;
  /** Squeeze-and-excitation with this share of channels inside. Default 0: none. */
  seRatio?: number;
  /** Probability of dropping the branch in training. Default 0. */
  stochasticDepth?: number;
  /** Of the convolutions. Default `"heFanOut"`, as torchvision's ResNets. */
  init?: InitName;
}

const KNOWN = [
  "stride",
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

type Named = [name: string, layer: Layer][];

/** What the three blocks share: options, the shortcut, and the sum. */
export abstract class Block extends Layer {
  abstract override readonly type: string;
  /** Output channels per `channels`. */
  protected abstract readonly expansion: number;
  readonly inChannels: number;
  readonly channels: number;
  readonly options: Required<BlockOptions>;

  constructor(inChannels: number, channels: number, options?: BlockOptions) {
    super();
    const given = expectOptions("block", options, KNOWN);
    this.inChannels = expectInteger("block", "inChannels", inChannels, 1);
    this.channels = expectInteger("block", "channels", channels, 1);
    this.options = {
      stride: expectInteger("block", "stride", given.stride ?? 1, 1),
      shortcut: expectOneOf("block", "shortcut", given.shortcut ?? "projection", [
        "projection",
        "pad",
        "always",
        "none",
      ]),
      padSide: expectOneOf("block", "padSide", given.padSide ?? "split", ["split", "append"]),
      groups: expectInteger("block", "groups", given.groups ?? 1, 1),
      width: expectInteger("block", "width", given.width ?? 64, 1),
      strideOn: expectOneOf("block", "strideOn", given.strideOn ?? "3x3", ["3x3", "1x1"]),
      zeroInitResidual: given.zeroInitResidual ?? false,
      avgDown: given.avgDown ?? false,
      seRatio: expectNumber("block", "seRatio", given.seRatio ?? 0, 0, 1),
      stochasticDepth: expectNumber("block", "stochasticDepth", given.stochasticDepth ?? 0, 0, 1),
      init: expectInit("block", given.init ?? "heFanOut"),
    };
  }

  protected args(): unknown[] {
    return [this.inChannels, this.channels, this.options];
  }

  get outChannels(): number {
    return this.channels * this.expansion;
  }

  /** The same block without its skip connection. */
  plain(): Layer {
    const Same = this.constructor as new (inChannels: number, channels: number, options: BlockOptions) => Block;
    return new Same(this.inChannels, this.channels, {
      ...this.options,
      shortcut: "none",
      stochasticDepth: 0,
      zeroInitResidual: false,
    });
  }

  protected conv(inChannels: number, outChannels: number, kernelSize: number, stride = 1, groups = 1): Conv2d {
    return new Conv2d(inChannels, outChannels, {
      kernelSize,
      stride,
      groups,
      padding: (kernelSize - 1) / 2,
      bias: false,
      init: this.options.init,
    });
  }

  protected lastNorm(channels: number): BatchNorm2d {
    return new BatchNorm2d(channels, { initialWeight: this.options.zeroInitResidual ? 0 : 1 });
  }

  protected chain(b: Builder, x: ValueId, layers: Named): ValueId {
    return layers.reduce((value, [name, layer]) => b.scope(name, () => layer.build(b, value)), x);
  }

  protected relu(b: Builder, x: ValueId): ValueId {
    return b.op(activation, [x], { kind: "relu", param: 0 })[0];
  }

  /** Squeeze-and-excitation and stochastic depth, in front of the sum. */
  protected finish(b: Builder, x: ValueId): ValueId {
    const { seRatio, stochasticDepth } = this.options;
    const layers: Named = [];
    if (seRatio > 0)
      layers.push(["se", new SqueezeExcitation(this.outChannels, Math.max(1, Math.round(this.outChannels * seRatio)))]);
    if (stochasticDepth > 0) layers.push(["drop_path", new StochasticDepth(stochasticDepth)]);
    return this.chain(b, x, layers);
  }

  /** The shortcut's layer, or null for the identity. `norm`: with a BatchNorm behind the projection. */
  protected shortcutLayer(norm: boolean): Layer | null {
    const { stride, shortcut, padSide, avgDown, init } = this.options;
    const changes = stride !== 1 || this.inChannels !== this.outChannels;
    if (!changes && shortcut !== "always") return null;
    if (shortcut === "pad") return new PadShortcut(this.inChannels, this.outChannels, { stride, side: padSide });
    // timm numbers the projection 1 and its norm 2 even where nothing is averaged.
    const average =
      stride > 1
        ? new AvgPool2d({ kernelSize: stride, stride, ceilMode: true, countIncludePad: false })
        : new Identity();
    const projection = new Conv2d(this.inChannels, this.outChannels, {
      kernelSize: 1,
      stride: avgDown ? 1 : stride,
      bias: false,
      init,
    });
    return new Sequential(
      ...(avgDown ? [average] : []),
      projection,
      ...(norm ? [new BatchNorm2d(this.outChannels)] : []),
    );
  }

  protected sum(b: Builder, main: ValueId, x: ValueId, norm: boolean): ValueId {
    if (this.options.shortcut === "none") return main;
    const layer = this.shortcutLayer(norm);
    const skip = layer ? b.scope("downsample", () => layer.build(b, x)) : x;
    return b.op(add, [main, skip], { activation: null })[0];
  }
}

/** ReLU(x + BN(conv3x3(ReLU(BN(conv3x3(x)))))): ResNet-18, -34 and the CIFAR nets. */
export class BasicBlock extends Block {
  readonly type = "BasicBlock";
  protected readonly expansion = 1;

  constructor(inChannels: number, channels: number, options?: BlockOptions) {
    super(inChannels, channels, options);
    if (this.options.groups !== 1 || this.options.width !== 64)
      throw new ArgumentError(
        expectation(
          "BasicBlock",
          "groups and width",
          "1 and 64 (others need a Bottleneck)",
          `${this.options.groups} and ${this.options.width}`,
        ),
      );
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { inChannels, channels } = this;
    const first = this.chain(b, x, [
      ["conv1", this.conv(inChannels, channels, 3, this.options.stride)],
      ["bn1", new BatchNorm2d(channels)],
    ]);
    const second = this.chain(b, this.relu(b, first), [
      ["conv2", this.conv(channels, channels, 3)],
      ["bn2", this.lastNorm(channels)],
    ]);
    return this.relu(b, this.sum(b, this.finish(b, second), x, true));
  }
}

/** 1x1 down, 3x3, 1x1 up to 4 times the channels: ResNet-50 and deeper, wide ResNets, ResNeXt. */
export class Bottleneck extends Block {
  readonly type = "Bottleneck";
  protected readonly expansion = 4;

  protected record(b: Builder, x: ValueId): ValueId {
    const { inChannels, channels, outChannels } = this;
    const { stride, strideOn, groups, width } = this.options;
    const inner = Math.floor((channels * width) / 64) * groups;
    const [first, second] = strideOn === "1x1" ? [stride, 1] : [1, stride];
    const one = this.chain(b, x, [
      ["conv1", this.conv(inChannels, inner, 1, first)],
      ["bn1", new BatchNorm2d(inner)],
    ]);
    const two = this.chain(b, this.relu(b, one), [
      ["conv2", this.conv(inner, inner, 3, second, groups)],
      ["bn2", new BatchNorm2d(inner)],
    ]);
    const three = this.chain(b, this.relu(b, two), [
      ["conv3", this.conv(inner, outChannels, 1)],
      ["bn3", this.lastNorm(outChannels)],
    ]);
    return this.relu(b, this.sum(b, this.finish(b, three), x, true));
  }
}

/**
 * x + conv3x3(ReLU(BN(conv3x3(ReLU(BN(x)))))) (He et al. 2016, arXiv:1603.05027). Where the shape changes, the
 * projection starts from the first ReLU's output.
 */
export class PreActBlock extends Block {
  readonly type = "PreActBlock";
  protected readonly expansion = 1;

  protected record(b: Builder, x: ValueId): ValueId {
    const { inChannels, channels } = this;
    const { stride, shortcut } = this.options;
    const entry = this.relu(b, this.chain(b, x, [["bn1", new BatchNorm2d(inChannels)]]));
    const one = this.chain(b, entry, [
      ["conv1", this.conv(inChannels, channels, 3, stride)],
      ["bn2", new BatchNorm2d(channels)],
    ]);
    const two = this.chain(b, this.relu(b, one), [["conv2", this.conv(channels, channels, 3)]]);
    const projects = shortcut !== "pad" && this.shortcutLayer(false) !== null;
    return this.sum(b, this.finish(b, two), projects ? entry : x, false);
  }
}
