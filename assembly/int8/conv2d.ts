// Convolution of integers as an implicit GEMM, in the loops of f32_conv2d: chunks of pixels, whose inputs are packed
// once, and panels of 8 output channels. x is u7 NHWC (0 to 127, `zero` stands for 0), the weights are s8, packed by
// s8_conv2d_pack. A matrix product is the convolution 1x1 of one image of one row.
import { Control, S8Conv2dRecord } from "../generated/records";
import { store_transposed, transpose_4_rows } from "../gemm/pack";
import { splits_of } from "../range";
import { claim } from "../sync";
import { Following, s8_epilogue_tile, set_columns, set_following, set_rows } from "./epilogue";
import {
  ROW_BYTES, s8_ukernel_4x8, s8_ukernel_narrow_4x8, s8_ukernel_vnni_5x8, s8_ukernel_vnni_6x8,
} from "./ukernel";

/**
 * Scratch of a thread: the sums of `chunk` pixels, byte offsets of the pixels of a band in x (whole tiles), the
 * slab, packed inputs. `band` is the number of output rows computed at a time.
 */
export function s8_conv2d(r: S8Conv2dRecord, thread: i32, threads: i32): void {
  const h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, oc = r.oc, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, dilationH = r.dilationH, dilationW = r.dilationW;
  const padLeft = r.padLeft, band = r.band, chunk = r.chunk, quads = r.quads, e = r.integerEpilogue;

  const own = r.scratch + <usize>thread * r.scratchStride;
  const sums = own + r.sums, table = own + r.table, slab = own + r.slab, packed = own + r.packed;
  const panels = (oc + 7) >> 3, panelBytes = <usize>quads << 5, filter = r.filter;
  const f = changetype<Following>(own + r.following), vnni = load<i32>(Control.vnni);
  set_following(f, e, <usize>oc);
  const mr = ASC_FEATURE_RELAXED_SIMD && vnni ? 6 : 4;

  const merged = dilationW == 1;
  const rows = kh, taps = merged ? 1 : kw, length = ((merged ? kw * ic : ic) + 3) >> 2;
  const cols = (ow - 1) * strideW + (kw - 1) * dilationW + 1;
  const quadBytes = <usize>mr * ROW_BYTES, tileBytes = <usize>quads * quadBytes;
  // Quads of filter rows that lie above the image in the first row of outputs, and below it in the last one. Where 0 is
  // 0, tiles within these rows leave them out: at 14x14 pixels 4 % of the products of a filter 3x3, at 7x7 7 %.
  const row = taps * length, leavesOut = r.zero == 0 && (row & 1) == 0;
  const bottom = max(h + r.padTop - (oh - 1) * strideH, 0);
  const above = leavesOut ? row * min(kh, (r.padTop + dilationH - 1) / dilationH) : 0;
  const below = leavesOut ? row * max(0, kh - (bottom + dilationH - 1) / dilationH) : 0;

  const bands = (oh + band - 1) / band, chunks = (band * ow + chunk - 1) / chunk;
  const jobs = r.batch * bands * chunks, splits = splits_of(jobs, panels, threads);
  let base: usize = 0, xRow = 0, pixels = 0, first = 0, item = 0, known = -1, packedFor = -1;
  while ((item = claim(jobs * splits, thread, threads)) >= 0) {
    const split = item % splits, job = item / splits;
    if (job / chunks != known) {
      known = job / chunks;
      const n = known / bands, begin = (known % bands) * band, height = min(band, oh - begin);
      const top = begin * strideH - r.padTop;
      const slabRows = (height - 1) * strideH + (kh - 1) * dilationH + 1;
      const image = r.x + <usize>(n * h * w * ic);
      first = (n * oh + begin) * ow;
      if (top >= 0 && top + slabRows <= h && padLeft <= 0 && cols - padLeft <= w) {
        xRow = w * ic;
        base = image + <usize>(top * xRow - padLeft * ic);
      } else {
        xRow = cols * ic;
        base = slab;
        copy_bytes(image, r, top, slabRows, cols, slab);
      }
      pixels = height * ow;
      fill_offsets(table, height, ow, strideH * xRow, strideW * ic);
    }
    const p = job % chunks * chunk, count = min(pixels - p, chunk);
    if (count <= 0) continue; // the last band may be lower
    // Tiles of mr rows and after them some of a row less, so that no row is wasted (7x7 pixels are 4 of 6 and 5 of 5).
    const tiles = (count + mr - 1) / mr, less = mr * tiles - count;
    const short = ASC_FEATURE_RELAXED_SIMD && vnni && less <= tiles ? less : 0, long = tiles - short, longs = long * mr;
    // Tiles from `tail` on are within the last row, those before `head` within the first one.
    let head = 0, tail = tiles;
    if (below && (known + 1) % bands == 0) {
      const at = max(pixels - ow - p, 0);
      tail = min(at <= longs ? (at + mr - 1) / mr : long + (at - longs + mr - 2) / (mr - 1), tiles);
    }
    if (above && known % bands == 0) head = min(max(ow - p, 0) / mr, min(long, tail));
    if (packedFor != job) {
      packedFor = job;
      let to = packed, at = table + (<usize>p << 2);
      for (let t = 0; t < tiles; t++) {
        const a0 = base + load<u32>(at), a1 = base + load<u32>(at, 4);
        const a2 = base + load<u32>(at, 8), a3 = base + load<u32>(at, 12);
        let into = to;
        for (let ky = 0; ky < rows; ky++) {
          for (let kx = 0; kx < taps; kx++) {
            const from = <usize>(ky * dilationH * xRow + kx * dilationW * ic);
            if (ASC_FEATURE_RELAXED_SIMD && mr == 6) {
              pack_6_rows(a0 + from, a1 + from, a2 + from, a3 + from,
                base + from + load<u32>(at, 16), base + from + load<u32>(at, 20), into, length);
            } else pack_4_rows(a0 + from, a1 + from, a2 + from, a3 + from, into, length);
            into += <usize>length * quadBytes;
          }
        }
        to += tileBytes;
        at += <usize>(t < long ? mr : mr - 1) << 2;
      }
    }
    for (let j = panels * split / splits, last = panels * (split + 1) / splits; j < last; j++) {
      const panel = filter + r.panels + <usize>j * panelBytes;
      const narrow = load<i32>(filter + r.narrow + (<usize>j << 2)), cols = min(oc - j * 8, 8);
      set_columns(f, filter + r.columns + (<usize>j << 6));
      // Whole tiles end in their registers, what is left by way of memory. Tiles that leave something out come last:
      // the first one has to wait for the panel.
      const ends = cols == 8, whole = !ends || short ? long : count / mr, way = vnni ? Way.vnni : narrow;
      for (let part = 0; part < 3; part++) {
        const end = part == 0 ? tail : part == 1 ? head : tiles, from = part == 1 ? above : 0;
        const some = quads - from - (part == 2 ? below : 0), b = panel + (<usize>from << 5);
        for (let t = part == 0 ? head : part == 1 ? 0 : tail, n = 1; t < end; t += n) {
          if (part == 0) n = min(t < whole ? whole : tiles, tail) - t;
          const at = t < long ? t * mr : longs + (t - long) * (mr - 1);
          const a = packed + <usize>t * tileBytes + <usize>from * quadBytes, c = sums + (<usize>at << 5);
          set_rows(f, e, <usize>((first + p + at) * oc + j * 8));
          if (ASC_FEATURE_RELAXED_SIMD && t >= long) s8_ukernel_vnni_5x8(n, a, b, some, c, ends, f);
          else ukernel(way, n, a, b, some, c, ends && t < whole, f);
        }
      }
      const done = ends ? whole * mr : 0;
      if (whole < long || !ends) {
        set_rows(f, e, <usize>((first + p + done) * oc + j * 8));
        s8_epilogue_tile(sums + (<usize>done << 5), count - done, cols, f);
      }
    }
  }
}

/** How sums are made: `narrow` where the packed weights say so. */
const enum Way { wide = 0, narrow = 1, vnni = 2 }

function ukernel(way: Way, tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool, f: Following): void {
  if (ASC_FEATURE_RELAXED_SIMD && way == Way.vnni) s8_ukernel_vnni_6x8(tiles, a, panel, quads, c, ends, f);
  else if (ASC_FEATURE_RELAXED_SIMD && way == Way.narrow) s8_ukernel_narrow_4x8(tiles, a, panel, quads, c, ends, f);
  else s8_ukernel_4x8(tiles, a, panel, quads, c, ends, f);
}

/** `quads` quads of four rows: [quad][row][4] bytes, or widened to i16 [pair][row][2]. May write 64 bytes more. */
// @ts-ignore: decorator
@inline
function pack_4_rows(a0: usize, a1: usize, a2: usize, a3: usize, to: usize, quads: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    transpose_4_rows(a0, a1, a2, a3, to, 16, quads);
    return;
  }
  for (; quads > 0; quads -= 2) {
    const x0 = v128.load_ext<u8>(a0), x1 = v128.load_ext<u8>(a1);
    const x2 = v128.load_ext<u8>(a2), x3 = v128.load_ext<u8>(a3);
    store_transposed(to, 16, x0, x1, x2, x3);
    a0 += 8; a1 += 8; a2 += 8; a3 += 8;
    to += 64;
  }
}

function pack_6_rows(a0: usize, a1: usize, a2: usize, a3: usize, a4: usize, a5: usize, to: usize, quads: i32): void {
  for (; quads >= 4; quads -= 4) {
    store_transposed(to, 24, v128.load(a0), v128.load(a1), v128.load(a2), v128.load(a3));
    const x4 = v128.load(a4), x5 = v128.load(a5);
    const t0 = v128.shuffle<i32>(x4, x5, 0, 4, 1, 5), t1 = v128.shuffle<i32>(x4, x5, 2, 6, 3, 7);
    v128.store64_lane(to, t0, 0, 16); v128.store64_lane(to, t0, 1, 40);
    v128.store64_lane(to, t1, 0, 64); v128.store64_lane(to, t1, 1, 88);
    a0 += 16; a1 += 16; a2 += 16; a3 += 16; a4 += 16; a5 += 16;
    to += 96;
  }
  for (; quads > 0; quads--) {
    store<u32>(to, load<u32>(a0)); store<u32>(to, load<u32>(a1), 4); store<u32>(to, load<u32>(a2), 8);
    store<u32>(to, load<u32>(a3), 12); store<u32>(to, load<u32>(a4), 16); store<u32>(to, load<u32>(a5), 20);
    a0 += 4; a1 += 4; a2 += 4; a3 += 4; a4 += 4; a5 += 4;
    to += 24;
  }
}

/** copy_slab for bytes, with `zero` where the rows and columns lie outside of the image. */
function copy_bytes(x: usize, r: S8Conv2dRecord, top: i32, rows: i32, cols: i32, dst: usize): void {
  const h = r.h, w = r.w, c = r.ic, left = -r.padLeft, zero = <u8>r.zero;
  const begin = min(max(-left, 0), cols), end = max(min(cols, w - left), begin);
  const head = <usize>(begin * c), body = <usize>((end - begin) * c), tail = <usize>((cols - end) * c);
  for (let i = 0; i < rows; i++) {
    const iy = top + i;
    if (iy < 0 || iy >= h || body == 0) memory.fill(dst, zero, head + body + tail);
    else {
      if (head) memory.fill(dst, zero, head);
      memory.copy(dst + head, x + <usize>((iy * w + left + begin) * c), body);
      if (tail) memory.fill(dst + head + body, zero, tail);
    }
    dst += head + body + tail;
  }
}

/** The byte offsets of a band's pixels in its input, up to a multiple of 12: the last one is repeated. */
function fill_offsets(table: usize, rows: i32, cols: i32, rowStep: i32, colStep: i32): void {
  const start = table;
  let at = 0;
  for (let i = 0; i < rows; i++) {
    at = i * rowStep;
    for (let j = 0; j < cols; j++) {
      store<u32>(table, at);
      table += 4;
      at += colStep;
    }
  }
  for (; (table - start) % 48; table += 4) store<u32>(table, at - colStep);
}
