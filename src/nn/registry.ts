/** Layers from JSON: which class stands for a type, and whose arguments are layers in turn. */
import { expectation, FormatError } from "../core/errors.js";
import type { Layer, LayerJSON } from "./layer.js";

export type LayerClass = new (...args: never[]) => Layer;

/** Levels of layers, arrays and records in a network. */
const MAX_DEPTH = 256;
/** Arguments of a layer, more than a saved network can have; engines end a call with somewhat more. */
const MAX_ARGS = 50_000;

/** Layer classes by the types that JSON has for them. */
export type LayerClasses = Readonly<Record<string, LayerClass>>;

/** Those of the program that uses the library, and those that are fetched when a file has them. */
const registered = new Map<string, LayerClass>();

/**
 * Makes a class of your own known to `layerFromJSON`, and so to `loadModel`.
 *
 * @example
 * class Quadruple extends Layer {
 *   readonly type = "Quadruple";
 *   protected args() {
 *     return [];
 *   }
 *   protected record(b: Builder, x: ValueId): ValueId {
 *     return b.add(b.add(x, x), b.add(x, x));
 *   }
 * }
 * registerLayer("Quadruple", Quadruple);
 */
export function registerLayer(type: string, layer: LayerClass): void {
  registered.set(type, layer);
}

/** What `makeLayer` makes of a type. */
export const layerClass = (type: string, classes: LayerClasses): LayerClass | undefined =>
  registered.get(type) ?? (Object.hasOwn(classes, type) ? classes[type] : undefined);

/** Rebuilds a layer from `toJSON()`. Throws `FormatError` on an unknown type and whatever the constructor refuses. */
export function makeLayer(json: unknown, classes: LayerClasses, depth = 0): Layer {
  const { type, args } = (json ?? {}) as Partial<LayerJSON>;
  if (typeof type !== "string" || !Array.isArray(args) || args.length > MAX_ARGS || depth > MAX_DEPTH) {
    const expected = `{ type, args } nested at most ${MAX_DEPTH} deep`;
    throw new FormatError(expectation("architecture", "layer", expected, json));
  }
  const Own = layerClass(type, classes);
  if (!Own) {
    const known = [...Object.keys(classes), ...registered.keys()].join(", ");
    const hint =
      type === "Quantized"
        ? "loadModel of resnet-wasm/quantize reads it"
        : `A layer of your own is given to registerLayer first; known are ${known}`;
    throw new FormatError(
      expectation("architecture", "layer type", "one that is known", JSON.stringify(type), { hint }),
    );
  }
  return new Own(...(args.map((arg) => revive(arg, classes, depth + 1)) as never[]));
}

function isLayerJSON(value: unknown): boolean {
  const { type, args } = (value ?? {}) as Partial<LayerJSON>;
  return typeof type === "string" && Array.isArray(args);
}

const tooDeep = (depth: number) =>
  new FormatError(expectation("architecture", "nesting", `at most ${MAX_DEPTH} levels`, depth));

/** Throws `FormatError` on what `makeLayer` would refuse for its depth. */
export function expectNesting(json: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw tooDeep(depth);
  const items: unknown = isLayerJSON(json) ? (json as LayerJSON).args : json;
  if (typeof items === "object" && items !== null)
    for (const item of Object.values(items)) expectNesting(item, depth + 1);
}

/** Layers may stand in arguments directly, in arrays, or as the values of a record. */
function revive(arg: unknown, classes: LayerClasses, depth: number): unknown {
  if (isLayerJSON(arg)) return makeLayer(arg, classes, depth);
  if (depth > MAX_DEPTH) throw tooDeep(depth);
  if (Array.isArray(arg)) return arg.map((item) => revive(item, classes, depth + 1));
  if (typeof arg === "object" && arg !== null)
    return Object.fromEntries(Object.entries(arg).map(([key, value]) => [key, revive(value, classes, depth + 1)]));
  return arg;
}
