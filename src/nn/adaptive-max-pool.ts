/** The largest values over a grid of bins. */
import { pair, type Size } from "../core/size.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { maxPool2d } from "../ops/pool.js";
import { Layer } from "./layer.js";
import { concat, slice } from "./movement.js";

/**
 * The largest value of each of `size` bins that cover the image, whatever its size; of equal ones the first has the gradient.
 * [n, h, w, c] → [n, size[0], size[1], c].
 *
 * @example
 * new AdaptiveMaxPool2d(1); // [n, h, w, c] → [n, 1, 1, c]
 */
export class AdaptiveMaxPool2d extends Layer {
  readonly type = "AdaptiveMaxPool2d";
  readonly size: [number, number];

  constructor(size: Size) {
    super();
    this.size = pair(1)("AdaptiveMaxPool2d", "size", size);
  }

  protected args(): unknown[] {
    return [this.size];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const [, h, w] = b.shape(x);
    b.expect(b.shape(x).length === 4, "input", "[n, h, w, channels]", b.shape(x));
    const [oh, ow] = this.size;
    // Bins of one size are one pool; others each a pool of its own, of a part of the image.
    if (h % oh === 0 && w % ow === 0) return most(b, x, [h / oh, w / ow], this.size);
    const rows = bins(h, oh).map(([top, bottom]) => {
      const band = slice(b, x, { axis: 1, start: top, end: bottom });
      const columns = bins(w, ow).map(([left, right]) => {
        return most(b, slice(b, band, { axis: 2, start: left, end: right }), [bottom - top, right - left], [1, 1]);
      });
      return concat(b, columns, 2);
    });
    return concat(b, rows, 1);
  }
}

const most = (b: Builder, x: ValueId, kernel: [number, number], output: [number, number]): ValueId =>
  b.op(maxPool2d, [x], { kernel, stride: kernel, padding: [0, 0], output })[0];

/** PyTorch's bins: [floor(i size / count), ceil((i + 1) size / count)). */
const bins = (size: number, count: number): [from: number, to: number][] =>
  Array.from({ length: count }, (_, i) => [Math.floor((i * size) / count), Math.ceil(((i + 1) * size) / count)]);
