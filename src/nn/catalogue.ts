/** The layers of classic residual networks, by the types that JSON has for them; all others stand in `further.ts`. */
import { BatchNorm1d, BatchNorm2d } from "./batch-norm.js";
import { BasicBlock, Bottleneck, PreActBlock } from "./blocks.js";
import { Conv2d } from "./conv.js";
import { Dropout, StochasticDepth } from "./dropout.js";
import { Linear } from "./linear.js";
import { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from "./pool.js";
import type { LayerClasses } from "./registry.js";
import { ReLU } from "./relu.js";
import { Residual } from "./residual.js";
import { Flatten, Identity, Sequential } from "./sequential.js";
import { PadShortcut } from "./shortcut.js";
import { SqueezeExcitation } from "./squeeze-excitation.js";

/** Shorthand keys keep the names when a bundler shortens the classes'. */
export const classicLayers = (): LayerClasses => ({
  ...{ ReLU, BatchNorm1d, BatchNorm2d, Linear, Conv2d, Dropout, StochasticDepth },
  ...{ MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, Flatten, Identity, Sequential },
  ...{ Residual, BasicBlock, Bottleneck, PreActBlock, PadShortcut, SqueezeExcitation },
});
