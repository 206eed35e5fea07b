/** Layers from JSON: which class stands for a type, and whose arguments are layers in turn. */
import { expectation, FormatError } from "../core/errors.js";
import type { Layer, LayerJSON } from "./layer.js";

type LayerClass = new (...args: never[]) => Layer;

/** Layer classes by the types that JSON has for them. */
export type LayerClasses = Readonly<Record<string, LayerClass>>;

/** Those of the program that uses the library. */
const registered = new Map<string, LayerClass>();

/** Makes a class of your own known to `layerFromJSON`, and so to `loadModel`. */
export function registerLayer(type: string, layer: LayerClass): void {
  registered.set(type, layer);
}

/** Rebuilds a layer from `toJSON()`. Throws `FormatError` on an unknown type and whatever the constructor refuses. */
export function makeLayer(json: unknown, classes: LayerClasses, depth = 0): Layer {
  const { type, args } = (json ?? {}) as Partial<LayerJSON>;
  if (typeof type !== "string" || !Array.isArray(args) || depth > 64)
    throw new FormatError(expectation("architecture", "layer", "{ type, args } nested at most 64 deep", json));
  const Own = registered.get(type) ?? (Object.hasOwn(classes, type) ? classes[type] : undefined);
  if (!Own) {
    const known = [...Object.keys(classes), ...registered.keys()];
    throw new FormatError(expectation("architecture", "layer type", known.join(", "), JSON.stringify(type)));
  }
  return new Own(...(args.map((arg) => revive(arg, classes, depth + 1)) as never[]));
}

function isLayerJSON(value: unknown): boolean {
  const { type, args } = (value ?? {}) as Partial<LayerJSON>;
  return typeof type === "string" && Array.isArray(args);
}

/** Layers may stand in arguments directly, in arrays, or as the values of a record. */
function revive(arg: unknown, classes: LayerClasses, depth: number): unknown {
  if (isLayerJSON(arg)) return makeLayer(arg, classes, depth);
  if (depth > 64) throw new FormatError(expectation("architecture", "nesting", "at most 64 levels", depth));
  if (Array.isArray(arg)) return arg.map((item) => revive(item, classes, depth + 1));
  if (typeof arg === "object" && arg !== null)
    return Object.fromEntries(Object.entries(arg).map(([key, value]) => [key, revive(value, classes, depth + 1)]));
  return arg;
}
