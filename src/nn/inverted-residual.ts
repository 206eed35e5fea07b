/**
 * Inverted residuals (Sandler et al. 2018, arXiv:1801.04381): channels are expanded, each is convolved by itself, and a
 * projection without activation brings them back; the skip connection joins the narrow ends. MobileNetV2, MobileNetV3 and
 * EfficientNet are chains of them.
 */
import { BatchNorm2d, type BatchNormOptions } from "./batch-norm.js";
import { Conv2d } from "./conv.js";
import { Dropout, StochasticDepth } from "./dropout.js";
import { Gate } from "./gate.js";
import type { Layer } from "./layer.js";
import { Linear, type LinearOptions } from "./linear.js";
import { AdaptiveAvgPool2d } from "./pool.js";
import type { ActivationLayer } from "./relu.js";
import { Residual } from "./residual.js";
import { Flatten, Sequential } from "./sequential.js";

/** Whose parameter names a network has. */
export type Names = "torchvision" | "timm";

/** One block. */
export interface Inverted {
  inChannels: number;
  expanded: number;
  outChannels: number;
  kernelSize: number;
  stride: number;
  /** Channels inside squeeze-and-excitation; 0: none. */
  squeeze: number;
  activation: ActivationLayer;
  /** One convolution of all channels expands and sees neighbours (EfficientNetV2). */
  isFused?: boolean;
}

/** What the blocks of a network share. */
export interface Style {
  names: Names;
  norm?: BatchNormOptions;
  /** In squeeze-and-excitation: between the convolutions, and after them. */
  squeeze?: { activation: ActivationLayer; gate: ActivationLayer };
  /** What torchvision calls the branch. In MobileNetV2's "conv" the last convolution and its norm have no level of their own. */
  branch: "conv" | "block";
}

/** A multiple of `divisor` near x, and no less than nine tenths of it: MobileNet's rule for widths. */
export function roundChannels(x: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((x + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * x ? rounded + divisor : rounded;
}

interface Convolution {
  from: number;
  to: number;
  kernelSize?: number;
  stride?: number;
  groups?: number;
  activation?: ActivationLayer;
}

/** A convolution that keeps the size or divides it by the stride, its norm, and its activation, if it has one. */
export function convNorm(
  { from, to, kernelSize = 1, stride = 1, groups = 1, activation }: Convolution,
  norm?: BatchNormOptions,
): [conv: Layer, norm: Layer, ...activation: Layer[]] {
  const options = { kernelSize, stride, groups, padding: (kernelSize - 1) / 2, bias: false, init: "heFanOut" } as const;
  return [new Conv2d(from, to, options), new BatchNorm2d(to, norm), ...(activation ? [activation] : [])];
}

/** A part of a block, with timm's name of its convolution. */
type Part = Convolution & { name: string };

/** The convolutions of a block; squeeze-and-excitation stands before the last of two or more. */
function parts({
  inChannels: from,
  expanded,
  outChannels: to,
  kernelSize,
  stride,
  activation,
  isFused,
}: Inverted): Part[] {
  const expands = expanded !== from;
  if (isFused && !expands) return [{ name: "conv", from, to, kernelSize, stride, activation }];
  const project = { name: expands ? "conv_pwl" : "conv_pw", from: expanded, to };
  if (isFused) return [{ name: "conv_exp", from, to: expanded, kernelSize, stride, activation }, project];
  const depthwise = { from: expanded, to: expanded, groups: expanded, kernelSize, stride, activation };
  const expand = expands ? [{ name: "conv_pw", from, to: expanded, activation }] : [];
  return [...expand, { name: "conv_dw", ...depthwise }, project];
}

/** The block, with its skip connection where the shape stays. `drop`: the probability of dropping the branch in training. */
export function invertedResidual(block: Inverted, style: Style, drop = 0): Layer {
  const { inChannels, outChannels, stride } = block;
  const skips = stride === 1 && inChannels === outChannels;
  const main = (style.names === "timm" ? timmBranch : torchvisionBranch)(block, style);
  const end: Record<string, Layer> = skips && drop > 0 ? { drop_path: new StochasticDepth(drop) } : {};
  const branch = new Sequential({ main, ...end }, { names: { main: style.names === "timm" ? "" : style.branch } });
  return skips ? new Residual(branch, { names: { main: "" } }) : branch;
}

/** Squeeze-and-excitation (Hu et al. 2017, arXiv:1709.01507) of the expanded channels. */
function squeezeExcitation({ expanded, squeeze }: Inverted, style: Style): Layer[] {
  if (squeeze === 0 || !style.squeeze) return [];
  const [fc1, fc2] = style.names === "timm" ? ["conv_reduce", "conv_expand"] : ["fc1", "fc2"];
  const conv = (from: number, to: number) => new Conv2d(from, to, { kernelSize: 1, init: "heFanOut" });
  const { activation, gate } = style.squeeze;
  const [pool, reduce, expand] = [new AdaptiveAvgPool2d(1), conv(expanded, squeeze), conv(squeeze, expanded)];
  return [new Gate(new Sequential({ pool, [fc1]: reduce, activation, [fc2]: expand, gate }))];
}

function torchvisionBranch(block: Inverted, style: Style): Sequential {
  const all = parts(block).map((part) => convNorm(part, style.norm));
  const first = all.slice(0, Math.max(1, all.length - 1)).map((layers) => new Sequential(...layers));
  const last = all.slice(first.length);
  const end = style.branch === "conv" ? last.flat() : last.map((layers) => new Sequential(...layers));
  return new Sequential(...first, ...squeezeExcitation(block, style), ...end);
}

function timmBranch(block: Inverted, style: Style): Sequential {
  const layers: Record<string, Layer> = {};
  const all = parts(block);
  all.forEach((part, i) => {
    if (i > 0 && i === all.length - 1) for (const gate of squeezeExcitation(block, style)) layers.se = gate;
    const [conv, norm, activation] = convNorm(part, style.norm);
    Object.assign(layers, {
      [part.name]: conv,
      [`bn${i + 1}`]: norm,
      ...(activation && { [`act${i + 1}`]: activation }),
    });
  });
  return new Sequential(layers);
}

/** A network: what stands before, between and after its stages. */
export interface Chain {
  stem: Convolution;
  stages: readonly (readonly Layer[])[];
  /** The last convolution. */
  head: Convolution;
  dropout: number;
  classes: number;
}

/** A classifier's weights in the MobileNets: normal with a standard deviation of 0.01, biases 0. */
export const narrow: LinearOptions = { init: { kind: "normal", std: 0.01 } };

/** stem, stages, head, mean, dropout, classifier. torchvision's MobileNets number blocks without a level for stages: `isFlat`. */
export function chain(
  { stem, stages, head, dropout, classes }: Chain,
  style: Style,
  linear: LinearOptions,
  isFlat: boolean,
) {
  const pool = { avgpool: new AdaptiveAvgPool2d(1), flatten: new Flatten() };
  const classifier = new Linear(head.to, classes, linear);
  const [first, last] = [convNorm(stem, style.norm), convNorm(head, style.norm)];
  if (style.names === "timm") {
    return new Sequential({
      ...{ conv_stem: first[0], bn1: first[1], ...(first[2] && { act1: first[2] }) },
      blocks: new Sequential(...stages.map((blocks) => new Sequential(...blocks))),
      ...{ conv_head: last[0], bn2: last[1], ...(last[2] && { act2: last[2] }) },
      ...{ ...pool, drop: new Dropout(dropout), classifier },
    });
  }
  const body = isFlat ? stages.flat() : stages.map((blocks) => new Sequential(...blocks));
  const features = new Sequential(new Sequential(...first), ...body, new Sequential(...last));
  return new Sequential({ features, ...pool, classifier: new Sequential(new Dropout(dropout), classifier) });
}
