/**
 * The library's layers by the types that JSON has for them. Programs that make their networks import what they use; only
 * those that read networks from JSON need all.
 */
import {
  ELU,
  GELU,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  LogSoftmax,
  Mish,
  ReLU,
  ReLU6,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from "./activations.js";
import { BasicBlock, Bottleneck, PreActBlock } from "./blocks.js";
import { Conv2d } from "./conv.js";
import { Dropout, StochasticDepth } from "./dropout.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { ChannelShuffle, ConstantPad2d, ZeroPad2d } from "./movement.js";
import { NORMALIZATIONS } from "./norm.js";
import { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from "./pool.js";
import { type LayerClasses, makeLayer } from "./registry.js";
import { Residual } from "./residual.js";
import { Flatten, Identity, Sequential } from "./sequential.js";
import { PadShortcut } from "./shortcut.js";
import { SqueezeExcitation } from "./squeeze-excitation.js";
import { TabularBlock } from "./tabular-block.js";

/** Shorthand keys keep the names when a bundler shortens the classes'. */
const layers = (): LayerClasses => ({
  ...{ ReLU, ReLU6, LeakyReLU, GELU, SiLU, Sigmoid, Tanh, ELU, Hardswish, Hardsigmoid, Mish, Softplus },
  ...{ Softmax, LogSoftmax },
  ...NORMALIZATIONS,
  ...{ Linear, Conv2d, Dropout, StochasticDepth },
  ...{ MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, Flatten, Identity, Sequential },
  ...{ ChannelShuffle, ZeroPad2d, ConstantPad2d },
  ...{ Residual, BasicBlock, Bottleneck, PreActBlock, PadShortcut, SqueezeExcitation, TabularBlock },
});

/** Rebuilds a layer from `toJSON()`. Throws `FormatError` on an unknown type and whatever the constructor refuses. */
export const layerFromJSON = (json: unknown): Layer => makeLayer(json, layers());
