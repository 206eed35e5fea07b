// Convolution, forward and backward, in float64: the definition that the kernels are held against.
import type { Conv2dShape } from "../../../src/abi/conv.js";

type Numbers = ArrayLike<number>;

/** Calls `visit` with the indices of x, filter and y of every product in the convolution. */
function products(s: Conv2dShape, visit: (x: number, filter: number, y: number) => void): void {
  const icg = s.ic / s.groups;
  const ocg = s.oc / s.groups;
  for (let n = 0; n < s.batch; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let ky = 0; ky < s.kh; ky++) {
          const iy = i * s.strideH - s.padTop + ky * s.dilationH;
          if (iy < 0 || iy >= s.h) continue;
          for (let kx = 0; kx < s.kw; kx++) {
            const ix = j * s.strideW - s.padLeft + kx * s.dilationW;
            if (ix < 0 || ix >= s.w) continue;
            const pixel = ((n * s.h + iy) * s.w + ix) * s.ic;
            const out = ((n * s.oh + i) * s.ow + j) * s.oc;
            for (let o = 0; o < s.oc; o++) {
              const group = Math.floor(o / ocg);
              const weights = ((o * s.kh + ky) * s.kw + kx) * icg;
              for (let c = 0; c < icg; c++) visit(pixel + group * icg + c, weights + c, out + o);
            }
          }
        }
}

/** y[n][i][j][o] = sum of x[n][i * stride - pad + ky * dilation][…][c] * filter[o][ky][kx][c]. */
export function conv2d(s: Conv2dShape, x: Numbers, filter: Numbers): Float64Array {
  const y = new Float64Array(s.batch * s.oh * s.ow * s.oc);
  products(s, (a, b, c) => {
    y[c] += x[a] * filter[b];
  });
  return y;
}

export function conv2dDx(s: Conv2dShape, dy: Numbers, filter: Numbers): Float64Array {
  const dx = new Float64Array(s.batch * s.h * s.w * s.ic);
  products(s, (a, b, c) => {
    dx[a] += dy[c] * filter[b];
  });
  return dx;
}

export function conv2dDw(s: Conv2dShape, dy: Numbers, x: Numbers): Float64Array {
  const dw = new Float64Array((s.oc * s.kh * s.kw * s.ic) / s.groups);
  products(s, (a, b, c) => {
    dw[b] += x[a] * dy[c];
  });
  return dw;
}
