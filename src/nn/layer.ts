/**
 * Layers are immutable descriptions. A layer knows its hyper-parameters, writes itself as JSON, and records its ops and
 * parameters into a graph; it holds no weights. The same instance may stand at several places: each gets parameters of
 * its own, named after the place.
 */
import { ArgumentError, expectation, FormatError } from "../core/errors.js";
import type { Builder } from "../graph/builder.js";
import type { ValueId } from "../graph/graph.js";

/** A layer as JSON: its class and the arguments of its constructor. */
export interface LayerJSON {
  type: string;
  args: unknown[];
}

export abstract class Layer {
  /** The class name, as in JSON and in `summary()`. */
  abstract readonly type: string;

  /** The constructor's arguments; layers among them are written as JSON in turn. */
  protected abstract args(): unknown[];

  /** Records the layer's ops on `x` and returns its output. */
  protected abstract record(b: Builder, x: ValueId): ValueId;

  /** Records this layer at the builder's present path. */
  build(b: Builder, x: ValueId): ValueId {
    const y = this.record(b, x);
    b.layer(this.type, y);
    return y;
  }

  toJSON(): LayerJSON {
    return { type: this.type, args: this.args() };
  }
}

type Constructor = new (...args: never[]) => Layer;

const registry = new Map<string, Constructor>();

/** Makes a class known to `layerFromJSON`. Each layer file registers its own; register yours to save and load it. */
export function registerLayer(type: string, layer: Constructor): void {
  registry.set(type, layer);
}

/** Rebuilds a layer from `toJSON()`. Throws `FormatError` on an unknown type and whatever the constructor refuses. */
export function layerFromJSON(json: unknown, depth = 0): Layer {
  const { type, args } = (json ?? {}) as Partial<LayerJSON>;
  if (typeof type !== "string" || !Array.isArray(args) || depth > 64)
    throw new FormatError(expectation("architecture", "layer", "{ type, args } nested at most 64 deep", json));
  const LayerClass = registry.get(type);
  if (!LayerClass)
    throw new FormatError(
      expectation("architecture", "layer type", [...registry.keys()].join(", "), JSON.stringify(type)),
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

export function expectLayer(where: string, name: string, value: unknown): Layer {
  if (value instanceof Layer) return value;
  throw new ArgumentError(expectation(where, name, "a layer", value));
}
