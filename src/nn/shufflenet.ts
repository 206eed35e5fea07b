/** ShuffleNetV2 (Ma et al. 2018, arXiv:1807.11164), with torchvision's parameter names. */
import { checked, integer, isRecord, readOptions, type Schema } from "../core/options.js";
import { isSize } from "../core/shape.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Concat, Slice } from "./branches.js";
import { Conv2d } from "./conv.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { ChannelShuffle } from "./movement.js";
import { AdaptiveAvgPool2d, MaxPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Flatten, Sequential } from "./sequential.js";

export interface ShuffleNetV2Sizes {
  /** Channels of the first convolution. */
  stem: number;
  /** Channels and units of each stage. */
  stages: readonly (readonly [channels: number, units: number])[];
  /** Channels of the last convolution. */
  head: number;
}

export interface ShuffleNetV2Options {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
}

const schema = () =>
  ({
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
  }) satisfies Schema<ShuffleNetV2Options>;

/** Table 5 of the paper: channels of the three stages and of the last convolution. */
const WIDTHS = {
  x0_5: [48, 96, 192, 1024],
  x1_0: [116, 232, 464, 1024],
  x1_5: [176, 352, 704, 1024],
  x2_0: [244, 488, 976, 2048],
} as const;

/** `"x0_5"`, `"x1_0"`, `"x1_5"`, `"x2_0"`: the factor of the widths. */
export type ShuffleNetV2Variant = keyof typeof WIDTHS;

function sizesOf(variant: ShuffleNetV2Variant): ShuffleNetV2Sizes {
  const [a, b, c, head] = WIDTHS[variant];
  return { stem: 24, stages: [[a, 4] as const, [b, 8] as const, [c, 4] as const], head };
}

const isVariant = (value: unknown): value is ShuffleNetV2Variant | ShuffleNetV2Sizes => {
  if (typeof value === "string") return Object.hasOwn(WIDTHS, value);
  if (!isRecord(value) || !Array.isArray(value.stages)) return false;
  const isStage = (stage: unknown) =>
    Array.isArray(stage) && stage.length === 2 && stage.every(isSize) && stage[0] % 2 === 0;
  return [value.stem, value.head].every(isSize) && value.stages.every(isStage);
};

const conv = (from: number, to: number, kernelSize = 1, stride = 1, groups = 1): [Layer, Layer] => [
  new Conv2d(from, to, { kernelSize, stride, groups, padding: (kernelSize - 1) / 2, bias: false }),
  new BatchNorm2d(to),
];

const depthwise = (channels: number, stride: number) => conv(channels, channels, 3, stride, channels);

/** The branch of all units: 1x1, depthwise 3x3, 1x1. */
const narrow = (from: number, half: number, stride: number): Sequential =>
  new Sequential(...conv(from, half), new ReLU(), ...depthwise(half, stride), ...conv(half, half), new ReLU());

/** Halves the size: both branches see all channels, and each gives half of the output's. */
function reducing(from: number, to: number): Layer {
  const branch1 = new Sequential(...depthwise(from, 2), ...conv(from, to / 2), new ReLU());
  return new Concat({ branch1, branch2: narrow(from, to / 2, 2) });
}

/** Half of the channels stay as they are, the branch sees the others. */
function splitting(channels: number): Layer {
  const half = channels / 2;
  const layers = { half: new Slice({ start: half }), layers: narrow(half, half, 1) };
  const branch2 = new Sequential(layers, { names: { half: "", layers: "" } });
  return new Concat({ branch1: new Slice({ end: half }), branch2 });
}

const shuffled = (unit: Layer): Layer =>
  new Sequential({ unit, shuffle: new ChannelShuffle(2) }, { names: { unit: "", shuffle: "" } });

/**
 * Parameters with 1000 classes and GMACs for images of 224 x 224: x0_5 1,366,792 and 0.04, x1_0 2,278,604 and 0.14, x1_5 3,503,624
 * and 0.30, x2_0 7,393,996 and 0.58. Input [h, w, 3]. Other sizes are given as a record.
 *
 * @example
 * const model = await createModel(shufflenetV2("x1_0", { classes: 10 }), { inputShape: [224, 224, 3] });
 */
export function shufflenetV2(
  variant: ShuffleNetV2Variant | ShuffleNetV2Sizes,
  options?: ShuffleNetV2Options,
): Sequential {
  const expected = `${Object.keys(WIDTHS).join(", ")} or { stem, stages, head }`;
  const given = checked(expected, isVariant)("shufflenetV2", "variant", variant);
  const { stem, stages, head } = typeof given === "string" ? sizesOf(given) : given;
  const { classes, inChannels } = readOptions("shufflenetV2", options, schema);
  let from = stem;
  const layers = stages.map(([channels, units], i) => {
    const first = shuffled(reducing(from, channels));
    from = channels;
    const others = Array.from({ length: units - 1 }, () => shuffled(splitting(channels)));
    return [`stage${i + 2}`, new Sequential(first, ...others)] as const;
  });
  return new Sequential({
    conv1: new Sequential(...conv(inChannels, stem, 3, 2), new ReLU()),
    maxpool: new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    ...Object.fromEntries(layers),
    conv5: new Sequential(...conv(from, head), new ReLU()),
    ...{ avgpool: new AdaptiveAvgPool2d(1), flatten: new Flatten() },
    fc: new Linear(head, classes),
  });
}
