/** The layers by the names that JSON has for them. Only a program that reads networks from JSON needs all of them. */
import { expectation, FormatError } from "../core/errors.js";
import { ELU, GELU, Hardswish, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Tanh } from "./activations.js";
import { BasicBlock, Bottleneck, PreActBlock } from "./blocks.js";
import { Conv2d } from "./conv.js";
import { Dropout, StochasticDepth } from "./dropout.js";
import type { Layer, LayerJSON } from "./layer.js";
import { Linear } from "./linear.js";
import { NORMALIZATIONS } from "./norm.js";
import { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from "./pool.js";
import { Residual } from "./residual.js";
import { Flatten, Identity, Sequential } from "./sequential.js";
import { PadShortcut } from "./shortcut.js";
import { SqueezeExcitation } from "./squeeze-excitation.js";
import { TabularBlock } from "./tabular-block.js";

type Constructor = new (...args: never[]) => Layer;

/** Made at the first use. Shorthand keys keep the names when a bundler shortens the classes'. */
let catalogue: Map<string, Constructor> | undefined;

function known(): Map<string, Constructor> {
  if (catalogue) return catalogue;
  catalogue = new Map<string, Constructor>(
    Object.entries({
      ...{ ReLU, LeakyReLU, GELU, SiLU, Sigmoid, Tanh, ELU, Hardswish, Softmax, LogSoftmax },
      ...NORMALIZATIONS,
      ...{ Linear, Conv2d, Dropout, StochasticDepth },
      ...{ MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, Flatten, Identity, Sequential },
      ...{ Residual, BasicBlock, Bottleneck, PreActBlock, PadShortcut, SqueezeExcitation, TabularBlock },
    }),
  );
  return catalogue;
}

/** Makes a class of your own known to `layerFromJSON`, and so to `loadModel`. */
export function registerLayer(type: string, layer: Constructor): void {
  known().set(type, layer);
}

/** Rebuilds a layer from `toJSON()`. Throws `FormatError` on an unknown type and whatever the constructor refuses. */
export function layerFromJSON(json: unknown, depth = 0): Layer {
  const { type, args } = (json ?? {}) as Partial<LayerJSON>;
  if (typeof type !== "string" || !Array.isArray(args) || depth > 64)
    throw new FormatError(expectation("architecture", "layer", "{ type, args } nested at most 64 deep", json));
  const LayerClass = known().get(type);
  if (!LayerClass)
    throw new FormatError(
      expectation("architecture", "layer type", [...known().keys()].join(", "), JSON.stringify(type)),
    );
  return new LayerClass(...(args.map((arg) => revive(arg, depth + 1)) as never[]));
}

function isLayerJSON(value: unknown): boolean {
  const { type, args } = (value ?? {}) as Partial<LayerJSON>;
  return typeof type === "string" && Array.isArray(args);
}

/** Layers may stand in arguments directly, in arrays, or as the values of a record. */
function revive(arg: unknown, depth: number): unknown {
  if (isLayerJSON(arg)) return layerFromJSON(arg, depth);
  if (depth > 64) throw new FormatError(expectation("architecture", "nesting", "at most 64 levels", depth));
  if (Array.isArray(arg)) return arg.map((item) => revive(item, depth + 1));
  if (typeof arg === "object" && arg !== null)
    return Object.fromEntries(Object.entries(arg).map(([key, value]) => [key, revive(value, depth + 1)]));
  return arg;
}
