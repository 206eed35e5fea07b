// The slab of a depthwise convolution: a band of rows of some channels of an image, with its zero padding.
import { at_most_4 } from "../range";

/** Pixels of the slab this many bytes (or a multiple) apart fall into the same cache sets, and are set apart. */
const SAME_SETS: usize = 1024;

/** Bytes from one pixel of the slab to the next: whole vectors. */
// @ts-ignore: decorator
@inline
export function slab_pixel(channels: i32): usize {
  const bytes = <usize>((channels + 3) & ~3) << 2;
  return bytes % SAME_SETS ? bytes : bytes + 64;
}

/**
 * Columns [left, left + cols) of `rows` rows of an image [w][ic], the first `channels` from `from` on; zeros where they
 * lie outside.
 */
export function copy_channels(from: usize, w: i32, ic: i32, left: i32, rows: i32, cols: i32, channels: i32,
  to: usize): void {
  const step = <usize>ic << 2, pixel = slab_pixel(channels);
  const begin = min(max(-left, 0), cols), end = max(min(cols, w - left), begin);
  const head = <usize>begin * pixel, body = <usize>(end - begin) * pixel, tail = <usize>(cols - end) * pixel;
  from += <usize>(left + begin) * step;
  for (; rows > 0; rows--) {
    memory.fill(to, 0, head);
    to += head;
    if (pixel == step) memory.copy(to, from, body);
    else {
      let p = from;
      for (let at = to, until = to + body; at < until; at += pixel) {
        let c = channels;
        let a = p, b = at;
        for (; c >= 4; c -= 4) {
          v128.store(b, v128.load(a));
          a += 16;
          b += 16;
        }
        if (c) v128.store(b, at_most_4(a, c, 0));
        p += step;
      }
    }
    to += body;
    memory.fill(to, 0, tail);
    to += tail;
    from += <usize>w * step;
  }
}
