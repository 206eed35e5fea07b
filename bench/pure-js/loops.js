/**
 * The matrix product as one writes it: three loops over typed arrays, the inner one along memory. C [m, n] = A [m, k] ·
 * B [k, n]; element (i, p) of A is at i * aRow + p * aCol, likewise (p, j) of B.
 */
export function gemm(m, n, k, a, aRow, aCol, b, bRow, bCol, c) {
  for (let i = 0; i < m; i++) {
    if (bRow === 1) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[i * aRow + p * aCol] * b[j * bCol + p];
        c[i * n + j] = sum;
      }
      continue;
    }
    c.fill(0, i * n, i * n + n);
    for (let p = 0; p < k; p++) {
      const factor = a[i * aRow + p * aCol];
      for (let j = 0; j < n; j++) c[i * n + j] += factor * b[p * bRow + j * bCol];
    }
  }
}
