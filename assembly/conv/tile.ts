// One tile of an implicit GEMM: output pixels by 8 output channels, the pixels' inputs found through a table.
import { f32_gemm_ukernel_1x8, f32_gemm_ukernel_2x8, f32_gemm_ukernel_3x8, f32_gemm_ukernel_4x8, f32_gemm_ukernel_5x8, f32_gemm_ukernel_6x8 } from "../gemm/ukernel";

// The 5- and 6-row kernels take one segment a call; below this length the calls cost more than the rows gain.
const FLAT_LENGTH: i32 = 48;

/** Rows of a full tile for segments of `length` numbers. */
// @ts-ignore: decorator
@inline
export function tile_rows(segments: i32, length: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) return segments == 1 || length >= FLAT_LENGTH ? 6 : 4;
  return 4;
}

/**
 * c[i][0..8) = ini[0..8) + sum over segments s and l < length of x[table[i] + s * stride + l] * panel[s * length + l][0..8)
 * for `rows` pixels; `table` holds byte offsets from x, `stride` is in bytes. `ini` is the same for all rows, or c itself.
 */
export function conv_tile(rows: i32, x: usize, table: usize, segments: i32, length: i32, stride: usize, panel: usize,
  ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  const skip = stride - (<usize>length << 2);
  const a0 = x + load<u32>(table);
  if (rows == 4) {
    f32_gemm_ukernel_4x8(a0, x + load<u32>(table, 4), x + load<u32>(table, 8), x + load<u32>(table, 12), 4, skip,
      panel, 32, 0, segments, length, ini, iniStride, c, cStride);
    return;
  }
  if (ASC_FEATURE_RELAXED_SIMD && rows > 4) {
    const a1 = x + load<u32>(table, 4), a2 = x + load<u32>(table, 8), a3 = x + load<u32>(table, 12);
    const a4 = x + load<u32>(table, 16);
    const a5 = rows > 5 ? x + load<u32>(table, 20) : 0;
    for (let s: usize = 0, end = <usize>segments * stride; s < end; s += stride) {
      if (rows == 6) {
        f32_gemm_ukernel_6x8(a0 + s, a1 + s, a2 + s, a3 + s, a4 + s, a5 + s, 4, panel, 32, length, ini, iniStride, c, cStride);
      } else {
        f32_gemm_ukernel_5x8(a0 + s, a1 + s, a2 + s, a3 + s, a4 + s, 4, panel, 32, length, ini, iniStride, c, cStride);
      }
      panel += <usize>length << 5;
      ini = c;
      iniStride = cStride;
    }
    return;
  }
  if (rows == 3) {
    f32_gemm_ukernel_3x8(a0, x + load<u32>(table, 4), x + load<u32>(table, 8), 4, skip, panel, 32, 0, segments, length,
      ini, iniStride, c, cStride);
  } else if (rows == 2) {
    f32_gemm_ukernel_2x8(a0, x + load<u32>(table, 4), 4, skip, panel, 32, 0, segments, length, ini, iniStride, c, cStride);
  } else {
    f32_gemm_ukernel_1x8(a0, 4, skip, panel, 32, 0, segments, length, ini, iniStride, c, cStride);
  }
}

/** c[i][0..8) = sum over l < k of a[i][l] * panel[l][0..8) for any number of rows; strides in bytes. */
export function plane_rows(rows: i32, a: usize, aRow: usize, panel: usize, k: i32, zeros: usize, c: usize, cRow: usize): void {
  const full = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
  for (let tiles = (rows + full - 1) / full; tiles > 0; --tiles) {
    const take = (rows + tiles - 1) / tiles; // balanced: never a lone row at the end
    const a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
    if (ASC_FEATURE_RELAXED_SIMD && take > 4) {
      const a4 = a3 + aRow;
      if (take == 6) f32_gemm_ukernel_6x8(a, a1, a2, a3, a4, a4 + aRow, 4, panel, 32, k, zeros, 0, c, cRow);
      else f32_gemm_ukernel_5x8(a, a1, a2, a3, a4, 4, panel, 32, k, zeros, 0, c, cRow);
    } else if (take == 4) f32_gemm_ukernel_4x8(a, a1, a2, a3, 4, 0, panel, 32, 0, 1, k, zeros, 0, c, cRow);
    else if (take == 3) f32_gemm_ukernel_3x8(a, a1, a2, 4, 0, panel, 32, 0, 1, k, zeros, 0, c, cRow);
    else if (take == 2) f32_gemm_ukernel_2x8(a, a1, 4, 0, panel, 32, 0, 1, k, zeros, 0, c, cRow);
    else f32_gemm_ukernel_1x8(a, 4, 0, panel, 32, 0, 1, k, zeros, 0, c, cRow);
    a += <usize>take * aRow;
    c += <usize>take * cRow;
    rows -= take;
  }
}
