/** EfficientNet (Tan & Le 2019, arXiv:1905.11946) and EfficientNetV2 (2021, arXiv:2104.00298). */

import { checked, integer, isRecord, oneOf, optional, readOptions, type Schema, share } from "../core/options.js";
import { isSize } from "../core/shape.js";
import { ReLU6, Sigmoid, SiLU } from "./activations.js";
import type { BatchNormOptions } from "./batch-norm.js";
import { chain, type Inverted, invertedResidual, type Names, roundChannels } from "./inverted-residual.js";
import type { Layer } from "./layer.js";
import type { Sequential } from "./sequential.js";

/** Blocks of one width: by how much channels are expanded inside, kernel, stride of the first, channels, blocks. */
export interface EfficientNetStage {
  /** `"fused"`: one convolution expands and sees neighbours, without squeeze-and-excitation. Default `"inverted"`. */
  kind?: "inverted" | "fused";
  expansion: number;
  kernel: number;
  stride: number;
  channels: number;
  blocks: number;
}

export interface EfficientNetSizes {
  /** Channels of the first convolution. */
  stem: number;
  stages: readonly EfficientNetStage[];
  /** Channels of the last convolution. */
  head: number;
}

export interface EfficientNetOptions {
  /** Default 1000. */
  classes?: number;
  /** Default 3. */
  inChannels?: number;
  /** Before the classifier. Default: the variant's, 0.2 to 0.4. */
  dropout?: number;
  /** Of the last block; it grows linearly from 0 (torchvision's schedule). Default 0.2. */
  stochasticDepth?: number;
  /**
   * Whose parameter names the network has, and for `"v2_s"` whose eps of BatchNorm, torchvision's 1e-3 or timm's 1e-5. Default
   * `"torchvision"`, for `"lite0"`, which only timm has, `"timm"`.
   */
  names?: Names;
}

const schema = () =>
  ({
    classes: integer({ min: 1, default: 1000 }),
    inChannels: integer({ min: 1, default: 3 }),
    dropout: optional(share()),
    stochasticDepth: share(0.2),
    names: optional(oneOf(["torchvision", "timm"])),
  }) satisfies Schema<EfficientNetOptions>;

type Row = readonly [expansion: number, kernel: number, stride: number, channels: number, blocks: number];

/** Table 1 of the paper. */
const ROWS: readonly Row[] = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
];

const stageOf = ([expansion, kernel, stride, channels, blocks]: Row): EfficientNetStage => ({
  expansion,
  kernel,
  stride,
  channels,
  blocks,
});

/** Widths and depths are scaled together; a last convolution of four times the last width. */
function scaled(width: number, depth: number): EfficientNetSizes {
  const stages = ROWS.map((row): EfficientNetStage => {
    const { channels, blocks, ...stage } = stageOf(row);
    return { ...stage, channels: roundChannels(channels * width), blocks: Math.ceil(blocks * depth) };
  });
  return { stem: roundChannels(32 * width), stages, head: 4 * roundChannels(320 * width) };
}

interface Variant {
  sizes(): EfficientNetSizes;
  dropout: number;
  norm?: BatchNormOptions;
  names?: Names;
  /** Without squeeze-and-excitation, and with ReLU6 for SiLU: what integers can compute (EfficientNet-Lite). */
  isLite?: boolean;
}

/** Table 4 of the second paper: three stages of fused blocks. */
const V2_S = (): EfficientNetSizes => {
  const fused = (...row: Row) => ({ kind: "fused", ...stageOf(row) }) as const;
  const stages = [fused(1, 3, 1, 24, 2), fused(4, 3, 2, 48, 4), fused(4, 3, 2, 64, 4)];
  const rows = [
    [4, 3, 2, 128, 6],
    [6, 3, 1, 160, 9],
    [6, 3, 2, 256, 15],
  ] as const;
  return { stem: 24, stages: [...stages, ...rows.map(stageOf)], head: 1280 };
};

const VARIANTS = {
  b0: { sizes: () => scaled(1, 1), dropout: 0.2 },
  b1: { sizes: () => scaled(1, 1.1), dropout: 0.2 },
  b2: { sizes: () => scaled(1.1, 1.2), dropout: 0.3 },
  b3: { sizes: () => scaled(1.2, 1.4), dropout: 0.3 },
  b4: { sizes: () => scaled(1.4, 1.8), dropout: 0.4 },
  lite0: { sizes: () => scaled(1, 1), dropout: 0.2, names: "timm", isLite: true },
  v2_s: { sizes: V2_S, dropout: 0.2, norm: { eps: 1e-3 } },
} satisfies Record<string, Variant>;

/** `"b0"` to `"b4"`, `"lite0"`, `"v2_s"`. */
export type EfficientNetVariant = keyof typeof VARIANTS;

const isStage = (value: unknown): boolean =>
  isRecord(value) &&
  ["expansion", "kernel", "stride", "channels", "blocks"].every((key) => isSize(value[key])) &&
  [undefined, "inverted", "fused"].some((kind) => kind === value.kind);

const isVariant = (value: unknown): value is EfficientNetVariant | EfficientNetSizes =>
  typeof value === "string"
    ? Object.hasOwn(VARIANTS, value)
    : isRecord(value) &&
      [value.stem, value.head].every(isSize) &&
      Array.isArray(value.stages) &&
      value.stages.every(isStage);

/**
 * Parameters with 1000 classes, and GMACs at the size of images that the paper has for it: b0 5,288,548 and 0.39 (224), b1
 * 7,794,184 and 0.69 (240), b2 9,109,994 and 1.09 (288), b3 12,233,232 and 1.83 (300), b4 19,341,616 and 4.39 (380); lite0
 * 4,652,008 and 0.40 (224), v2_s 21,458,488 and 8.37 (384). Input [h, w, 3]. Other sizes are given as a record.
 *
 * @example
 * const model = await createModel(efficientnet("b0", { classes: 10 }), { inputShape: [224, 224, 3] });
 */
export function efficientnet(
  variant: EfficientNetVariant | EfficientNetSizes,
  options?: EfficientNetOptions,
): Sequential {
  const expected = `${Object.keys(VARIANTS).join(", ")} or { stem, stages, head }`;
  const chosen = checked(expected, isVariant)("efficientnet", "variant", variant);
  const preset: Variant = typeof chosen === "string" ? VARIANTS[chosen] : { sizes: () => chosen, dropout: 0.2 };
  const given = readOptions("efficientnet", options, schema);
  const { classes, inChannels, dropout = preset.dropout, stochasticDepth } = given;
  const { names = preset.names ?? "torchvision" } = given;
  const { stem, stages, head } = preset.sizes();
  const activation = preset.isLite ? new ReLU6() : new SiLU();
  const squeeze = preset.isLite ? undefined : { activation: new SiLU(), gate: new Sigmoid() };
  const style = {
    names,
    branch: "block",
    ...(names !== "timm" && preset.norm && { norm: preset.norm }),
    ...(squeeze && { squeeze }),
  } as const;
  const count = stages.reduce((sum, { blocks }) => sum + blocks, 0);
  let [at, from] = [0, stem];
  const blocks = stages.map((stage) =>
    Array.from({ length: stage.blocks }, (_, i): Layer => {
      const { kind, expansion, kernel: kernelSize, channels: outChannels } = stage;
      const sizes = { inChannels: from, expanded: roundChannels(from * expansion), outChannels, kernelSize };
      const squeeze = kind === "fused" ? 0 : Math.max(1, Math.floor(from / 4));
      const block: Inverted = {
        ...sizes,
        squeeze,
        stride: i === 0 ? stage.stride : 1,
        activation,
        isFused: kind === "fused",
      };
      from = outChannels;
      return invertedResidual(block, style, (stochasticDepth * at++) / count);
    }),
  );
  const net = {
    stem: { from: inChannels, to: stem, kernelSize: 3, stride: 2, activation },
    stages: blocks,
    head: { from, to: head, activation },
    ...{ dropout, classes },
  };
  const bound = 1 / Math.sqrt(classes); // torchvision's, by the outputs
  return chain(net, style, { init: { kind: "uniform", bound } }, false);
}
