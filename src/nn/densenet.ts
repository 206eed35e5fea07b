/** DenseNet (Huang et al. 2016, arXiv:1608.06993), with torchvision's parameter names. */
import { checked, integer, isRecord, readOptions, type Schema, share } from "../core/options.js";
import { isSize } from "../core/shape.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Concat } from "./branches.js";
import { Conv2d } from "./conv.js";
import { Dropout } from "./dropout.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Flatten, Identity, Sequential } from "./sequential.js";

export interface DenseNetSizes {
  /** Channels that each layer adds. */
  growth: number;
  /** Layers of each block. */
  blocks: readonly number[];
  /** Channels of the first convolution. */
  stem: number;
  /** Channels between a layer's two convolutions, in multiples of the growth. Default 4. */
  bottleneck?: number;
}

export interface DenseNetOptions {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** After each layer. Default 0. */
  dropout?: number;
}

const schema = () =>
  ({
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    dropout: share(0),
  }) satisfies Schema<DenseNetOptions>;

/** Table 1 of the paper, and the wider net of 161 layers of its authors' code. */
const SIZES = {
  121: { growth: 32, blocks: [6, 12, 24, 16], stem: 64 },
  161: { growth: 48, blocks: [6, 12, 36, 24], stem: 96 },
  169: { growth: 32, blocks: [6, 12, 32, 32], stem: 64 },
  201: { growth: 32, blocks: [6, 12, 48, 32], stem: 64 },
} satisfies Record<number, DenseNetSizes>;

/** 121, 161, 169 or 201 layers. */
export type DenseNetDepth = keyof typeof SIZES;

const isDepth = (value: unknown): value is DenseNetDepth | DenseNetSizes => {
  if (typeof value === "number") return Object.hasOwn(SIZES, value);
  if (!isRecord(value) || !Array.isArray(value.blocks)) return false;
  const { growth, blocks, stem, bottleneck = 4 } = value;
  return blocks.length > 0 && [growth, stem, bottleneck, ...blocks].every(isSize);
};

/** x with the channels that a layer makes of it added: `denselayer1` is a name of the layer alone. */
function dense(name: string, from: number, { growth, bottleneck = 4 }: DenseNetSizes, dropout: number): Layer {
  const inside = bottleneck * growth;
  const layer = new Sequential({
    ...{ norm1: new BatchNorm2d(from), relu1: new ReLU() },
    conv1: new Conv2d(from, inside, { kernelSize: 1, bias: false, init: "he" }),
    ...{ norm2: new BatchNorm2d(inside), relu2: new ReLU() },
    conv2: new Conv2d(inside, growth, { kernelSize: 3, padding: 1, bias: false, init: "he" }),
    ...(dropout > 0 && { dropout: new Dropout(dropout) }),
  });
  return new Concat({ features: new Identity(), layer }, { names: { features: "", layer: name } });
}

/** Half of the channels, half of the size. */
const transition = (from: number, to: number): Layer =>
  new Sequential({
    ...{ norm: new BatchNorm2d(from), relu: new ReLU() },
    conv: new Conv2d(from, to, { kernelSize: 1, bias: false, init: "he" }),
    pool: new AvgPool2d({ kernelSize: 2, stride: 2 }),
  });

/**
 * Each layer sees the channels of all layers before it. Parameters with 1000 classes and GMACs for images of 224 x 224: 121
 * layers have 7,978,856 and 2.83, 161 have 28,681,000 and 7.73, 169 have 14,149,480 and 3.36, 201 have 20,013,928 and 4.29. Input
 * [h, w, 3]. Other sizes are given as a record.
 *
 * @example
 * const model = await createModel(densenet(121, { classes: 10 }), { inputShape: [224, 224, 3] });
 */
export function densenet(depth: DenseNetDepth | DenseNetSizes, options?: DenseNetOptions): Sequential {
  const expected = `${Object.keys(SIZES).join(", ")} or { growth, blocks, stem }`;
  const given = checked(expected, isDepth)("densenet", "depth", depth);
  const sizes: DenseNetSizes = typeof given === "number" ? SIZES[given] : given;
  const { classes, inChannels, dropout } = readOptions("densenet", options, schema);
  const { growth, blocks, stem } = sizes;
  const features: Record<string, Layer> = {
    conv0: new Conv2d(inChannels, stem, { kernelSize: 7, stride: 2, padding: 3, bias: false, init: "he" }),
    ...{ norm0: new BatchNorm2d(stem), relu0: new ReLU() },
    pool0: new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
  };
  let channels = stem;
  blocks.forEach((count, i) => {
    const names = Object.fromEntries(Array.from({ length: count }, (_, j) => [`layer${j + 1}`, ""]));
    const layers = Object.keys(names).map((key, j) => {
      return [key, dense(`denselayer${j + 1}`, channels + j * growth, sizes, dropout)] as const;
    });
    features[`denseblock${i + 1}`] = new Sequential(Object.fromEntries(layers), { names });
    channels += count * growth;
    if (i === blocks.length - 1) return;
    features[`transition${i + 1}`] = transition(channels, Math.floor(channels / 2));
    channels = Math.floor(channels / 2);
  });
  features.norm5 = new BatchNorm2d(channels);
  const bound = 1 / Math.sqrt(channels); // PyTorch's, with biases at 0
  return new Sequential({
    features: new Sequential(features),
    ...{ relu: new ReLU(), avgpool: new AdaptiveAvgPool2d(1), flatten: new Flatten() },
    classifier: new Linear(channels, classes, { init: { kind: "uniform", bound } }),
  });
}
