// Filters as the direct convolutions read them: per group, panels of 8 output columns, each [tap][k][8].
import { Conv2dPackRecord } from "../generated/records";
import { store_transposed } from "../gemm/pack";

/**
 * Packs filter [oc][kh][kw][ic / groups]. Forward (dx = 0): columns are output channels, k input channels, all taps.
 * Data gradient (dx = 1): columns are input channels, k output channels; taps firstH, firstH + stepH, … (tapsH of them,
 * likewise across) in reverse order. The last panel of a group is filled up with zeros.
 */
export function f32_conv2d_pack(r: Conv2dPackRecord, part: i32, parts: i32): void {
  const filter = r.filter, packed = r.packed, oc = r.oc, ic = r.ic, groups = r.groups, kh = r.kh, kw = r.kw;
  const dx = r.dx, firstH = r.firstH, stepH = r.stepH, tapsH = r.tapsH, firstW = r.firstW, stepW = r.stepW;
  const tapsW = r.tapsW;

  const icg = ic / groups, ocg = oc / groups;
  const n = dx ? icg : ocg, k = dx ? ocg : icg;
  const panels = (n + 7) >> 3;
  const ocStride = <usize>(kh * kw * icg) << 2;
  const kStride = dx ? ocStride : 4, nStride = dx ? 4 : ocStride;
  const all = groups * panels;
  for (let q = all * part / parts, last = all * (part + 1) / parts; q < last; q++) {
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
  for (; k > 0; k--) {
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
  for (; k > 0; k--) {
    for (let i: usize = 0; i < 8; i++) store<f32>(to + (i << 2), load<f32>(from + i * stride));
    from += 4;
    to += 32;
  }
  return to;
}
