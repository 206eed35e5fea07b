// Sizes that the GEMM kernels and the planner must agree on; the constants repeat those of `assembly/gemm/`.

/** Numbers in the packed form of a [k, n] matrix: panels of 8 columns. */
export function packedSize(k: number, n: number): number {
  return Math.ceil(n / 8) * 8 * k;
}

/**
 * Bytes of scratch that each thread of `f32_gemm` needs: two tiles of 6x8, and a group of packed row tiles (6 rows by
 * k, one line of padding), at least one, at most 256 KB of them.
 */
export function gemmScratch(m: number, k: number): number {
  const tile = Math.ceil((6 * k * 4) / 64) * 64 + 64;
  return 2 * 192 + Math.min(Math.ceil(m / 5) * tile, Math.max(tile, 256 * 1024));
}
