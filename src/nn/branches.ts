/** Branches side by side. */
import { ArgumentError, expectation } from "../core/errors.js";
import { integer, isRecord, optional, readOptions, type Schema } from "../core/options.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { expectLayer, Layer } from "./layer.js";
import { concat, type SliceOptions, slice } from "./movement.js";
import { type ChildNames, childNames } from "./sequential.js";

export interface ConcatOptions {
  /** Default -1, the channels. */
  axis?: number;
  /** Names in paths for some of the record's keys; "" gives a branch no level of its own. Default: the keys themselves. */
  names?: ChildNames;
}

/**
 * What several branches make of x, one after the other along the channels (Huang et al. 2016, arXiv:1608.06993). Branches
 * are given as an array (named "0", "1", …) or as a record whose keys become the names.
 *
 *     new Concat({ skip: new Identity(), layer: new Conv2d(16, 8, { kernelSize: 3, padding: 1 }) }) // [n, h, w, 16 + 8]
 *
 * @example
 * new Concat([new Conv2d(8, 4, { kernelSize: 1 }), new Conv2d(8, 4, { kernelSize: 3, padding: 1 })]); // 8 channels
 */
export class Concat extends Layer {
  readonly type = "Concat";
  readonly branches: readonly Layer[] | Readonly<Record<string, Layer>>;
  readonly options: { axis: number; names: ChildNames | undefined };

  constructor(branches: readonly Layer[] | Readonly<Record<string, Layer>>, options?: ConcatOptions) {
    super();
    if (!Array.isArray(branches) && !isRecord(branches))
      throw new ArgumentError(expectation("Concat", "branches", "an array or a record of layers", branches));
    const entries = Object.entries(branches);
    for (const [name, layer] of entries) expectLayer("Concat", name, layer);
    if (entries.length === 0) throw new ArgumentError(expectation("Concat", "branches", "at least one", "none"));
    const schema = () =>
      ({
        axis: integer({ min: -8, default: -1 }),
        names: optional(childNames(entries.map(([name]) => name))),
      }) satisfies Schema<ConcatOptions>;
    this.branches = branches;
    this.options = readOptions("Concat", options, schema);
  }

  protected args(): unknown[] {
    const { axis, names } = this.options;
    return [this.branches, { axis, ...(names && { names }) }];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { axis, names = {} } = this.options;
    const nameOf = (key: string) => (Object.hasOwn(names, key) ? names[key] : key);
    const values = Object.entries(this.branches).map(([key, layer]) => b.child(nameOf(key), layer, x));
    return concat(b, values, axis);
  }
}

/**
 * The elements with an index of [start, end) along an axis, the channels unless another is given.
 *
 * @example
 * new Slice({ axis: -1, start: 0, end: 4 }); // the first four channels
 */
export class Slice extends Layer {
  readonly type = "Slice";
  readonly options: SliceOptions;

  constructor(options: SliceOptions) {
    super();
    if (!isRecord(options)) throw new ArgumentError(expectation("Slice", "options", "an object", options));
    this.options = { ...options };
  }

  protected args(): unknown[] {
    return [this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return slice(b, x, this.options);
  }
}
