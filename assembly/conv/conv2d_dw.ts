// Weight gradient of a convolution as a GEMM over output pixels, without im2col:
//
//   dw[oc][kh][kw][ic] = sum over n, oh, ow of
//     dy[n][oh][ow][oc] * x[n][oh * sh - pt + kh * dh][ow * sw - pl + kw * dw][ic]
//
// A tile is 4 output channels by 8 columns of the (kh, kw, ic) axis; the sum runs over the pixels of a band of output
// rows. Of each band dy is packed in panels of 4 channels, and x a strip of 8 columns at a time, so that the
// micro-kernel reads two sequential streams whatever the strides. Each thread owns tiles and walks all pixels: no sum
// depends on the number of threads. A band is summed from zero and then added, which keeps long sums exact.
import { Conv2dDwRecord } from "../generated/records";
import { at_most_4 } from "../range";
import { copy_slab } from "./slab";
import { f32_packed_ukernel_4x8, f32_packed_ukernel_4x8_add } from "./ukernel_packed";
import { f32_packed_ukernel_4x16, f32_packed_ukernel_4x16_add } from "./ukernel_wide";

/** Scratch of a thread: a tile of 4x8, two strips [pixel][8], dy as [group][ocg / 4][pixel][4], the slab. */
export function f32_conv2d_dw(r: Conv2dDwRecord, thread: i32, threads: i32): void {
  const x = r.x, h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, oc = r.oc, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, dilationH = r.dilationH, dilationW = r.dilationW;
  const padLeft = r.padLeft, groups = r.groups, band = r.band;

  const icg = ic / groups, ocg = oc / groups;
  const k = kh * kw * icg; // columns: (kh, kw, ic), a row of dw
  const blocks = (k + 7) >> 3, ocTiles = (ocg + 3) >> 2;
  // Items, the innermost first: tile of output channels, block of columns, group.
  const items = groups * blocks * ocTiles;
  const first = <i32>(<i64>items * thread / threads), last = <i32>(<i64>items * (thread + 1) / threads);
  if (first == last) return;

  const own = r.scratch + <usize>thread * r.scratchStride;
  const tile = own + r.tile, strip = own + r.strip, dyPanels = own + r.dyPanels, slab = own + r.slab;
  const cols = (ow - 1) * strideW + (kw - 1) * dilationW + 1;
  const xStep = <usize>(strideW * ic) << 2;
  const dwStride = <usize>k << 2;
  let fresh = true;
  for (let n = 0; n < r.batch; n++) {
    const image = x + (<usize>n * h * w * ic << 2);
    for (let begin = 0; begin < oh; begin += band) {
      const rows = min(band, oh - begin), pixels = rows * ow;
      const top = begin * strideH - r.padTop;
      const slabRows = (rows - 1) * strideH + (kh - 1) * dilationH + 1;
      let xRow = w * ic, base = image + (<usize>(top * xRow - padLeft * ic) << 2);
      if (top < 0 || top + slabRows > h || padLeft > 0 || cols - padLeft > w) {
        xRow = cols * ic;
        base = slab;
        copy_slab(image, h, w, ic, top, -padLeft, slabRows, cols, slab);
      }
      const xSkip = (<usize>(strideH * xRow) << 2) - <usize>ow * xStep;
      pack_dy(r.dy + (<usize>((n * oh + begin) * ow) * oc << 2), pixels, oc, groups, ocg, dyPanels);

      for (let item = first; item < last; ) {
        const block = item / ocTiles % blocks, g = item / ocTiles / blocks, t = item % ocTiles;
        const wide = min(k - block * 8, 8);
        // Wide builds take two whole strips at a time.
        const both = WIDE && t == 0 && k - block * 8 >= 16 && item + 2 * ocTiles <= last;
        const from = base + (<usize>(g * icg) << 2), next = <usize>pixels << 5;
        let s = 0;
        do {
          // Byte offsets of the columns from the pixel; after the last it is repeated, and the sums are left unused.
          for (let i = 0; i < 8; i++) {
            const column = (WIDE ? block + s : block) * 8 + min(i, wide - 1), tap = column / icg;
            const at = tap / kw * dilationH * xRow + tap % kw * dilationW * ic + column % icg;
            store<u32>(tile + (<usize>i << 2), at << 2);
          }
          const to = WIDE && s ? strip + next : strip;
          pack_strip(from, tile, xStep, xSkip, rows, ow, to);
          pack_strip(from, tile + 16, xStep, xSkip, rows, ow, to + 16);
        } while (WIDE && both && s++ == 0);

        const end = min(last, item - t + ocTiles);
        const a = dyPanels + (<usize>((g * ocTiles + t) * pixels) << 4);
        const channel = g * ocg + t * 4, count = min(ocg - t * 4, (end - item) * 4);
        const to = r.dw + <usize>channel * dwStride + (<usize>block << 5);
        // Whole tiles go straight to dw; a tile with fewer rows or columns by way of the scratch.
        const whole = wide == 8 ? count >> 2 : 0;
        if (WIDE && both) {
          if (fresh) f32_packed_ukernel_4x16(whole, 4, a, strip, pixels, to, dwStride, 32);
          else f32_packed_ukernel_4x16_add(whole, 4, a, strip, pixels, to, dwStride, 32);
        } else if (fresh) f32_packed_ukernel_4x8(whole, a, strip, pixels, to, dwStride);
        else f32_packed_ukernel_4x8_add(whole, a, strip, pixels, to, dwStride);
        for (let i = whole << 2; i < count; i += 4) {
          const left = a + (<usize>(i * pixels) << 2), rest = to + <usize>i * dwStride;
          f32_packed_ukernel_4x8(1, left, strip, pixels, tile, 32);
          add_tile(rest, dwStride, tile, min(count - i, 4), wide, fresh);
          if (WIDE && both) {
            f32_packed_ukernel_4x8(1, left, strip + next, pixels, tile, 32);
            add_tile(rest + 32, dwStride, tile, min(count - i, 4), 8, fresh);
          }
        }
        item = WIDE && both ? end + ocTiles : end;
      }
      fresh = false;
    }
  }
}

/** `rows` x `cols` of dw += tile, or = when it is the first. */
function add_tile(dw: usize, stride: usize, tile: usize, rows: i32, cols: i32, fresh: bool): void {
  for (; rows > 0; rows--) {
    for (let j: usize = 0; j < <usize>cols << 2; j += 4) {
      const v = load<f32>(tile + j);
      store<f32>(dw + j, fresh ? v : load<f32>(dw + j) + v);
    }
    tile += 32;
    dw += stride;
  }
}

/** dy [pixel][oc] in panels of 4 channels of one group, [pixel][4], the last of a group filled up with zeros. */
function pack_dy(dy: usize, pixels: i32, oc: i32, groups: i32, ocg: i32, to: usize): void {
  const pixel = <usize>oc << 2;
  for (let g = 0; g < groups; g++) {
    for (let c = 0; c < ocg; c += 4) {
      let from = dy + (<usize>(g * ocg + c) << 2);
      const count = ocg - c;
      for (let i = pixels; i > 0; i--) {
        v128.store(to, at_most_4(from, count, 0));
        from += pixel;
        to += 16;
      }
    }
  }
}

/** Four columns, at the four byte offsets of `table`, of each pixel of a band: to [pixel], 32 bytes apart. */
function pack_strip(x: usize, table: usize, step: usize, skip: usize, rows: i32, ow: i32, to: usize): void {
  const o0 = <usize>load<u32>(table), o1 = <usize>load<u32>(table, 4);
  const o2 = <usize>load<u32>(table, 8), o3 = <usize>load<u32>(table, 12);
  const adjacent = o1 == o0 + 4 && o2 == o0 + 8 && o3 == o0 + 12;
  for (; rows > 0; rows--) {
    if (adjacent) {
      for (let j = ow; j > 0; j--) {
        v128.store(to, v128.load(x + o0));
        x += step;
        to += 32;
      }
    } else {
      for (let j = ow; j > 0; j--) {
        const v = v128.load32_lane(x + o1, v128.load32_zero(x + o0), 1);
        v128.store(to, v128.load32_lane(x + o3, v128.load32_lane(x + o2, v, 2), 3));
        x += step;
        to += 32;
      }
    }
    x += skip;
  }
}
