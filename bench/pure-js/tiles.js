/**
 * Matrix product in plain JavaScript: operands packed into panels of MR rows and NR columns, then one micro-kernel with
 * MR x NR scalar accumulators.
 *
 * Chosen by measurement on V8 (NOTES.md has the figures): panels are Float64Array, because V8 computes in float64 and
 * would convert every element of a Float32Array at each load; rounding each operation by Math.fround makes it three times
 * slower. Six accumulators are the most that pay: V8's scheduler places all products of an iteration before all sums, so
 * larger tiles run out of the 16 registers and spill. Tensors stay Float32Array.
 */
const MR = 3;
const NR = 2;
const KC = 256; // a B panel, KC * NR * 8 bytes = 4 KB, stays in L1
const MC = 129; // the A block, MC * KC * 8 bytes = 258 KB, in L2; a multiple of MR
const NC = 512; // the B block, NC * KC * 8 bytes = 1 MB, in L3

// Module constants of fixed size: V8 then knows map, address and length while compiling the micro-kernel, which as
// arguments it would load and check anew in every iteration (2.7 instead of 4.9 GFLOPS).
const packedA = new Float64Array(MC * KC);
const packedB = new Float64Array(NC * KC);
const tile = new Float64Array(MR * NR);

/** m vectors of length k, strides in elements, into panels of MR = 3 (the last filled up with zeros). */
function packA(src, base, vectorStride, kStride, m, k) {
  let to = 0;
  for (let v = 0; v < m; v += MR) {
    const live = m - v;
    let at0 = (base + v * vectorStride) | 0;
    let at1 = live > 1 ? (at0 + vectorStride) | 0 : at0;
    let at2 = live > 2 ? (at1 + vectorStride) | 0 : at0;
    const one = live > 1 ? 1 : 0;
    const two = live > 2 ? 1 : 0;
    for (let p = 0; p < k; p++) {
      packedA[to] = src[at0];
      packedA[(to + 1) | 0] = one * src[at1];
      packedA[(to + 2) | 0] = two * src[at2];
      to = (to + MR) | 0;
      at0 = (at0 + kStride) | 0;
      at1 = (at1 + kStride) | 0;
      at2 = (at2 + kStride) | 0;
    }
  }
}

/** The same for B, in panels of NR = 2. */
function packB(src, base, vectorStride, kStride, n, k) {
  let to = 0;
  for (let v = 0; v < n; v += NR) {
    const one = n - v > 1 ? 1 : 0;
    let at0 = (base + v * vectorStride) | 0;
    let at1 = (at0 + one * vectorStride) | 0;
    for (let p = 0; p < k; p++) {
      packedB[to] = src[at0];
      packedB[(to + 1) | 0] = one * src[at1];
      to = (to + NR) | 0;
      at0 = (at0 + kStride) | 0;
      at1 = (at1 + kStride) | 0;
    }
  }
}

/** tile [MR, NR] = panel A · panel B. Nothing but stores after the loop: arithmetic there makes the loop spill. */
function microKernel(p, q, k) {
  p = p | 0;
  q = q | 0;
  let c00 = 0,
    c01 = 0,
    c10 = 0,
    c11 = 0,
    c20 = 0,
    c21 = 0;
  const end = (p + Math.imul(k, MR)) | 0;
  do {
    const b0 = packedB[q];
    const b1 = packedB[(q + 1) | 0];
    const a0 = packedA[p];
    c00 += a0 * b0;
    c01 += a0 * b1;
    const a1 = packedA[(p + 1) | 0];
    c10 += a1 * b0;
    c11 += a1 * b1;
    const a2 = packedA[(p + 2) | 0];
    c20 += a2 * b0;
    c21 += a2 * b1;
    p = (p + MR) | 0;
    q = (q + NR) | 0;
  } while (p < end);
  tile[0] = c00;
  tile[1] = c01;
  tile[2] = c10;
  tile[3] = c11;
  tile[4] = c20;
  tile[5] = c21;
}

/** Adds the rows x cols of the tile that lie inside of C. */
function addTile(c, at, ldc, rows, cols) {
  if (rows === MR && cols === NR) {
    const at1 = (at + ldc) | 0;
    const at2 = (at1 + ldc) | 0;
    c[at] += tile[0];
    c[(at + 1) | 0] += tile[1];
    c[at1] += tile[2];
    c[(at1 + 1) | 0] += tile[3];
    c[at2] += tile[4];
    c[(at2 + 1) | 0] += tile[5];
    return;
  }
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) c[at + i * ldc + j] += tile[i * NR + j];
}

/** C [m, n] = A [m, k] · B [k, n]; element (i, p) of A is at i * aRow + p * aCol, likewise (p, j) of B. */
export function gemm(m, n, k, a, aRow, aCol, b, bRow, bCol, c) {
  c.fill(0);
  for (let jc = 0; jc < n; jc += NC) {
    const nc = Math.min(NC, n - jc);
    for (let pc = 0; pc < k; pc += KC) {
      const kc = Math.min(KC, k - pc);
      packB(b, pc * bRow + jc * bCol, bCol, bRow, nc, kc);
      for (let ic = 0; ic < m; ic += MC) {
        const mc = Math.min(MC, m - ic);
        packA(a, ic * aRow + pc * aCol, aRow, aCol, mc, kc);
        for (let j = 0; j < nc; j += NR)
          for (let i = 0; i < mc; i += MR) {
            microKernel(Math.imul(i, kc), Math.imul(j, kc), kc);
            addTile(c, (ic + i) * n + jc + j, n, Math.min(MR, mc - i), Math.min(NR, nc - j));
          }
      }
    }
  }
}
