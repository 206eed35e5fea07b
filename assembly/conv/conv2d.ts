// Direct convolution as an implicit GEMM: no im2col buffer, any kernel, stride, dilation and groups.
//
//   y[n][oh][ow][oc] = sum over kh, kw, ic of x[n][oh * sh - pt + kh * dh][ow * sw - pl + kw * dw][ic] * filter[oc][kh][kw][ic]
//
// A tile is a few output pixels by 8 output channels. Under one pixel the inputs of one filter row are kw * ic adjacent
// numbers, so the micro-kernel walks kh segments of that length (kw segments of ic / groups, a filter row at a time,
// with dilation or groups). Data gradients are convolutions too: see conv2dDxPhases in src/core/conv.ts.
import { f32_arg, i32_arg, ptr_arg } from "../record";
import { f32_epilogue_tile } from "../gemm/epilogue";
import { Activation } from "../abi";
import { copy_slab } from "./slab";
import { conv_tile, tile_rows } from "./tile";

/**
 * Scratch of a thread: 64 bytes of zeros, a tile of 6x8 (192 bytes), byte offsets of the pixels of a band in x and in y,
 * the slab. `band` is the number of output rows computed at a time; y is written at the given strides (in numbers), and
 * residual and source are read at the same ones.
 */
export function f32_conv2d(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const filter = ptr_arg(r, 1);
  const y = ptr_arg(r, 2);
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
  const yImage = i32_arg(r, 19);
  const yRow = i32_arg(r, 20);
  const yCol = i32_arg(r, 21);
  const band = i32_arg(r, 22);
  const bias = ptr_arg(r, 23);
  const residual = ptr_arg(r, 24);
  const activation = i32_arg(r, 25);
  const param = f32_arg(r, 26);
  const source = ptr_arg(r, 27);
  const scratch = ptr_arg(r, 28);
  const scratchStride = i32_arg(r, 29);

  const icg = ic / groups, ocg = oc / groups;
  const panels = (ocg + 7) >> 3; // of one group
  const panelBytes = <usize>(kh * kw * icg) << 5;

  // Jobs are bands; where they are few, each is split by panels as well. No split changes the order of a sum.
  const bands = (oh + band - 1) / band;
  const jobs = batch * bands;
  const splits = jobs >= 4 * threads ? 1 : min(threads, groups * panels);
  const first = <i32>(<i64>jobs * splits * thread / threads), last = <i32>(<i64>jobs * splits * (thread + 1) / threads);

  const zeros = scratch + <usize>thread * scratchStride;
  const tile = zeros + 64;
  const xTable = zeros + 256;
  const yTable = xTable + (<usize>(band * ow) << 2);
  const slab = yTable + (<usize>(band * ow) << 2);
  memory.fill(zeros, 0, 64);

  // Phases of a data gradient may have no taps at all (kh = kw = 0): no segments, and y is 0 + bias + residual.
  const merged = kh == 0 || (groups == 1 && dilationW == 1);
  const calls = merged ? 1 : kh;
  const segments = merged ? kh : kw;
  const length = merged ? kw * ic : icg;
  const cols = kw == 0 ? 0 : (ow - 1) * strideW + (kw - 1) * dilationW + 1;
  const full = tile_rows(segments, length);
  const yStep = <usize>yCol << 2;
  const plain = !bias && !residual && activation == Activation.none;

  let base: usize = 0, xRow = 0, pixels = 0, job = -1;
  for (let item = first; item < last; item++) {
    const split = item % splits;
    if (item / splits != job) {
      job = item / splits;
      const n = job / bands, begin = (job % bands) * band, rows = min(band, oh - begin);
      const top = begin * strideH - padTop;
      const slabRows = kh == 0 ? 0 : (rows - 1) * strideH + (kh - 1) * dilationH + 1;
      const image = x + (<usize>n * h * w * ic << 2);
      if (top >= 0 && top + slabRows <= h && padLeft <= 0 && cols - padLeft <= w) {
        xRow = w * ic;
        base = image + (<usize>(top * xRow - padLeft * ic) << 2);
      } else {
        xRow = cols * ic;
        base = slab;
        copy_slab(image, h, w, ic, top, -padLeft, slabRows, cols, slab);
      }
      pixels = 0;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < ow; j++) {
          store<u32>(xTable + (<usize>pixels << 2), (i * strideH * xRow + j * strideW * ic) << 2);
          store<u32>(yTable + (<usize>pixels << 2), (n * yImage + (begin + i) * yRow + j * yCol) << 2);
          pixels++;
        }
      }
    }

    const stride = <usize>(merged ? dilationH * xRow : dilationW * ic) << 2;
    const rowStride = <usize>(dilationH * xRow) << 2;
    const lastPanel = groups * panels * (split + 1) / splits;
    for (let q = groups * panels * split / splits; q < lastPanel; q++) {
      const g = q / panels, j = q % panels;
      const wide = min(ocg - j * 8, 8);
      const shift = <usize>(g * ocg + j * 8) << 2;
      const a = base + (<usize>(g * icg) << 2);
      const panel = filter + <usize>q * panelBytes;

      let tiles = (pixels + full - 1) / full;
      for (let p = 0; p < pixels; --tiles) {
        const rows = (pixels - p + tiles - 1) / tiles; // balanced: never a lone row at the end
        const xAt = xTable + (<usize>p << 2), yAt = yTable + (<usize>p << 2);
        const y0 = load<u32>(yAt);
        // Straight into y where nothing follows, the tile is whole and its pixels lie at equal distances.
        const even = load<u32>(yAt + (<usize>(rows - 1) << 2)) - y0 == <u32>((rows - 1) * yCol) << 2;
        const straight = plain && even && wide == 8;
        const c = straight ? y + y0 + shift : tile, cStride = straight ? yStep : 32;
        let ini = zeros, iniStride: usize = 0, from = a, part = panel;
        for (let call = 0; call < calls; call++) {
          conv_tile(rows, from, xAt, segments, length, stride, part, ini, iniStride, c, cStride);
          from += rowStride;
          part += <usize>(segments * length) << 5;
          ini = c;
          iniStride = cStride;
        }
        if (!straight) {
          const each = even ? rows : 1; // uneven pixels one by one
          for (let i = 0; i < rows; i += each) {
            const at = load<u32>(yAt + (<usize>i << 2)) + shift;
            f32_epilogue_tile(tile + (<usize>i << 5), each, wide, y + at, yStep, bias ? bias + shift : 0,
              residual ? residual + at : 0, yStep, activation, param, source + at, yStep);
          }
        }
        p += rows;
      }
    }
  }
}
