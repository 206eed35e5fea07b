// A small network of each family, with all kinds of its blocks.
import {
  convnext,
  densenet,
  efficientnet,
  type Layer,
  mobilenetV2,
  mobilenetV3,
  regnet,
  resnetv2_50,
  resnetv2_50x1_bit,
  shufflenetV2,
} from "../../src/faces/main.js";

/** By the names of their golden files; 10 classes, images of three channels. Without what is random in training. */
export const SMALL: Record<string, () => Layer> = {
  "mobilenet_v2-small": () =>
    mobilenetV2({
      stages: [
        [1, 8, 1, 1],
        [6, 16, 2, 2],
        [6, 24, 2, 2],
        [6, 32, 1, 1],
      ],
      ...{ width: 0.5, classes: 10, dropout: 0 },
    }),
  "mobilenet_v3-small": () =>
    mobilenetV3(
      {
        stem: 8,
        stages: [
          [
            [3, 8, 8, true, "relu", 2],
            [5, 24, 16, false, "relu", 2],
            [5, 48, 16, true, "hardswish", 1],
          ],
        ],
        features: 32,
      },
      { classes: 10, dropout: 0 },
    ),
  "efficientnet-small": () =>
    efficientnet(
      {
        stem: 8,
        stages: [
          { kind: "fused", expansion: 1, kernel: 3, stride: 1, channels: 8, blocks: 1 },
          { kind: "fused", expansion: 4, kernel: 3, stride: 2, channels: 16, blocks: 2 },
          { expansion: 4, kernel: 3, stride: 1, channels: 16, blocks: 1 },
          { expansion: 6, kernel: 5, stride: 2, channels: 24, blocks: 2 },
        ],
        head: 64,
      },
      { classes: 10, dropout: 0, stochasticDepth: 0 },
    ),
  "convnext-small": () => convnext({ depths: [1, 2, 1], dims: [8, 16, 24] }, { classes: 10, layerScale: 0.5 }),
  "regnet-small": () =>
    regnet({ depths: [1, 2], widths: [16, 32], groupWidths: [8, 16], seRatio: 0.25, stem: 16 }, { classes: 10 }),
  "densenet-small": () => densenet({ growth: 8, blocks: [2, 3], stem: 16, bottleneck: 2 }, { classes: 10 }),
  "shufflenet-small": () =>
    shufflenetV2(
      {
        stem: 8,
        stages: [
          [16, 2],
          [24, 2],
          [32, 1],
        ],
        head: 48,
      },
      { classes: 10 },
    ),
  "resnetv2-small": () => resnetv2_50({ blocks: [1, 2], channels: [32, 64], classes: 10 }),
  "resnetv2_bit-small": () => resnetv2_50x1_bit({ blocks: [2, 1], channels: [128, 256], classes: 10 }),
};
