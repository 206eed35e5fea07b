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
