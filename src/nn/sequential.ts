import { ArgumentError, expectation } from "../core/errors.js";
import { numel } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { reshape, transposeChannels } from "../ops/shape.js";
import { expectLayer, Layer } from "./layer.js";

/**
 * Layers one after the other. Takes them as arguments (named "0", "1", …) or as one record whose keys become the
 * names, as in `new Sequential({ conv1: …, bn1: … })`.
 */
export class Sequential extends Layer {
  readonly type = "Sequential";
  readonly layers: readonly (readonly [name: string, layer: Layer])[];
  /** Whether the layers were given as a record. */
  readonly isNamed: boolean;

  constructor(...layers: Layer[] | [Record<string, Layer>]) {
    super();
    const [first] = layers;
    this.isNamed = layers.length === 1 && !(first instanceof Layer);
    if (this.isNamed && (typeof first !== "object" || first === null || Array.isArray(first)))
      throw new ArgumentError(expectation("Sequential", "layers", "layers, or one record of layers", first));
    const entries = Object.entries(this.isNamed ? (first as Record<string, Layer>) : { ...layers });
    for (const [name, layer] of entries) {
      expectLayer("Sequential", name, layer);
      if (name === "" || name.includes("."))
        throw new ArgumentError(
          expectation("Sequential", "name", "a non-empty name without dots", JSON.stringify(name)),
        );
    }
    this.layers = entries as [string, Layer][];
  }

  protected args(): unknown[] {
    const json = this.layers.map(([name, layer]) => [name, layer.toJSON()] as const);
    return this.isNamed ? [Object.fromEntries(json)] : json.map(([, layer]) => layer);
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return this.layers.reduce((value, [name, layer]) => b.scope(name, () => layer.build(b, value)), x);
  }
}

/** y = x. */
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
 */
export class Flatten extends Layer {
  readonly type = "Flatten";

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const [n, ...rest] = b.shape(x);
    if (rest.length === 1) return x;
    const reorders = rest.length === 3 && rest[2] > 1 && rest[0] * rest[1] > 1;
    const [ordered] = reorders ? b.op(transposeChannels, [x], { toFirst: true }) : [x];
    return b.op(reshape, [ordered], { shape: [n, numel(rest)] })[0];
  }
}
