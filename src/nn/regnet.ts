/** RegNet (Radosavovic et al. 2020, arXiv:2003.13678), with torchvision's parameter names. */
import { checked, integer, isRecord, readOptions, type Schema, share } from "../core/options.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Conv2d } from "./conv.js";
import { StochasticDepth } from "./dropout.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { AdaptiveAvgPool2d } from "./pool.js";
import { ReLU } from "./relu.js";
import { Residual } from "./residual.js";
import { Flatten, Sequential } from "./sequential.js";
import { SqueezeExcitation } from "./squeeze-excitation.js";

/** Three lists with a number for each stage, and what all stages have. */
export interface RegNetSizes {
  depths: readonly number[];
  widths: readonly number[];
  /** Channels of a group of the 3x3 convolutions. */
  groupWidths: readonly number[];
  /** Squeeze-and-excitation inside, with this share of the block's input channels. Default 0: none. */
  seRatio?: number;
  /** Channels of the first convolution. Default 32. */
  stem?: number;
}

export interface RegNetOptions {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Of the last block; it grows linearly from 0. Default 0, as torchvision's. */
  stochasticDepth?: number;
}

const schema = () =>
  ({
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    stochasticDepth: share(0),
  }) satisfies Schema<RegNetOptions>;

type Row = readonly [depths: readonly number[], widths: readonly number[], groupWidths: readonly number[] | number];

/** What the paper's formula of widths gives for its networks: depths, widths, widths of groups. X without, Y with squeeze-and-excitation. */
const ROWS = {
  x_400mf: [[1, 2, 7, 12], [32, 64, 160, 400], 16],
  x_800mf: [[1, 3, 7, 5], [64, 128, 288, 672], 16],
  x_1_6gf: [[2, 4, 10, 2], [72, 168, 408, 912], 24],
  x_3_2gf: [[2, 6, 15, 2], [96, 192, 432, 1008], 48],
  x_8gf: [
    [2, 5, 15, 1],
    [80, 240, 720, 1920],
    [80, 120, 120, 120],
  ],
  x_16gf: [[2, 6, 13, 1], [256, 512, 896, 2048], 128],
  x_32gf: [[2, 7, 13, 1], [336, 672, 1344, 2520], 168],
  y_400mf: [[1, 3, 6, 6], [48, 104, 208, 440], 8],
  y_800mf: [[1, 3, 8, 2], [64, 144, 320, 784], 16],
  y_1_6gf: [[2, 6, 17, 2], [48, 120, 336, 888], 24],
  y_3_2gf: [[2, 5, 13, 1], [72, 216, 576, 1512], 24],
  y_8gf: [[2, 4, 10, 1], [224, 448, 896, 2016], 56],
  y_16gf: [[2, 4, 11, 1], [224, 448, 1232, 3024], 112],
  y_32gf: [[2, 5, 12, 1], [232, 696, 1392, 3712], 232],
} satisfies Record<string, Row>;

/** `"x_400mf"` to `"x_32gf"`, `"y_400mf"` to `"y_32gf"`: with how many multiply-adds. */
export type RegNetVariant = keyof typeof ROWS;

function sizesOf(variant: RegNetVariant): RegNetSizes {
  const [depths, widths, group]: Row = ROWS[variant];
  const groupWidths = typeof group === "number" ? widths.map(() => group) : group;
  return { depths, widths, groupWidths, seRatio: variant.startsWith("y") ? 0.25 : 0 };
}

const areSizes = (value: unknown, length: number): boolean =>
  Array.isArray(value) && value.length === length && value.every((size) => Number.isInteger(size) && size > 0);

const isSizes = (value: unknown): value is RegNetSizes => {
  if (!isRecord(value) || !Array.isArray(value.depths)) return false;
  const { depths, widths, groupWidths, seRatio = 0, stem = 32 } = value as unknown as RegNetSizes;
  const lists = [depths, widths, groupWidths].every((sizes) => areSizes(sizes, depths.length));
  return lists && areSizes([stem], 1) && seRatio >= 0 && seRatio <= 1;
};

const isVariant = (value: unknown): value is RegNetVariant | RegNetSizes =>
  typeof value === "string" ? Object.hasOwn(ROWS, value) : isSizes(value);

interface Place {
  from: number;
  to: number;
  kernelSize?: number;
  stride?: number;
  groups?: number;
}

/** torchvision numbers convolution and norm 0 and 1. */
const unit = ({ from, to, kernelSize = 1, stride = 1, groups = 1 }: Place, ...activation: Layer[]): Sequential => {
  const options = { kernelSize, stride, groups, padding: (kernelSize - 1) / 2, bias: false, init: "heFanOut" } as const;
  return new Sequential(new Conv2d(from, to, options), new BatchNorm2d(to), ...activation);
};

interface Block {
  from: number;
  to: number;
  stride: number;
  groups: number;
  squeeze: number;
  drop: number;
}

/** ReLU(x + c(se(b(a(x))))): 1x1, 3x3 in groups, 1x1, all as wide as the output. */
function block({ from, to, stride, groups, squeeze, drop }: Block): Layer {
  const f = new Sequential({
    a: unit({ from, to }, new ReLU()),
    b: unit({ from: to, to, kernelSize: 3, stride, groups }, new ReLU()),
    ...(squeeze > 0 && { se: new SqueezeExcitation(to, squeeze) }),
    c: unit({ from: to, to }),
    ...(drop > 0 && { drop_path: new StochasticDepth(drop) }),
  });
  const shortcut = from !== to || stride > 1 ? unit({ from, to, stride }) : "identity";
  return new Residual(f, { shortcut, activation: new ReLU(), names: { main: "f", shortcut: "proj" } });
}

/**
 * Parameters with 1000 classes and GMACs for images of 224 x 224: x_400mf 5,495,976 and 0.41, x_800mf 7,259,656 and 0.80, x_1_6gf
 * 9,190,136 and 1.60, x_3_2gf 15,296,552 and 3.18, x_8gf 39,572,648 and 7.99, x_16gf 54,278,536 and 15.94, x_32gf 107,811,560
 * and 31.74; y_400mf 4,344,144 and 0.40, y_800mf 6,432,512 and 0.83, y_1_6gf 11,202,430 and 1.61, y_3_2gf 19,436,338 and 3.18,
 * y_8gf 39,381,472 and 8.47, y_16gf 83,590,140 and 15.91, y_32gf 145,046,770 and 32.28. Input [h, w, 3]. Other sizes are given as
 * a record.
 *
 * @example
 * const model = await createModel(regnet("y_400mf", { classes: 10 }), { inputShape: [224, 224, 3] });
 */
export function regnet(variant: RegNetVariant | RegNetSizes, options?: RegNetOptions): Sequential {
  const expected = `${Object.keys(ROWS).join(", ")} or { depths, widths, groupWidths }`;
  const given = checked(expected, isVariant)("regnet", "variant", variant);
  const { depths, widths, groupWidths, seRatio = 0, stem = 32 } = typeof given === "string" ? sizesOf(given) : given;
  const { classes, inChannels, stochasticDepth } = readOptions("regnet", options, schema);
  const count = depths.reduce((a, b) => a + b, 0);
  let [at, from] = [0, stem];
  const stages = depths.map((depth, i) => {
    const [to, name] = [widths[i], `block${i + 1}`];
    const blocks = Array.from({ length: depth }, (_, j): [string, Layer] => {
      const squeeze = Math.round(seRatio * from);
      const place = { from, to, stride: j === 0 ? 2 : 1, groups: to / Math.min(groupWidths[i], to) };
      from = to;
      return [`${name}-${j}`, block({ ...place, squeeze, drop: (stochasticDepth * at++) / count })];
    });
    return [name, new Sequential(Object.fromEntries(blocks))] as const;
  });
  return new Sequential({
    stem: unit({ from: inChannels, to: stem, kernelSize: 3, stride: 2 }, new ReLU()),
    trunk_output: new Sequential(Object.fromEntries(stages)),
    ...{ avgpool: new AdaptiveAvgPool2d(1), flatten: new Flatten() },
    fc: new Linear(from, classes, { init: { kind: "normal", std: 0.01 } }),
  });
}
