/** ConvNeXt (Liu et al. 2022, arXiv:2201.03545), with torchvision's or timm's parameter names. */
import { checked, integer, isRecord, oneOf, optional, readOptions, type Schema, share } from "../core/options.js";
import { GELU } from "./activations.js";
import { Conv2d } from "./conv.js";
import { Dropout, StochasticDepth } from "./dropout.js";
import type { Names } from "./inverted-residual.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { LayerScale } from "./maps.js";
import { LayerNorm } from "./norm.js";
import { AdaptiveAvgPool2d } from "./pool.js";
import { Residual } from "./residual.js";
import { Flatten, Identity, Sequential } from "./sequential.js";

export interface ConvNeXtSizes {
  /** Blocks of each stage. */
  depths: readonly number[];
  /** Channels of each stage. */
  dims: readonly number[];
  /** Whether the products inside blocks are stored as 1x1 convolutions (timm's small variants). Default `"linear"`. */
  mlp?: "linear" | "conv";
  /** How GELU is computed. Default `"none"`: by erf. */
  approximate?: "none" | "tanh";
  /** Of the norms. Default 1e-6. */
  eps?: number;
}

export interface ConvNeXtOptions {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Before the classifier. Default 0. */
  dropout?: number;
  /** Of the last block; it grows linearly from 0. Default: torchvision's, 0.1 to 0.5; 0 for variants that only timm has. */
  stochasticDepth?: number;
  /** What the scale of each block's branch starts from. Default 1e-6. */
  layerScale?: number;
  /**
   * Whose parameter names the network has. Default: `"torchvision"`, for variants that only timm has and other sizes with
   * `mlp: "conv"` `"timm"`.
   */
  names?: Names;
}

const schema = () =>
  ({
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    dropout: share(0),
    stochasticDepth: optional(share()),
    layerScale: share(1e-6),
    names: optional(oneOf(["torchvision", "timm"])),
  }) satisfies Schema<ConvNeXtOptions>;

interface Variant extends ConvNeXtSizes {
  stochasticDepth: number;
}

/** Section 3 of the paper; atto to nano are timm's. */
const VARIANTS = {
  atto: { depths: [2, 2, 6, 2], dims: [40, 80, 160, 320], mlp: "conv", stochasticDepth: 0 },
  femto: { depths: [2, 2, 6, 2], dims: [48, 96, 192, 384], mlp: "conv", stochasticDepth: 0 },
  pico: { depths: [2, 2, 6, 2], dims: [64, 128, 256, 512], mlp: "conv", stochasticDepth: 0 },
  nano: { depths: [2, 2, 8, 2], dims: [80, 160, 320, 640], mlp: "conv", stochasticDepth: 0 },
  tiny: { depths: [3, 3, 9, 3], dims: [96, 192, 384, 768], stochasticDepth: 0.1 },
  small: { depths: [3, 3, 27, 3], dims: [96, 192, 384, 768], stochasticDepth: 0.4 },
  base: { depths: [3, 3, 27, 3], dims: [128, 256, 512, 1024], stochasticDepth: 0.5 },
  large: { depths: [3, 3, 27, 3], dims: [192, 384, 768, 1536], stochasticDepth: 0.5 },
} satisfies Record<string, Variant>;

/** `"atto"` to `"large"`. */
export type ConvNeXtVariant = keyof typeof VARIANTS;

const areSizes = (value: unknown, length: number): boolean =>
  Array.isArray(value) && value.length === length && value.every((size) => Number.isInteger(size) && size > 0);

const isVariant = (value: unknown): value is ConvNeXtVariant | ConvNeXtSizes => {
  if (typeof value === "string") return Object.hasOwn(VARIANTS, value);
  if (!isRecord(value) || !Array.isArray(value.depths)) return false;
  const { depths, dims, mlp = "linear", approximate = "none", eps = 1e-6 } = value;
  const { length } = value.depths;
  const named = (mlp === "linear" || mlp === "conv") && (approximate === "none" || approximate === "tanh");
  return length > 0 && areSizes(depths, length) && areSizes(dims, length) && named && Number(eps) >= 0;
};

/** Weights of all convolutions and products: normal with a standard deviation of 0.02, biases 0. */
const init = { kind: "normal", std: 0.02 } as const;
const patches = (from: number, to: number, size: number): Layer =>
  new Conv2d(from, to, { kernelSize: size, stride: size, init });

interface Style extends Pick<ConvNeXtSizes, "mlp" | "approximate"> {
  names: Names;
  layerScale: number;
  norm(channels: number): Layer;
}

/** x + scale(W2 GELU(W1 norm(depthwise 7x7(x)))) */
function block(channels: number, drop: number, { names, layerScale, mlp, norm, approximate = "none" }: Style): Layer {
  const wide = 4 * channels;
  const product = (from: number, to: number) =>
    mlp === "conv" ? new Conv2d(from, to, { kernelSize: 1, init }) : new Linear(from, to, { init });
  const [fc1, fc2, act] = [product(channels, wide), product(wide, channels), new GELU({ approximate })];
  const depthwise = new Conv2d(channels, channels, { kernelSize: 7, padding: 3, groups: channels, init });
  const end: Record<string, Layer> = {
    scale: new LayerScale(channels, { initialValue: layerScale, names }),
    ...(drop > 0 && { stochastic_depth: new StochasticDepth(drop) }),
  };
  // torchvision turns images around their norm, which takes a number in its list.
  const main: Record<string, Layer> =
    names === "timm"
      ? { conv_dw: depthwise, norm: norm(channels), mlp: new Sequential({ fc1, act, fc2 }), ...end }
      : { block: new Sequential(depthwise, new Identity(), norm(channels), fc1, act, fc2), ...end };
  return new Residual(new Sequential(main, { names: { scale: "" } }), { names: { main: "" } });
}

/**
 * Parameters with 1000 classes and GMACs for images of 224 x 224: atto 3,695,680 and 0.55, femto 5,217,456 and 0.78, pico 9,049,984
 * and 1.37, nano 15,593,840 and 2.45, tiny 28,589,128 and 4.46, small 50,223,688 and 8.68, base 88,591,464 and 15.36, large
 * 197,767,336 and 34.36. Input [h, w, 3]. Other sizes are given as a record.
 *
 * @example
 * const model = await createModel(convnext("atto", { classes: 10 }), { inputShape: [224, 224, 3] });
 */
export function convnext(variant: ConvNeXtVariant | ConvNeXtSizes, options?: ConvNeXtOptions): Sequential {
  const expected = `${Object.keys(VARIANTS).join(", ")} or { depths, dims }`;
  const chosen = checked(expected, isVariant)("convnext", "variant", variant);
  const sizes: Variant = { stochasticDepth: 0, ...(typeof chosen === "string" ? VARIANTS[chosen] : chosen) };
  const { depths, dims, mlp, eps = 1e-6 } = sizes;
  const given = readOptions("convnext", options, schema);
  const { classes, inChannels, dropout, layerScale, stochasticDepth = sizes.stochasticDepth } = given;
  const { names = mlp === "conv" ? "timm" : "torchvision" } = given;
  const norm = (channels: number) => new LayerNorm(channels, { eps });
  const style = { ...sizes, names, layerScale, norm };
  const count = depths.reduce((a, b) => a + b);
  let at = 0;
  const stages = depths.map((depth, i) => {
    const drops = Array.from({ length: depth }, () => (count > 1 ? (stochasticDepth * at++) / (count - 1) : 0));
    return new Sequential(...drops.map((drop) => block(dims[i], drop, style)));
  });
  const stem = new Sequential(patches(inChannels, dims[0], 4), norm(dims[0]));
  const downsample = (i: number) => new Sequential(norm(dims[i - 1]), patches(dims[i - 1], dims[i], 2));
  const features = dims[dims.length - 1];
  const head = { norm: norm(features), flatten: new Flatten(), fc: new Linear(features, classes, { init }) };
  const avgpool = new AdaptiveAvgPool2d(1);
  const drop: Record<string, Layer> = dropout > 0 ? { drop: new Dropout(dropout) } : {};
  if (names === "timm") {
    const all = stages.map((blocks, i) => new Sequential(i === 0 ? { blocks } : { downsample: downsample(i), blocks }));
    const { flatten, fc } = head;
    return new Sequential({
      ...{ stem, stages: new Sequential(...all) },
      head: new Sequential({ avgpool, norm: head.norm, flatten, ...drop, fc }),
    });
  }
  const all = stages.flatMap((blocks, i) => (i === 0 ? [stem, blocks] : [downsample(i), blocks]));
  const classifier = new Sequential(head.norm, head.flatten, head.fc);
  return new Sequential({ features: new Sequential(...all), avgpool, ...drop, classifier });
}
