// Direct convolution as an implicit GEMM: no im2col buffer, any kernel, stride, dilation and groups.
//
//   y[n][oh][ow][oc] = sum over kh, kw, ic of
//     x[n][oh * sh - pt + kh * dh][ow * sw - pl + kw * dw][ic] * filter[oc][kh][kw][ic]
//
// A tile is a few output pixels by 8 output channels. Under one pixel the inputs of one filter row are kw * ic adjacent
// numbers, so a tile's sums walk kh segments of that length (kw segments of ic / groups, a filter row at a time, with
// dilation or groups). The inputs are read in place or, where there are many output channels to use them, packed as
// f32_gemm packs A; both sum in the same order. Data gradients are convolutions too: see conv2dDxPhases in
// src/abi/conv.ts.
import { Conv2dRecord, SECOND_PANEL } from "../generated/records";
import { f32_epilogue_tile } from "../gemm/epilogue";
import { KC, sum_tile, sum_tile_wide, tile_row, tile_stride } from "../gemm/gemm";
import { scatter_row, transpose_4_rows } from "../gemm/pack";
import { NR, PACKED_MR } from "../gemm/ukernel";
import { splits_of } from "../range";
import { claim } from "../sync";
import { copy_slab } from "./slab";
import { f32_conv_ukernel_4x8, f32_conv_ukernel_4x8_add } from "./ukernel";
import { f32_conv_ukernel_4x16 } from "./ukernel_wide";

/**
 * Scratch of a thread: the sums of `chunk` pixels and of one tile, byte offsets of the pixels of a band in x (a
 * multiple of 4), the slab, packed inputs (`packedBytes`; 0: inputs are read in place).
 * `band` is the number of output rows computed at a time; y is written at the given strides (in numbers), and residual
 * and source are read at the same ones.
 */
export function f32_conv2d(r: Conv2dRecord, thread: i32, threads: i32): void {
  const x = r.x, filter = r.filter, h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, dilationH = r.dilationH, dilationW = r.dilationW;
  const padLeft = r.padLeft, groups = r.groups, band = r.band;
  const yImage = r.yImage, yRow = r.yRow, yCol = r.yCol, e = r.epilogue;

  const icg = ic / groups, ocg = r.oc / groups;
  const panels = (ocg + NR - 1) / NR; // of one group
  const panelBytes = <usize>(kh * kw * icg) << 5;
  const own = r.scratch + <usize>thread * r.scratchStride;
  const sums = own + r.sums, spare = own + r.spare, table = own + r.table, slab = own + r.slab, packed = own + r.packed;

  // Phases of a data gradient may have no taps at all (kh = kw = 0): no segments, and y is 0 + bias + residual.
  const merged = kh == 0 || (groups == 1 && dilationW == 1);
  const k = kh * kw * icg;
  // Beyond KC products filter rows are summed apart and then added.
  const whole = kh == 0 || (merged && k <= KC);
  const calls = whole ? 1 : kh;
  const segments = whole ? kh : merged ? 1 : kw;
  const length = merged ? kw * ic : icg;
  const cols = kw == 0 ? 0 : (ow - 1) * strideW + (kw - 1) * dilationW + 1;
  const kc = whole ? max(k, 1) : kw * icg;
  const packs = r.packedBytes > 0, tileBytes = tile_stride(k);
  const chunk = packs ? max(1, min(r.chunk / PACKED_MR, <i32>(r.packedBytes / tileBytes))) * PACKED_MR : r.chunk;

  // Jobs are chunks of bands; where they are few, each is split by panels as well. No split changes the order of a sum.
  const bands = (oh + band - 1) / band, chunks = (band * ow + chunk - 1) / chunk;
  const jobs = r.batch * bands * chunks, all = groups * panels;
  const splits = splits_of(jobs, all, threads);
  // Pixels that lie at equal distances in y: all of a band, or one row.
  const run = yRow == ow * yCol ? band * ow : ow;
  const yStep = <usize>yCol << 2;

  let base: usize = 0, yBand: usize = 0, xRow = 0, pixels = 0, item = 0, known = -1, packedFor = -1;
  while ((item = claim(jobs * splits, thread, threads)) >= 0) {
    const split = item % splits, job = item / splits;
    if (job / chunks != known) {
      known = job / chunks;
      const n = known / bands, begin = (known % bands) * band, rows = min(band, oh - begin);
      const top = begin * strideH - r.padTop;
      const slabRows = kh == 0 ? 0 : (rows - 1) * strideH + (kh - 1) * dilationH + 1;
      const image = x + (<usize>n * h * w * ic << 2);
      yBand = <usize>(n * yImage + begin * yRow) << 2;
      if (top >= 0 && top + slabRows <= h && padLeft <= 0 && cols - padLeft <= w) {
        xRow = w * ic;
        base = image + (<usize>(top * xRow - padLeft * ic) << 2);
      } else {
        xRow = cols * ic;
        base = slab;
        copy_slab(image, h, w, ic, top, -padLeft, slabRows, cols, slab);
      }
      pixels = rows * ow;
      fill_table(table, rows, ow, <usize>(strideH * xRow) << 2, <usize>(strideW * ic) << 2);
    }

    const stride = <usize>(merged ? dilationH * xRow : dilationW * ic) << 2;
    const rowStride = <usize>(dilationH * xRow) << 2;
    const firstPanel = all * split / splits, lastPanel = all * (split + 1) / splits;
    const p = job % chunks * chunk, end = min(pixels, p + chunk), count = end - p;
    const tiles = packs ? (count + PACKED_MR - 1) / PACKED_MR : (count + 3) >> 2;
    const at = table + (<usize>p << 2);
    // Wide builds take two panels of a group at a time.
    let both = false;
    for (let q = firstPanel; q < lastPanel; q += both ? 2 : 1) {
      const g = q / panels, j = q % panels;
      both = WIDE && q + 1 < lastPanel && j + 1 < panels && (packs || whole);
      const wide = min(ocg - j * 8, 8), right = both ? min(ocg - j * 8 - 8, 8) : 0;
      const channel = <usize>(g * ocg + j * 8) << 2;
      const panel = filter + <usize>q * panelBytes;
      let from = base + (<usize>(g * icg) << 2);
      if (packs) {
        const fresh = job * groups + g != packedFor;
        let a = packed, row = 0;
        for (let t = 0; t < tiles; t++) {
          const next = tile_row(t + 1, count, tiles), rows = next - row;
          if (fresh) {
            let from2 = from, to = a;
            for (let call = calls; call > 0; call--) {
              to = pack_pixels(from2, at + (<usize>row << 2), rows, segments, stride, length, to);
              from2 += rowStride;
            }
          }
          const to = sums + (<usize>row << 5);
          if (WIDE && both) sum_tile_wide(rows, a, panel, k, kc, to, 32, spare);
          else sum_tile(rows, a, panel, k, kc, to, 32, spare);
          a += tileBytes;
          row = next;
        }
        packedFor = job * groups + g;
      } else if (WIDE && both) {
        f32_conv_ukernel_4x16(tiles, from, at, segments, length, stride, panel, sums);
      } else {
        f32_conv_ukernel_4x8(tiles, from, at, segments, length, stride, panel, sums);
        for (let call = 1; call < calls; call++) {
          from += rowStride;
          f32_conv_ukernel_4x8_add(tiles, from, at, segments, length, stride,
            panel + (<usize>(call * segments * length) << 5), sums);
        }
      }
      for (let i = p; i < end; ) {
        const next = min(end, (i / run + 1) * run);
        const to = yBand + channel + (<usize>(i / ow * yRow + i % ow * yCol) << 2);
        const tile = sums + (<usize>(i - p) << 5);
        f32_epilogue_tile(tile, next - i, wide, to, yStep, channel, e);
        if (WIDE && both) f32_epilogue_tile(tile + SECOND_PANEL, next - i, right, to + 32, yStep, channel + 32, e);
        i = next;
      }
    }
  }
}

/**
 * The inputs of `segments` under `rows` pixels (their byte offsets at `table`), as a tile of A:
 * [segment][length][rows].
 */
function pack_pixels(x: usize, table: usize, rows: i32, segments: i32, stride: usize, length: i32, to: usize): usize {
  const step = <usize>rows << 2;
  for (; segments > 0; segments--) {
    let row = 0;
    if (rows >= 4) {
      const a0 = x + load<u32>(table), a1 = x + load<u32>(table, 4);
      const a2 = x + load<u32>(table, 8), a3 = x + load<u32>(table, 12);
      transpose_4_rows(a0, a1, a2, a3, to, step, length);
      row = 4;
    }
    for (; row < rows; row++) {
      const at = <usize>row << 2;
      scatter_row(x + load<u32>(table + at), to + at, step, length);
    }
    to += <usize>length * step;
    x += stride;
  }
  return to;
}

/** The byte offsets of a band's pixels in its input, up to a multiple of 4: the last one is repeated. */
function fill_table(table: usize, rows: i32, cols: i32, rowStep: usize, colStep: usize): void {
  const start = table;
  let at: usize = 0;
  for (let i: usize = 0; i < <usize>rows; i++) {
    at = i * rowStep;
    for (let j = 0; j < cols; j++) {
      store<u32>(table, <u32>at);
      table += 4;
      at += colStep;
    }
  }
  for (; (table - start) & 15; table += 4) store<u32>(table, <u32>(at - colStep));
}
