/**
 * Layers are immutable descriptions. A layer knows its hyper-parameters, writes itself as JSON, and records its ops and
 * parameters into a graph; it holds no weights. The same instance may stand at several places: each gets parameters of
 * its own, named after the place.
 */

import { ArgumentError, expectation } from "../core/errors.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";

/** A layer as JSON: its class and the arguments of its constructor. */
export interface LayerJSON {
  type: string;
  args: unknown[];
}

/** The base of all layers: an immutable description that records its ops into a graph and holds no weights. */
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

export function expectLayer(where: string, name: string, value: unknown): Layer {
  if (value instanceof Layer) return value;
  throw new ArgumentError(expectation(where, name, "a layer", value));
}
