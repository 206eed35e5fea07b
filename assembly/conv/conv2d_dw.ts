// Weight gradient of a convolution as a GEMM over output pixels, without im2col:
//
//   dw[oc][kh][kw][ic] = sum over n, oh, ow of dy[n][oh][ow][oc] * x[n][oh * sh - pt + kh * dh][ow * sw - pl + kw * dw][ic]
//
// A tile is 4 output channels by 8 columns of the (kw, ic) axis, adjacent in x: the micro-kernel reads dy and x in place,
// k running over the pixels of a band, image rows as segments. Each thread owns tiles and walks all pixels, so sums do
// not depend on the number of threads. A band is summed from zero and then added: two levels keep long sums exact.
import { i32_arg, ptr_arg } from "../record";
import { copy_slab } from "./slab";
import { f32_gemm_ukernel_1x8, f32_gemm_ukernel_2x8, f32_gemm_ukernel_3x8, f32_gemm_ukernel_4x8 } from "../gemm/ukernel";

/** Scratch of a thread: 64 bytes of zeros, a tile of 4x8, at 256 a strip of 8 columns for a band, the slab. */
export function f32_conv2d_dw(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const x = ptr_arg(r, 1);
  const dw = ptr_arg(r, 2);
  const batch = i32_arg(r, 3);
  const h = i32_arg(r, 4);
  const w = i32_arg(r, 5);
  const ic = i32_arg(r, 6);
  const oh = i32_arg(r, 7);
  const ow = i32_arg(r, 8);
  const oc = i32_arg(r, 9);
  const kh = i32_arg(r, 10);
  const kw = i32_arg(r, 11);
  const strideH = i32_arg(r, 12);
  const strideW = i32_arg(r, 13);
  const dilationH = i32_arg(r, 14);
  const dilationW = i32_arg(r, 15);
  const padTop = i32_arg(r, 16);
  const padLeft = i32_arg(r, 17);
  const groups = i32_arg(r, 18);
  const band = i32_arg(r, 19);
  const scratch = ptr_arg(r, 20);
  const scratchStride = i32_arg(r, 21);

  const icg = ic / groups, ocg = oc / groups;
  const zeros = scratch + <usize>thread * scratchStride;
  const tile = zeros + 64;
  const strip = zeros + 256;
  const slab = strip + (<usize>(band * ow) << 5);
  memory.fill(zeros, 0, 64);

  // Runs of adjacent columns: whole filter rows, or single taps of one group.
  const merged = groups == 1 && dilationW == 1;
  const run = merged ? kw * ic : icg; // columns wanted
  const axis = merged ? kw * ic : ic; // adjacent numbers there are
  const taps = merged ? 1 : kw;
  const blocks = (run + 7) >> 3;
  const ocTiles = (ocg + 3) >> 2;
  // Items, the innermost first: tile of output channels, block of columns, tap, group, filter row.
  const items = kh * groups * taps * blocks * ocTiles;
  const first = <i32>(<i64>items * thread / threads), last = <i32>(<i64>items * (thread + 1) / threads);
  if (first == last) return;

  const cols = (ow - 1) * strideW + (kw - 1) * dilationW + 1;
  const dyStep = <usize>oc << 2;
  const xStep = <usize>(strideW * ic) << 2;
  const dwStride = <usize>(kh * kw * icg) << 2;
  let fresh = true;
  for (let n = 0; n < batch; n++) {
    const image = x + (<usize>n * h * w * ic << 2);
    for (let begin = 0; begin < oh; begin += band) {
      const rows = min(band, oh - begin);
      const top = begin * strideH - padTop;
      const slabRows = (rows - 1) * strideH + (kh - 1) * dilationH + 1;
      let xRow = w * ic, base = image + (<usize>(top * xRow - padLeft * ic) << 2);
      if (top < 0 || top + slabRows > h || padLeft > 0 || cols - padLeft > w) {
        xRow = cols * ic;
        base = slab;
        copy_slab(image, h, w, ic, top, -padLeft, slabRows, cols, slab);
      }
      const xSkip = (<usize>(strideH * xRow) << 2) - <usize>ow * xStep;
      const dyBand = dy + (<usize>((n * oh + begin) * ow) * oc << 2);

      for (let item = first; item < last; ) {
        const i = item % ocTiles, block = item / ocTiles % blocks;
        const rest = item / ocTiles / blocks;
        const tap = rest % taps, g = rest / taps % groups, ky = rest / taps / groups;
        const count = min(run - block * 8, 8);
        // The 8 numbers read may be more than the columns wanted: shifted back so as to stay on the axis.
        const at = g * icg + block * 8, from = max(min(at, axis - 8), 0), shift = at - from;
        let b = base + (<usize>(ky * dilationH * xRow + tap * dilationW * ic + from) << 2);
        let bStep = xStep, bSkip = xSkip;
        if (axis < 8) {
          copy_strip(b, xStep, xSkip, rows, ow, axis, strip);
          b = strip;
          bStep = 32;
          bSkip = 0;
        }
        const end = min(last, item - i + ocTiles);
        for (let t = i; item < end; item++, t++) {
          const channel = g * ocg + t * 4, wide = min(ocg - t * 4, 4);
          const a = dyBand + (<usize>channel << 2);
          if (wide == 4) f32_gemm_ukernel_4x8(a, a + 4, a + 8, a + 12, dyStep, 0, b, bStep, bSkip, rows, ow, zeros, 0, tile, 32);
          else if (wide == 3) f32_gemm_ukernel_3x8(a, a + 4, a + 8, dyStep, 0, b, bStep, bSkip, rows, ow, zeros, 0, tile, 32);
          else if (wide == 2) f32_gemm_ukernel_2x8(a, a + 4, dyStep, 0, b, bStep, bSkip, rows, ow, zeros, 0, tile, 32);
          else f32_gemm_ukernel_1x8(a, dyStep, 0, b, bStep, bSkip, rows, ow, zeros, 0, tile, 32);
          const to = dw + <usize>channel * dwStride + (<usize>((ky * kw + tap) * icg + block * 8) << 2);
          add_tile(to, dwStride, tile + (<usize>shift << 2), wide, count, fresh);
        }
      }
      fresh = false;
    }
  }
}

/** dw tile += tile, or = when it is the first. */
function add_tile(dw: usize, stride: usize, tile: usize, rows: i32, cols: i32, fresh: bool): void {
  for (; rows > 0; --rows) {
    if (cols == 8) {
      let v0 = v128.load(tile), v1 = v128.load(tile, 16);
      if (!fresh) {
        v0 = f32x4.add(v128.load(dw), v0);
        v1 = f32x4.add(v128.load(dw, 16), v1);
      }
      v128.store(dw, v0);
      v128.store(dw, v1, 16);
    } else {
      for (let j: usize = 0; j < <usize>cols << 2; j += 4) {
        const v = load<f32>(tile + j);
        store<f32>(dw + j, fresh ? v : load<f32>(dw + j) + v);
      }
    }
    tile += 32;
    dw += stride;
  }
}

/** The `cols` < 8 numbers of each pixel of a band, filled up with zeros to 8. */
function copy_strip(x: usize, step: usize, skip: usize, rows: i32, ow: i32, cols: i32, to: usize): void {
  memory.fill(to, 0, <usize>(rows * ow) << 5);
  for (; rows > 0; --rows) {
    for (let j = 0; j < ow; j++) {
      for (let i: usize = 0; i < <usize>cols << 2; i += 4) store<f32>(to + i, load<f32>(x + i));
      x += step;
      to += 32;
    }
    x += skip;
  }
}
