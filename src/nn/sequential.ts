/** Layers one after another, and those that compute nothing. */
import { ArgumentError, expectation } from "../core/errors.js";
import { checked, optional, readOptions, type Schema } from "../core/options.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { expectLayer, Layer } from "./layer.js";

/** What the children are called in paths and parameter names; "" gives a child no level of its own. */
export type ChildNames = Readonly<Record<string, string>>;

export interface SequentialOptions {
  /** Names in paths for some of the record's keys: `{ act: "" }`. Default: the keys themselves. */
  names?: ChildNames;
}

/** Names in paths for some of the children. */
export const childNames = <K extends string>(children: readonly K[]) => {
  const known: ReadonlySet<string> = new Set(children);
  return checked(
    `names without dots for some of ${children.join(", ")}`,
    (value): value is string extends K ? ChildNames : { readonly [name in K]?: string } =>
      typeof value === "object" &&
      value !== null &&
      Object.entries(value).every(([key, name]) => known.has(key) && typeof name === "string" && !name.includes(".")),
  );
};

/**
 * Layers one after the other. Takes them as arguments (named "0", "1", …) or as one record whose keys become the
 * names, as in `new Sequential({ conv1: …, bn1: … })`.
 *
 * @example
 * new Sequential({ conv1: new Conv2d(3, 8, { kernelSize: 3 }), relu: new ReLU() }); // conv1.weight, conv1.bias
 */
export class Sequential extends Layer {
  readonly type = "Sequential";
  readonly layers: readonly (readonly [name: string, layer: Layer])[];
  /** Whether the layers were given as a record. */
  readonly isNamed: boolean;
  /** What some children are called in paths instead of their keys. */
  readonly names: ChildNames | undefined;

  constructor(...layers: Layer[] | [layers: Record<string, Layer>, options?: SequentialOptions]) {
    super();
    const [first, options] = layers;
    this.isNamed = layers.length > 0 && !(first instanceof Layer);
    if (this.isNamed && (typeof first !== "object" || first === null || Array.isArray(first) || layers.length > 2))
      throw new ArgumentError(expectation("Sequential", "layers", "layers, or one record of layers", first));
    const entries = Object.entries(this.isNamed ? (first as Record<string, Layer>) : { ...layers });
    for (const [name, layer] of entries) {
      expectLayer("Sequential", name, layer);
      // JavaScript moves such keys to a record's front, in ascending order, whatever the order in which they were written.
      if (this.isNamed && /^(0|[1-9]\d*)$/.test(name)) {
        const hint = "Layers in a list are named by their places: new Sequential(first, second)";
        throw new ArgumentError(expectation("Sequential", "name", "no integer", JSON.stringify(name), { hint }));
      }
      if (name === "" || name.includes("."))
        throw new ArgumentError(
          expectation("Sequential", "name", "a non-empty name without dots", JSON.stringify(name)),
        );
    }
    this.layers = entries as [string, Layer][];
    const schema = () =>
      ({ names: optional(childNames(entries.map(([name]) => name))) }) satisfies Schema<SequentialOptions>;
    this.names = this.isNamed ? readOptions("Sequential", options, schema).names : undefined;
  }

  protected args(): unknown[] {
    if (!this.isNamed) return this.layers.map(([, layer]) => layer);
    const { names } = this;
    return [Object.fromEntries(this.layers), ...(names ? [{ names }] : [])];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { names = {} } = this;
    const nameOf = (key: string) => (Object.hasOwn(names, key) ? names[key] : key);
    return this.layers.reduce((value, [key, layer]) => b.child(nameOf(key), layer, value), x);
  }
}

/**
 * y = x.
 *
 * @example
 * new Residual(new Linear(8, 8), { shortcut: new Identity() });
 */
export class Identity extends Layer {
  readonly type = "Identity";

  protected args(): unknown[] {
    return [];
  }

  protected record(_: Builder, x: ValueId): ValueId {
    return x;
  }
}

/**
 * [n, ...] → [n, everything else]. Images are flattened channels first, as PyTorch does, so that the weights of a
 * following Linear mean the same in both.
 *
 * @example
 * new Sequential(new AdaptiveAvgPool2d(1), new Flatten(), new Linear(64, 10)); // [n, 1, 1, 64] → [n, 64]
 */
export class Flatten extends Layer {
  readonly type = "Flatten";

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.flatten(x);
  }
}
