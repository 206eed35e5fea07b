/**
 * Layers are immutable descriptions. A layer knows its hyper-parameters, writes itself as JSON, and records its ops and
 * parameters into a graph; it holds no weights. The same instance may stand at several places: each gets parameters of
 * its own, named after the place.
 */
import { checked, integer } from "../core/options.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import type { SeveralOutputs } from "./outputs.js";

/** A layer as JSON: its class and the arguments of its constructor. */
export interface LayerJSON {
  type: string;
  args: unknown[];
}

/** A network with another head, and the path of the layer that is new. */
export interface NewHead {
  network: Layer;
  head: string;
}

/**
 * The base of all layers: an immutable description that records its ops into a graph and holds no weights.
 *
 * @example
 * class Rectified extends Layer {
 *   readonly type = "Rectified";
 *   protected args() {
 *     return [];
 *   }
 *   protected record(b: Builder, x: ValueId): ValueId {
 *     return b.relu(x);
 *   }
 * }
 * registerLayer("Rectified", Rectified); // so that saved models with it are loaded
 */
export abstract class Layer {
  /** The class name, as in JSON and in `summary()`. */
  abstract readonly type: string;

  /** The constructor's arguments, as JSON may have them; layers among them are written as JSON in turn. */
  protected abstract args(): unknown[];

  /** Records the layer's ops on `x` and returns its output. */
  protected abstract record(b: Builder, x: ValueId): ValueId;

  /** @internal Vue makes no proxy of what has it: private members are not those of a proxy. */
  get __v_skip(): boolean {
    return true;
  }

  /** @internal Of a network with several outputs, which `record` returns as one: [n, all numbers]. */
  outputs?(): SeveralOutputs | undefined;

  /** @internal Of a network that takes one sample at a time. */
  takesOne?(): boolean;

  /** @internal For `replaceHead`. */
  withHead?(classes: number, head: string | undefined): NewHead;

  /** Records this layer at the builder's present path. */
  build(b: Builder, x: ValueId): ValueId {
    const y = this.record(b, x);
    b.layer(this.type, y);
    return y;
  }

  toJSON(): LayerJSON {
    return { type: this.type, args: this.args().map(plain) };
  }
}

/** Layers in arrays and records, however deep, as JSON. */
function plain(value: unknown): unknown {
  if (value instanceof Layer) return value.toJSON();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

/** A layer made of others, under a type and arguments of its own. */
export abstract class Composite extends Layer {
  /** What the layer stands for. */
  abstract readonly body: Layer;

  protected record(b: Builder, x: ValueId): ValueId {
    return this.body.build(b, x);
  }
}

const isLayer = (value: unknown): value is Layer => value instanceof Layer;

/** A layer among the arguments. */
export const expectLayer = (where: string, name: string, value: unknown): Layer =>
  checked("a layer", isLayer)(where, name, value);

/** A number of features, channels or the like among the arguments. */
export const expectSize = (where: string, name: string, value: unknown): number =>
  integer({ min: 1 })(where, name, value);
