// y[m][n] = epilogue(A B), B packed by f32_pack_b, A row-major or transposed.
//
// The loops, from outside, named as in the BLIS papers (Van Zee and van de Geijn 2015):
//   ic  groups of row tiles: the packed A of a group stays in L2, and is packed here, by the thread that needs it
//   jr  panels of B, 8 columns: a panel stays in L1 while
//   ir  the tiles of the group pass by
//       micro-kernel, then the epilogue over the tile that it has just stored
// k is not blocked for the cache: a panel longer than L1 streams from L2 while the arithmetic goes on (2048^3 runs at
// 0.93 of the bare micro-kernel). Every element is one sum in the order of k, in chunks of KC that are added up in
// order, whatever the tile it falls into: results do not depend on how the work is split.
import { Activation, GemmRecord, SECOND_PANEL } from "../generated/records";
import { f32_epilogue_tile, is_clamp } from "./epilogue";
import { pack_a_tile, pack_a_tile_transposed } from "./pack";
import { splits_of } from "../range";
import { claim } from "../sync";
import { f32_gemm_ukernel_packed, NR, PACKED_MR } from "./ukernel";
import { f32_gemm_ukernel_packed_clamp } from "./ukernel_clamp";
import { f32_gemm_ukernel_packed_wide } from "./ukernel_wide";

// Longest run of products that one accumulator sums: error grows with it.
// @ts-ignore: decorator
@inline
export const KC: i32 = 2048;

// k steps that a transposed A is packed by: 64 lines in L1 while all tiles of the group take their rows from them.
const PACK_K: i32 = 16;

/** Columns that pass by together. */
// @ts-ignore: decorator
@inline
const AT_ONCE: i32 = WIDE ? 2 * NR : NR;

/** Bytes between packed tiles; the last 64 keep tiles of 2^n steps from falling into the same cache sets. */
// @ts-ignore: decorator
@inline
export function tile_stride(k: i32): usize {
  return ((<usize>k * PACKED_MR * 4 + 63) & ~63) + 64;
}

/** The sums of one tile to c: micro-kernel calls for chunks of kc; `spare` holds the chunks after the first. */
export function sum_tile(rows: i32, a: usize, b: usize, k: i32, kc: i32, c: usize, cStride: usize, spare: usize): void {
  f32_gemm_ukernel_packed(rows, a, b, min(k, kc), c, cStride);
  for (k -= kc; k > 0; k -= kc) {
    a += <usize>(kc * rows) << 2;
    b += <usize>kc << 5;
    f32_gemm_ukernel_packed(rows, a, b, min(k, kc), spare, 32);
    add_sums(c, cStride, spare, rows);
  }
}

/**
 * The same of a panel and the one after it, for wide builds. The sums of the second stand beside those of the first in
 * y, or SECOND_PANEL bytes after them where rows are 32 bytes, which those of a y with two panels are not.
 */
export function sum_tile_wide(rows: i32, a: usize, b: usize, k: i32, kc: i32, c: usize, cStride: usize,
  spare: usize): void {
  const right = <usize>k << 5, far = cStride == 32 ? SECOND_PANEL : 32;
  f32_gemm_ukernel_packed_wide(rows, a, b, right, min(k, kc), c, cStride, far);
  for (k -= kc; k > 0; k -= kc) {
    a += <usize>(kc * rows) << 2;
    b += <usize>kc << 5;
    f32_gemm_ukernel_packed_wide(rows, a, b, right, min(k, kc), spare, 32, SECOND_PANEL);
    add_sums(c, cStride, spare, rows);
    add_sums(c + far, cStride, spare + SECOND_PANEL, rows);
  }
}

/** c [rows][8] += spare. */
// @ts-ignore: decorator
@inline
function add_sums(c: usize, cStride: usize, spare: usize, rows: i32): void {
  for (let i: usize = 0; i < <usize>rows << 5; i += 32) {
    v128.store(c, f32x4.add(v128.load(c), v128.load(spare + i)));
    v128.store(c, f32x4.add(v128.load(c, 16), v128.load(spare + i, 16)), 16);
    c += cStride;
  }
}

// Row i of tile t: tiles differ by at most one row, so that no tile is left with a single one.
// @ts-ignore: decorator
@inline
export function tile_row(t: i32, m: i32, tiles: i32): i32 {
  return <i32>(<i64>t * m / tiles);
}

/** Packs tiles [t, last) of the `tiles` of A. */
function pack_group(r: GemmRecord, t: i32, last: i32, tiles: i32, packed: usize): void {
  const m = r.m, k = r.k, a = r.a, lda = <usize>r.lda << 2, tileBytes = tile_stride(k);
  if (!r.aTransposed) {
    for (; t < last; t++) {
      const row = tile_row(t, m, tiles);
      pack_a_tile(a + <usize>row * lda, lda, packed, k, tile_row(t + 1, m, tiles) - row);
      packed += tileBytes;
    }
    return;
  }
  if (!TRAINING) unreachable(); // nothing but weight gradients has a transposed A
  for (let l = 0; l < k; l += PACK_K) {
    const steps = min(PACK_K, k - l);
    const from = a + <usize>l * lda;
    let to = packed;
    for (let i = t; i < last; i++) {
      const row = tile_row(i, m, tiles);
      const rows = tile_row(i + 1, m, tiles) - row;
      pack_a_tile_transposed(from + (<usize>row << 2), lda, to + (<usize>(l * rows) << 2), steps, rows);
      to += tileBytes;
    }
  }
}

/** Scratch of a thread: the sums of one tile, `spare` for those of later chunks, the packed A of a group. */
export function f32_gemm(r: GemmRecord, thread: i32, threads: i32): void {
  const b = r.b, m = r.m, n = r.n, k = r.k, tileBytes = tile_stride(r.k), e = r.epilogue;
  const stride = <usize>r.ldy << 2, panel = <usize>k << 5;
  const own = r.scratch + <usize>thread * r.scratchStride;
  const tile = own + r.tile, spare = own + r.spare, packed = own + r.packed;
  // Kept out of the classic kernels for their size: ResNet-50 gains 1 % by it.
  const fused = FURTHER && k <= KC && is_clamp(e.activation);
  const plain = !e.bias && !e.residual && e.activation == Activation.none;

  // Groups are as large as their room, but small enough to give every thread several (group, panel) items.
  const tiles = (m + PACKED_MR - 1) / PACKED_MR, panels = (n + AT_ONCE - 1) / AT_ONCE;
  const perGroup = max(1, <i32>(r.packedBytes / tileBytes));
  const groups = max((tiles + perGroup - 1) / perGroup, splits_of(panels, tiles, threads));

  let item = 0, group = -1, first = 0, last = 0;
  while ((item = claim(groups * panels, thread, threads)) >= 0) {
    if (item / panels != group) {
      group = item / panels;
      first = <i32>(<i64>group * tiles / groups);
      last = <i32>(<i64>(group + 1) * tiles / groups);
      pack_group(r, first, last, tiles, packed);
    }
    const j = (item - group * panels) * AT_ONCE;
    const cols = min(NR, n - j), colsRight = WIDE ? min(NR, n - j - NR) : 0;
    const column = <usize>j << 2;
    const bPanel = b + <usize>(j >> 3) * panel;
    // Rows as tile_row gives them, without its division.
    const least = m / tiles, over = m - least * tiles;
    let aPacked = packed, row = tile_row(first, m, tiles), part = <i32>(<i64>first * over % tiles);
    for (let t = first; t < last; t++) {
      part += over;
      const one = part >= tiles;
      if (one) part -= tiles;
      const rows = least + i32(one), at = <usize>row * stride + column;
      if (WIDE && colsRight > 0) {
        const direct = plain && colsRight == NR;
        sum_tile_wide(rows, aPacked, bPanel, k, KC, direct ? e.y + at : tile, direct ? stride : 32, spare);
        if (!direct) {
          f32_epilogue_tile(tile, rows, NR, at, stride, column, e);
          f32_epilogue_tile(tile + SECOND_PANEL, rows, colsRight, at + 32, stride, column + 32, e);
        }
      } else {
        const direct = plain && cols == NR;
        if (fused && !direct && rows == PACKED_MR && cols == NR) {
          f32_gemm_ukernel_packed_clamp(aPacked, bPanel, k, tile, at, stride, column, e);
        } else {
          sum_tile(rows, aPacked, bPanel, k, KC, direct ? e.y + at : tile, direct ? stride : 32, spare);
          if (!direct) f32_epilogue_tile(tile, rows, cols, at, stride, column, e);
        }
      }
      aPacked += tileBytes;
      row += rows;
    }
  }
}
