import { expectInteger, expectOneOf, expectOptions } from "../core/check.js";
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { padShortcut, reshape } from "../ops/shape.js";
import { Layer } from "./layer.js";

export interface PadShortcutOptions {
  /** Take every stride-th pixel of every stride-th row. Default 1. */
  stride?: number;
  /** Where the new channels go: `"split"` half in front and half behind (default), `"append"` all behind. */
  side?: "split" | "append";
}

/**
 * The parameter-free shortcut where the shape changes (He et al. 2015, option A): every stride-th pixel, and channels
 * of zeros added. The paper leaves open on which side; both are in use, so weights trained with one need that one.
 */
export class PadShortcut extends Layer {
  readonly type = "PadShortcut";
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: Required<PadShortcutOptions>;

  constructor(inChannels: number, outChannels: number, options?: PadShortcutOptions) {
    super();
    const { stride = 1, side = "split" } = expectOptions("PadShortcut", options, ["stride", "side"]);
    this.inChannels = expectInteger("PadShortcut", "inChannels", inChannels, 1);
    this.outChannels = expectInteger("PadShortcut", "outChannels", outChannels, 1);
    if (outChannels < inChannels)
      throw new ArgumentError(expectation("PadShortcut", "outChannels", `at least ${inChannels}`, outChannels));
    this.options = {
      stride: expectInteger("PadShortcut", "stride", stride, 1),
      side: expectOneOf("PadShortcut", "side", side, ["split", "append"]),
    };
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { inChannels, outChannels, options } = this;
    const shape = b.shape(x);
    const fits = (shape.length === 2 || shape.length === 4) && shape[shape.length - 1] === inChannels;
    b.expect(
      fits,
      "input",
      `[n, ${inChannels}] or [n, h, w, ${inChannels}]`,
      formatShape(shape),
      undefined,
      ShapeError,
    );
    const added = outChannels - inChannels;
    const front = options.side === "split" ? Math.floor(added / 2) : 0;
    if (shape.length === 4) return b.op(padShortcut, [x], { stride: options.stride, front, back: added - front })[0];
    const [n] = shape;
    const [image] = b.op(reshape, [x], { shape: [n, 1, 1, inChannels] });
    const [padded] = b.op(padShortcut, [image], { stride: 1, front, back: added - front });
    return b.op(reshape, [padded], { shape: [n, outChannels] })[0];
  }
}
