/**
 * All layers that classic residual networks do without, by the types that JSON has for them. A layer that is added stands
 * here: programs that make their networks import what they use; only those that read networks from JSON need all.
 */
import {
  ELU,
  GELU,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  LogSoftmax,
  Mish,
  ReLU6,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from "./activations.js";
import { AdaptiveMaxPool2d } from "./adaptive-max-pool.js";
import { Concat, Slice } from "./branches.js";
import { ConvTranspose1d, ConvTranspose2d } from "./conv-transpose.js";
import { Gate } from "./gate.js";
import { LayerScale, PReLU } from "./maps.js";
import { ChannelShuffle, ConstantPad2d, ZeroPad2d } from "./movement.js";
import { GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm } from "./norm.js";
import type { LayerClasses } from "./registry.js";
import { ReflectionPad2d, ReplicationPad2d, Upsample } from "./resize.js";
import { AdaptiveAvgPool1d, AvgPool1d, Conv1d, MaxPool1d } from "./signals.js";
import { StdConv2d } from "./std-conv.js";
import { TabularBlock } from "./tabular-block.js";

/** Shorthand keys keep the names when a bundler shortens the classes'. */
export const furtherLayers = (): LayerClasses => ({
  ...{ ReLU6, LeakyReLU, GELU, SiLU, Sigmoid, Tanh, ELU, Hardswish, Hardsigmoid, Mish, Softplus },
  ...{ Softmax, LogSoftmax },
  ...{ LayerNorm, GroupNorm, InstanceNorm2d },
  ...{ ChannelShuffle, ZeroPad2d, ConstantPad2d },
  ...{ LayerScale, PReLU },
  ...{ ConvTranspose1d, ConvTranspose2d, Upsample, AdaptiveMaxPool2d, InstanceNorm1d },
  ...{ ReflectionPad2d, ReplicationPad2d },
  ...{ Conv1d, MaxPool1d, AvgPool1d, AdaptiveAvgPool1d },
  ...{ Concat, Slice, Gate, StdConv2d, TabularBlock },
});
