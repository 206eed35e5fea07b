/** MobileNetV3 (Howard et al. 2019, arXiv:1905.02244), with torchvision's or timm's parameter names. */
import { checked, integer, isRecord, oneOf, positive, readOptions, type Schema, share } from "../core/options.js";
import { isSize } from "../core/shape.js";
import { Hardsigmoid, Hardswish } from "./activations.js";
import { Conv2d } from "./conv.js";
import { Dropout } from "./dropout.js";
import { convNorm, type Inverted, invertedResidual, type Names, narrow, roundChannels } from "./inverted-residual.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { AdaptiveAvgPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Flatten, Sequential } from "./sequential.js";

/** One block: kernel, channels inside, channels of the output, squeeze-and-excitation, activation, stride. */
export type MobileNetV3Block = readonly [
  kernel: number,
  expanded: number,
  channels: number,
  squeeze: boolean,
  activation: "relu" | "hardswish",
  stride: number,
];

/** Widths before they are multiplied by `width`. */
export interface MobileNetV3Sizes {
  /** Channels of the first convolution. */
  stem: number;
  stages: readonly (readonly MobileNetV3Block[])[];
  /** Features before the classifier. */
  features: number;
}

export interface MobileNetV3Options {
  /** Factor of all widths, which are rounded to multiples of 8. Default 1. */
  width?: number;
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Before the classifier. Default 0.2. */
  dropout?: number;
  /**
   * Whose parameter names the network has, and whose BatchNorms: `"torchvision"` with eps 1e-3 and momentum 0.01 (default), or
   * `"timm"` with eps 1e-5 and momentum 0.1.
   */
  names?: Names;
}

const schema = () =>
  ({
    width: positive(1),
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    dropout: share(0.2),
    names: oneOf(["torchvision", "timm"], "torchvision"),
  }) satisfies Schema<MobileNetV3Options>;

const RE = "relu";
const HS = "hardswish";

/** Tables 1 and 2 of the paper. */
const SIZES: Record<"small" | "large", MobileNetV3Sizes> = {
  small: {
    stem: 16,
    stages: [
      [[3, 16, 16, true, RE, 2]],
      [
        [3, 72, 24, false, RE, 2],
        [3, 88, 24, false, RE, 1],
      ],
      [
        [5, 96, 40, true, HS, 2],
        [5, 240, 40, true, HS, 1],
        [5, 240, 40, true, HS, 1],
      ],
      [
        [5, 120, 48, true, HS, 1],
        [5, 144, 48, true, HS, 1],
      ],
      [
        [5, 288, 96, true, HS, 2],
        [5, 576, 96, true, HS, 1],
        [5, 576, 96, true, HS, 1],
      ],
    ],
    features: 1024,
  },
  large: {
    stem: 16,
    stages: [
      [[3, 16, 16, false, RE, 1]],
      [
        [3, 64, 24, false, RE, 2],
        [3, 72, 24, false, RE, 1],
      ],
      [
        [5, 72, 40, true, RE, 2],
        [5, 120, 40, true, RE, 1],
        [5, 120, 40, true, RE, 1],
      ],
      [
        [3, 240, 80, false, HS, 2],
        [3, 200, 80, false, HS, 1],
        [3, 184, 80, false, HS, 1],
        [3, 184, 80, false, HS, 1],
      ],
      [
        [3, 480, 112, true, HS, 1],
        [3, 672, 112, true, HS, 1],
      ],
      [
        [5, 672, 160, true, HS, 2],
        [5, 960, 160, true, HS, 1],
        [5, 960, 160, true, HS, 1],
      ],
    ],
    features: 1280,
  },
};

const isBlock = (value: unknown): boolean => {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [kernel, expanded, channels, squeeze, activation, stride] = value;
  const named = typeof squeeze === "boolean" && (activation === RE || activation === HS);
  return [kernel, expanded, channels, stride].every(isSize) && named;
};

const isSizes = (value: unknown): value is MobileNetV3Sizes =>
  isRecord(value) &&
  [value.stem, value.features].every(isSize) &&
  Array.isArray(value.stages) &&
  value.stages.every((stage) => Array.isArray(stage) && stage.every(isBlock));

const isVariant = (value: unknown): value is keyof typeof SIZES | MobileNetV3Sizes =>
  value === "small" || value === "large" || isSizes(value);

/**
 * `"small"`: 2,542,856 parameters with 1000 classes; images of 224 x 224 take 0.06 GMACs. `"large"`: 5,483,032 and 0.22.
 * Input [h, w, 3]. Other sizes are given as a record.
 *
 * @example
 * const model = await createModel(mobilenetV3("small", { classes: 10 }), { inputShape: [96, 96, 3] });
 */
export function mobilenetV3(variant: keyof typeof SIZES | MobileNetV3Sizes, options?: MobileNetV3Options): Sequential {
  const expected = '"small", "large" or { stem, stages, features }';
  const given = checked(expected, isVariant)("mobilenetV3", "variant", variant);
  const { stem, stages, features } = typeof given === "string" ? SIZES[given] : given;
  const { width, classes, inChannels, dropout, names } = readOptions("mobilenetV3", options, schema);
  const scale = (channels: number) => roundChannels(channels * width);
  const norm = names === "timm" ? {} : { eps: 1e-3, momentum: 0.01 };
  const style = { names, norm, branch: "block", squeeze: { activation: new ReLU(), gate: new Hardsigmoid() } } as const;
  const activations = { relu: new ReLU(), hardswish: new Hardswish() };
  let from = scale(stem);
  const first = convNorm({ from: inChannels, to: from, kernelSize: 3, stride: 2, activation: new Hardswish() }, norm);
  const blocks = stages.map((stage) =>
    stage.map(([kernelSize, inside, channels, squeezes, activation, stride]): Layer => {
      const [inChannels, expanded, outChannels] = [from, scale(inside), scale(channels)];
      from = outChannels;
      const squeeze = squeezes ? roundChannels(Math.floor(expanded / 4)) : 0;
      const sizes = { inChannels, expanded, outChannels, kernelSize, stride, squeeze };
      const block: Inverted = { ...sizes, activation: activations[activation] };
      return invertedResidual(block, style);
    }),
  );
  const last = convNorm({ from, to: 6 * from, activation: new Hardswish() }, norm);
  const ends = { first, blocks, last, dropout };
  const sizes = { from: 6 * from, features: scale(features), classes };
  return names === "timm" ? withTimmNames(ends, sizes) : withTorchvisionNames(ends, sizes);
}

interface Ends {
  first: ReturnType<typeof convNorm>;
  blocks: Layer[][];
  last: ReturnType<typeof convNorm>;
  dropout: number;
}

interface Widths {
  from: number;
  features: number;
  classes: number;
}

const pool = () => ({ avgpool: new AdaptiveAvgPool2d(1) });

function withTorchvisionNames({ first, blocks, last, dropout }: Ends, { from, features, classes }: Widths): Sequential {
  const head = [new Linear(from, features, narrow), new Hardswish(), new Dropout(dropout)];
  return new Sequential({
    features: new Sequential(new Sequential(...first), ...blocks.flat(), new Sequential(...last)),
    ...{ ...pool(), flatten: new Flatten() },
    classifier: new Sequential(...head, new Linear(features, classes, narrow)),
  });
}

/** In timm the first layer of the classifier is a 1x1 convolution of the mean. */
function withTimmNames({ first, blocks, last, dropout }: Ends, { from, features, classes }: Widths): Sequential {
  const stages = blocks.map((stage) => new Sequential(...stage));
  const [conv, bn1, act] = last;
  return new Sequential({
    ...{ conv_stem: first[0], bn1: first[1], act1: first[2] },
    blocks: new Sequential(...stages, new Sequential(new Sequential({ conv, bn1, act }))),
    ...pool(),
    conv_head: new Conv2d(from, features, { kernelSize: 1, init: "heFanOut" }),
    ...{ act2: new Hardswish(), flatten: new Flatten(), drop: new Dropout(dropout) },
    classifier: new Linear(features, classes, narrow),
  });
}
