/** The layer that a network in eight bits is: the network it was made of, and how each of its products is computed. */
import { expectation, FormatError } from "../core/errors.js";
import { isRecord } from "../core/options.js";
import type { ValueId } from "../graph/value.js";
import { expectLayer, Layer } from "../nn/layer.js";
import type { Builder } from "../ops/builder.js";
import { emit } from "./emit.js";
import { isPrecision, type Precisions } from "./precision.js";

export class Quantized extends Layer {
  readonly type = "Quantized";
  readonly network: Layer;
  readonly precisions: Precisions;

  constructor(network: Layer, precisions: Precisions) {
    super();
    this.network = expectLayer("Quantized", "network", network);
    if (!isRecord(precisions)) throw new FormatError(expectation("Quantized", "precisions", "a record", precisions));
    for (const [name, value] of Object.entries(precisions))
      if (!isPrecision(value)) {
        const expected = "{ input: { scale, zero } } or { weights }";
        throw new FormatError(expectation("Quantized", `precisions["${name}"]`, expected, value));
      }
    this.precisions = precisions as Precisions;
  }

  protected args(): unknown[] {
    return [this.network, this.precisions];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    b.expect(!b.training, "mode", "inference", "training", { error: FormatError });
    return emit(b, x, this.network, this.precisions);
  }
}
