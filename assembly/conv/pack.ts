// Filters as the direct convolutions read them: per group, panels of 8 output columns, each [tap][k][8].
import { i32_arg, ptr_arg } from "../record";
import { store_transposed } from "../gemm/pack";

/**
 * Packs filter [oc][kh][kw][ic / groups]. Forward (dx = 0): columns are output channels, k input channels, all taps.
 * Data gradient (dx = 1): columns are input channels, k output channels; taps firstH, firstH + stepH, … (tapsH of them,
 * likewise across) in reverse order. The last panel of a group is filled up with zeros.
 */
export function f32_conv2d_pack(r: usize, thread: i32, threads: i32): void {
  const filter = ptr_arg(r, 0);
  const packed = ptr_arg(r, 1);
  const oc = i32_arg(r, 2);
  const ic = i32_arg(r, 3);
  const groups = i32_arg(r, 4);
  const kh = i32_arg(r, 5);
  const kw = i32_arg(r, 6);
  const dx = i32_arg(r, 7);
  const firstH = i32_arg(r, 8);
  const stepH = i32_arg(r, 9);
  const tapsH = i32_arg(r, 10);
  const firstW = i32_arg(r, 11);
  const stepW = i32_arg(r, 12);
  const tapsW = i32_arg(r, 13);

  const icg = ic / groups, ocg = oc / groups;
  const n = dx ? icg : ocg, k = dx ? ocg : icg;
  const panels = (n + 7) >> 3;
  const ocStride = <usize>(kh * kw * icg) << 2;
  const kStride = dx ? ocStride : 4, nStride = dx ? 4 : ocStride;
  const all = groups * panels;
  for (let q = all * thread / threads, last = all * (thread + 1) / threads; q < last; q++) {
    const g = q / panels, j = (q % panels) << 3;
    const cols = min(n - j, 8);
    const group = filter + <usize>(g * ocg) * ocStride + <usize>j * nStride;
    let to = packed + (<usize>q * (tapsH * tapsW * k) << 5);
    for (let t = 0; t < tapsH; t++) {
      const ky = firstH + (dx ? tapsH - 1 - t : t) * stepH;
      for (let s = 0; s < tapsW; s++) {
        const kx = firstW + (dx ? tapsW - 1 - s : s) * stepW;
        let from = group + (<usize>((ky * kw + kx) * icg) << 2);
        if (dx && cols == 8) to = pack_rows(from, kStride, k, to);
        else if (!dx && cols == 8) to = pack_columns(from, nStride, k, to);
        else {
          for (let l = 0; l < k; l++) {
            for (let i = 0; i < 8; i++) store<f32>(to + (i << 2), i < cols ? load<f32>(from + <usize>i * nStride) : 0);
            from += kStride;
            to += 32;
          }
        }
      }
    }
  }
}

/** to[l][0..8) = from[l * stride ...]: 8 adjacent numbers. */
function pack_rows(from: usize, stride: usize, k: i32, to: usize): usize {
  for (; k > 0; --k) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    from += stride;
    to += 32;
  }
  return to;
}

/** to[l][i] = from[i * stride + l]: 8 columns at a distance, by transposes of 4x4. */
function pack_columns(from: usize, stride: usize, k: i32, to: usize): usize {
  for (; k >= 4; k -= 4) {
    let p = from;
    for (let half = to; half < to + 32; half += 16) {
      const x0 = v128.load(p), x1 = v128.load(p + stride);
      p += stride << 1;
      const x2 = v128.load(p), x3 = v128.load(p + stride);
      p += stride << 1;
      store_transposed(half, 32, x0, x1, x2, x3);
    }
    from += 16;
    to += 128;
  }
  for (; k > 0; --k) {
    for (let i: usize = 0; i < 8; i++) store<f32>(to + (i << 2), load<f32>(from + i * stride));
    from += 4;
    to += 32;
  }
  return to;
}
