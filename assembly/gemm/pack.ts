// Packing. B: panels of 8 columns, [panel][k][8], the last one filled up with zeros. A: tiles of rows, [tile][k][rows].
import { PackBRecord } from "../generated/records";
import { at_most_4, load_part, range_begin, store_part } from "../range";
import { FMA } from "../simd";
import { NR } from "./ukernel";

/** Stores the transpose of four vectors at d, d + stride, d + 2 stride, d + 3 stride. */
// @ts-ignore: decorator
@inline
export function store_transposed(d: usize, stride: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const t0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const t2 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7), t3 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(d, v128.shuffle<i64>(t0, t1, 0, 2));
  v128.store(d + stride, v128.shuffle<i64>(t0, t1, 1, 3));
  d += stride << 1;
  v128.store(d, v128.shuffle<i64>(t2, t3, 0, 2));
  v128.store(d + stride, v128.shuffle<i64>(t2, t3, 1, 3));
}

/** dst[l * stride] = src[l] for l < k, stride in bytes: one row of the source becomes a column. */
export function scatter_row(src: usize, dst: usize, stride: usize, k: i32): void {
  for (; k >= 4; k -= 4) {
    const x = v128.load(src);
    v128.store32_lane(dst, x, 0);
    v128.store32_lane(dst + stride, x, 1);
    dst += stride << 1;
    v128.store32_lane(dst, x, 2);
    v128.store32_lane(dst + stride, x, 3);
    dst += stride << 1;
    src += 16;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(src));
    src += 4;
    dst += stride;
  }
}

/** Four rows of k numbers become four columns: dst[l * stride + 4 i] = s_i[4 l]. */
export function transpose_4_rows(src: usize, s1: usize, s2: usize, s3: usize, dst: usize, stride: usize, k: i32): void {
  for (; k >= 4; k -= 4) {
    store_transposed(dst, stride, v128.load(src), v128.load(s1), v128.load(s2), v128.load(s3));
    src += 16; s1 += 16; s2 += 16; s3 += 16;
    dst += stride << 2;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(src)); store<f32>(dst, load<f32>(s1), 4);
    store<f32>(dst, load<f32>(s2), 8); store<f32>(dst, load<f32>(s3), 12);
    src += 4; s1 += 4; s2 += 4; s3 += 4;
    dst += stride;
  }
}

/** A panel from `cols` rows of B stored [n][k]. */
function pack_panel_transposed(src: usize, ld: usize, dst: usize, k: i32, cols: i32): void {
  if (cols < NR) memory.fill(dst, 0, <usize>k << 5);
  let j = 0;
  for (; j + 4 <= cols; j += 4) {
    const s = src + <usize>j * ld, s2 = s + (ld << 1);
    transpose_4_rows(s, s + ld, s2, s2 + ld, dst + (<usize>j << 2), 32, k);
  }
  for (; j < cols; j++) scatter_row(src + <usize>j * ld, dst + (<usize>j << 2), 32, k);
}

/** A panel from `cols` columns of B stored [k][n]. */
function pack_panel(src: usize, ld: usize, dst: usize, k: i32, cols: i32): void {
  if (cols == NR) {
    for (; k > 0; k--) {
      v128.store(dst, v128.load(src));
      v128.store(dst, v128.load(src, 16), 16);
      src += ld;
      dst += 32;
    }
    return;
  }
  for (; k > 0; k--) {
    v128.store(dst, at_most_4(src, cols, 0));
    v128.store(dst, cols > 4 ? load_part(src + 16, cols - 4, 0) : f32x4.splat(0), 16);
    src += ld;
    dst += 32;
  }
}

/**
 * Four neighbouring whole panels: B is read by two cache lines at a time, which brings 20 GB/s instead of 13 (7 where
 * ld is a multiple of 4 KB, whose lines push each other out of L1 before the next panel comes for its part).
 */
function pack_4_panels(src: usize, ld: usize, dst: usize, k: i32): void {
  const panel = <usize>k << 5;
  for (; k > 0; k--) {
    let d = dst;
    let x0 = v128.load(src), x1 = v128.load(src, 16), x2 = v128.load(src, 32), x3 = v128.load(src, 48);
    v128.store(d, x0); v128.store(d, x1, 16);
    d += panel;
    v128.store(d, x2); v128.store(d, x3, 16);
    d += panel;
    x0 = v128.load(src, 64); x1 = v128.load(src, 80); x2 = v128.load(src, 96); x3 = v128.load(src, 112);
    v128.store(d, x0); v128.store(d, x1, 16);
    d += panel;
    v128.store(d, x2); v128.store(d, x3, 16);
    src += ld;
    dst += 32;
  }
}

/** dst = panels of B; src is [k][n], or [n][k] when transposed, with rows of ld numbers. */
export function f32_pack_b(r: PackBRecord, part: i32, parts: i32): void {
  const src = r.src, dst = r.dst, k = r.k, n = r.n, ld = r.ld, transposed = r.transposed;
  const stride = <usize>ld << 2, panel = <usize>k << 5;
  const end = range_begin(n, 4 * NR, part + 1, parts);
  let j = range_begin(n, 4 * NR, part, parts);
  let d = dst + <usize>(j / NR) * panel;
  while (j < end) {
    if (!transposed && end - j >= 4 * NR) {
      pack_4_panels(src + (<usize>j << 2), stride, d, k);
      j += 4 * NR;
      d += panel << 2;
      continue;
    }
    if (transposed) pack_panel_transposed(src + <usize>j * stride, stride, d, k, min(NR, end - j));
    else pack_panel(src + (<usize>j << 2), stride, d, k, min(NR, end - j));
    j += NR;
    d += panel;
  }
}

/**
 * Six rows of k numbers become six columns, side by side: two shuffles for each vector that is stored whole, where four
 * rows and twice one take as many and eight stores of single numbers.
 */
function pack_6_rows(s0: usize, lda: usize, dst: usize, k: i32): void {
  let s1 = s0 + lda, s2 = s1 + lda, s3 = s2 + lda, s4 = s3 + lda, s5 = s4 + lda;
  for (; k >= 4; k -= 4) {
    const x0 = v128.load(s0), x1 = v128.load(s1), x2 = v128.load(s2);
    const x3 = v128.load(s3), x4 = v128.load(s4), x5 = v128.load(s5);
    const a = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), b = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
    const c = v128.shuffle<i32>(x4, x5, 0, 4, 1, 5);
    v128.store(dst, v128.shuffle<i64>(a, b, 0, 2));
    v128.store(dst, v128.shuffle<i64>(c, a, 0, 3), 16);
    v128.store(dst, v128.shuffle<i64>(b, c, 1, 3), 32);
    const d = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7), e = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
    const f = v128.shuffle<i32>(x4, x5, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<i64>(d, e, 0, 2), 48);
    v128.store(dst, v128.shuffle<i64>(f, d, 0, 3), 64);
    v128.store(dst, v128.shuffle<i64>(e, f, 1, 3), 80);
    s0 += 16; s1 += 16; s2 += 16; s3 += 16; s4 += 16; s5 += 16;
    dst += 96;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(s0)); store<f32>(dst, load<f32>(s1), 4); store<f32>(dst, load<f32>(s2), 8);
    store<f32>(dst, load<f32>(s3), 12); store<f32>(dst, load<f32>(s4), 16); store<f32>(dst, load<f32>(s5), 20);
    s0 += 4; s1 += 4; s2 += 4; s3 += 4; s4 += 4; s5 += 4;
    dst += 24;
  }
}

/** A tile of `rows` (1 to 6) rows of A stored [m][k], to [k][rows]. `lda` is in bytes. */
export function pack_a_tile(a: usize, lda: usize, dst: usize, k: i32, rows: i32): void {
  if (FMA && FURTHER && rows == 6) {
    pack_6_rows(a, lda, dst, k);
    return;
  }
  const stride = <usize>rows << 2;
  let i = 0;
  if (rows >= 4) {
    const a2 = a + (lda << 1);
    transpose_4_rows(a, a + lda, a2, a2 + lda, dst, stride, k);
    i = 4;
  }
  for (; i < rows; i++) scatter_row(a + <usize>i * lda, dst + (<usize>i << 2), stride, k);
}

/** The same from A stored [k][m]. */
export function pack_a_tile_transposed(a: usize, lda: usize, dst: usize, k: i32, rows: i32): void {
  const stride = <usize>rows << 2;
  if (rows >= 4) {
    for (; k > 0; k--) {
      v128.store(dst, v128.load(a));
      if (rows > 4) store<f32>(dst, load<f32>(a, 16), 16);
      if (rows > 5) store<f32>(dst, load<f32>(a, 20), 20);
      a += lda;
      dst += stride;
    }
    return;
  }
  for (; k > 0; k--) {
    store_part(dst, load_part(a, rows, 0), rows);
    a += lda;
    dst += stride;
  }
}
