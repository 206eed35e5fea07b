/** The shortcut without parameters. */
import { ArgumentError, expectation } from "../core/errors.js";
import { integer, oneOf, readOptions, type Schema } from "../core/options.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { padShortcut } from "../ops/shape.js";
import { expectSize, Layer } from "./layer.js";

export interface PadShortcutOptions {
  /** Take every stride-th pixel of every stride-th row. Default 1. */
  stride?: number;
  /** Where the new channels go: `"split"` half before and half after (default), `"append"` all after. */
  side?: "split" | "append";
}

const schema = () =>
  ({
    stride: integer({ min: 1, default: 1 }),
    side: oneOf(["split", "append"], "split"),
  }) satisfies Schema<PadShortcutOptions>;

/**
 * The parameter-free shortcut where the shape changes (He et al. 2015, option A): every stride-th pixel, and channels
 * of zeros added. The paper leaves open on which side; both are in use, so weights trained with one need that one.
 *
 * @example
 * new Residual(new Conv2d(16, 32, { kernelSize: 3, stride: 2, padding: 1 }), { shortcut: new PadShortcut(16, 32, { stride: 2 }) });
 */
export class PadShortcut extends Layer {
  readonly type = "PadShortcut";
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: Required<PadShortcutOptions>;

  constructor(inChannels: number, outChannels: number, options?: PadShortcutOptions) {
    super();
    this.options = readOptions("PadShortcut", options, schema);
    this.inChannels = expectSize("PadShortcut", "inChannels", inChannels);
    this.outChannels = expectSize("PadShortcut", "outChannels", outChannels);
    if (outChannels < inChannels)
      throw new ArgumentError(expectation("PadShortcut", "outChannels", `at least ${inChannels}`, outChannels));
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { inChannels, outChannels, options } = this;
    const shape = b.shape(x);
    const fits = (shape.length === 2 || shape.length === 4) && shape[shape.length - 1] === inChannels;
    b.expect(fits, "input", `[n, ${inChannels}] or [n, h, w, ${inChannels}]`, shape);
    const added = outChannels - inChannels;
    const front = options.side === "split" ? Math.floor(added / 2) : 0;
    const back = added - front;
    if (shape.length === 4) return b.op(padShortcut, [x], { stride: options.stride, front, back })[0];
    const [n] = shape;
    const [padded] = b.op(padShortcut, [b.reshape(x, [n, 1, 1, inChannels])], { stride: 1, front, back });
    return b.reshape(padded, [n, outChannels]);
  }
}
