/** Pre-activation ResNets (He et al. 2016, arXiv:1603.05027) and BiT (Kolesnikov et al. 2019, arXiv:1912.11370), with timm's names. */
import { integer, list, optional, readOptions, type Schema, share } from "../core/options.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Conv2d, type Conv2dOptions } from "./conv.js";
import { Dropout, StochasticDepth } from "./dropout.js";
import type { Layer } from "./layer.js";
import { ZeroPad2d } from "./movement.js";
import { GroupNorm } from "./norm.js";
import { AdaptiveAvgPool2d, MaxPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Residual } from "./residual.js";
import { Flatten, Sequential } from "./sequential.js";
import { StdConv2d } from "./std-conv.js";

export interface ResNetV2Options {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Before the classifier. Default 0. */
  dropout?: number;
  /** Of the last block; it grows linearly from 0. Default 0. */
  stochasticDepth?: number;
  /** Factor of all widths. Default 1. */
  width?: number;
  /** Of each stage. Default: those that the name says. */
  blocks?: readonly number[];
  /** Of each stage's output, four times those inside. Default: 256, 512, 1024, 2048. */
  channels?: readonly number[];
}

const schema = () =>
  ({
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    dropout: share(0),
    stochasticDepth: share(0),
    width: integer({ min: 1, default: 1 }),
    blocks: optional(list(integer({ min: 1 }))),
    channels: optional(list(integer({ min: 4 })), [256, 512, 1024, 2048]),
  }) satisfies Schema<ResNetV2Options>;

/** How convolutions and norms are made. */
interface Style {
  conv(from: number, to: number, options: Conv2dOptions): Layer;
  norm(channels: number): Layer;
}

const batchNorm: Style = {
  conv: (from, to, options) => new Conv2d(from, to, options),
  norm: (channels) => new BatchNorm2d(channels),
};

const groupNorm: Style = {
  conv: (from, to, options) => new StdConv2d(from, to, { ...options, eps: 1e-8 }),
  norm: (channels) => new GroupNorm(32, channels),
};

interface Block {
  from: number;
  to: number;
  stride: number;
  /** Each stage's first block projects. */
  isFirst: boolean;
  drop: number;
}

/** x + conv3(g(conv2(g(conv1(g(x)))))) with g a norm and ReLU; the projection starts from the first g. */
function block({ from, to, stride, isFirst, drop }: Block, { conv, norm }: Style): Layer {
  const inside = Math.floor(to / 4);
  const convolution = (a: number, b: number, kernelSize: number, stride = 1) =>
    conv(a, b, { kernelSize, stride, padding: (kernelSize - 1) / 2, bias: false, init: "heFanOut" });
  const entry = { norm1: norm(from), act1: new ReLU() };
  const rest = {
    conv1: convolution(from, inside, 1),
    ...{ norm2: norm(inside), act2: new ReLU() },
    conv2: convolution(inside, inside, 3, stride),
    ...{ norm3: norm(inside), act3: new ReLU() },
    conv3: convolution(inside, to, 1),
    ...(drop > 0 && { drop_path: new StochasticDepth(drop) }),
  };
  const names = { main: "", shortcut: "downsample" };
  if (!isFirst) return new Residual(new Sequential({ ...entry, ...rest }), { names });
  const shortcut = new Sequential({ conv: convolution(from, to, 1, stride) });
  const sum = new Residual(new Sequential(rest), { shortcut, names });
  return new Sequential({ ...entry, sum }, { names: { sum: "" } });
}

function resnetV2(
  name: string,
  depths: readonly number[],
  style: Style,
  options: ResNetV2Options | undefined,
): Sequential {
  const given = readOptions(name, options, schema);
  const { classes, inChannels, dropout, stochasticDepth, width, channels, blocks = depths } = given;
  list(integer({ min: 1 }), `${channels.length} numbers, as many as channels`, channels.length)(name, "blocks", blocks);
  const isBit = style === groupNorm;
  const count = blocks.reduce((a, b) => a + b, 0);
  let [at, from] = [0, 64 * width];
  const padding: Record<string, Layer> = isBit ? { pad: new ZeroPad2d(1) } : {};
  const stem = new Sequential({
    conv: style.conv(inChannels, from, { kernelSize: 7, stride: 2, padding: 3, bias: false, init: "heFanOut" }),
    // BiT pads with zeros, which is not what pooling pads with.
    ...{ ...padding, pool: new MaxPool2d({ kernelSize: 3, stride: 2, padding: isBit ? 0 : 1 }) },
  });
  const stages = blocks.map((depth, i) => {
    const to = channels[i] * width;
    const layers = Array.from({ length: depth }, (_, j) => {
      const drop = count > 1 ? (stochasticDepth * at++) / (count - 1) : stochasticDepth;
      const place = { from, to, stride: i > 0 && j === 0 ? 2 : 1, isFirst: j === 0, drop };
      from = to;
      return block(place, style);
    });
    return new Sequential({ blocks: new Sequential(...layers) });
  });
  const head = {
    ...{ global_pool: new AdaptiveAvgPool2d(1), drop: new Dropout(dropout) },
    fc: new Conv2d(from, classes, { kernelSize: 1, init: { kind: "normal", std: 0.01 } }),
    flatten: new Flatten(),
  };
  return new Sequential({
    ...{ stem, stages: new Sequential(...stages) },
    ...{ norm: style.norm(from), act: new ReLU(), head: new Sequential(head) },
  });
}

/**
 * ResNet-50 with norms and activations before the convolutions. 25,549,352 parameters, 4.09 GMACs at 224 x 224. Input [h, w, 3].
 *
 * @example
 * const network = resnetv2_50({ classes: 10 });
 */
export const resnetv2_50 = (options?: ResNetV2Options): Sequential =>
  resnetV2("resnetv2_50", [3, 4, 6, 3], batchNorm, options);
/**
 * 44,541,480 parameters, 7.80 GMACs.
 *
 * @example
 * const network = resnetv2_101({ classes: 10 });
 */
export const resnetv2_101 = (options?: ResNetV2Options): Sequential =>
  resnetV2("resnetv2_101", [3, 4, 23, 3], batchNorm, options);
/**
 * Big Transfer's ResNet-50: GroupNorm of 32 groups and standardised filters (`StdConv2d`), so that nothing depends on the batch.
 * 25,549,352 parameters, 4.09 GMACs at 224 x 224.
 *
 * @example
 * const model = await createModel(resnetv2_50x1_bit({ classes: 10 }), { inputShape: [128, 128, 3] });
 */
export const resnetv2_50x1_bit = (options?: ResNetV2Options): Sequential =>
  resnetV2("resnetv2_50x1_bit", [3, 4, 6, 3], groupNorm, options);
/**
 * 44,541,480 parameters, 7.80 GMACs.
 *
 * @example
 * const network = resnetv2_101x1_bit({ classes: 10 });
 */
export const resnetv2_101x1_bit = (options?: ResNetV2Options): Sequential =>
  resnetV2("resnetv2_101x1_bit", [3, 4, 23, 3], groupNorm, options);
