// Filters of F(4x4, 3x3): U = G g G^T, 36 planes, each packed in panels of 8 columns [k][8] as the micro-kernel reads
// B.
import { WinogradF4x3FilterRecord } from "../generated/records";
import { claim } from "../sync";
import { store_transposed } from "../gemm/pack";
import { filter_6 } from "./winograd";

/**
 * Transforms filter [oc][3][3][ic]. Forward (dx = 0): columns are output channels, k input channels. Data gradient
 * (dx = 1): the other way round, taps rotated by half a turn. Both channel counts are multiples of 4.
 * Scratch of a thread: float64 vectors of a filter between the two passes, 36 planes of 4x4 channels (`square`), a row.
 */
export function f32_winograd_f4x3_filter(r: WinogradF4x3FilterRecord, thread: i32, threads: i32): void {
  const filter = r.filter, ic = r.ic, dx = r.dx, plane = r.plane;
  const n = dx ? ic : r.oc, k = dx ? r.oc : ic;
  const tap = <usize>ic << 2;
  const own = r.scratch + <usize>thread * r.scratchStride;
  const temp = own + r.temp, square = own + r.square, row = own + r.row;
  const panels = (n + 7) >> 3;
  let q = 0;
  while ((q = claim(panels, thread, threads)) >= 0) {
    const panel = r.transformed + (<usize>(q * k) << 5);
    for (let half = 0; half < 8; half += 4) {
      const column = q * 8 + half;
      const to = panel + (half << 2);
      if (column >= n) {
        for (let p: usize = 0; p < 36; p++) {
          for (let l: usize = 0; l < <usize>k; l++) v128.store(to + p * plane + (l << 5), f32x4.splat(0));
        }
      } else if (dx) {
        for (let l = 0; l < k; l++) {
          const from = filter + (<usize>(l * 9 * ic + column) << 2);
          transform_filter(from, tap, true, temp, row, to + (<usize>l << 5), plane);
        }
      } else {
        for (let l = 0; l < k; l += 4) {
          for (let i: usize = 0; i < 4; i++) {
            const from = filter + (((<usize>column + i) * 9 * <usize>ic + <usize>l) << 2);
            transform_filter(from, tap, false, temp, row, square + (i << 4), 64);
          }
          for (let p: usize = 0; p < 36; p++) {
            const b = square + (p << 6), d = to + p * plane + (<usize>l << 5);
            store_transposed(d, 32, v128.load(b), v128.load(b, 16), v128.load(b, 32), v128.load(b, 48));
          }
        }
      }
    }
  }
}

/** G g G^T for 4 input channels, taps `tap` bytes apart; element p goes to to + p * plane. */
function transform_filter(from: usize, tap: usize, rotate: bool, temp: usize, row: usize, to: usize,
  plane: usize): void {
  if (rotate) {
    from += 8 * tap;
    tap = -tap;
  }
  // Down the columns, then along the rows; low and high channels apart, 18 vectors (288 bytes) of `temp` each.
  for (let j: usize = 0; j < 3; j++) {
    const g0 = v128.load(from), g1 = v128.load(from + 3 * tap), g2 = v128.load(from + 6 * tap);
    const low0 = f64x2.promote_low_f32x4(g0), low1 = f64x2.promote_low_f32x4(g1);
    filter_6(low0, low1, f64x2.promote_low_f32x4(g2), temp + (j << 4), 48);
    filter_6(promote_high(g0), promote_high(g1), promote_high(g2), temp + 288 + (j << 4), 48);
    from += tap;
  }
  for (let i: usize = 0; i < 6; i++) {
    const line = temp + i * 48, low = row, high = row + 96;
    const a0 = v128.load(line), a1 = v128.load(line, 16), a2 = v128.load(line, 32);
    const b0 = v128.load(line, 288), b1 = v128.load(line, 304), b2 = v128.load(line, 320);
    filter_6(a0, a1, a2, low, 16);
    filter_6(b0, b1, b2, high, 16);
    for (let j: usize = 0; j < 96; j += 16) {
      const l = f32x4.demote_f64x2_zero(v128.load(low + j)), h = f32x4.demote_f64x2_zero(v128.load(high + j));
      v128.store(to, v128.shuffle<f32>(l, h, 0, 1, 4, 5));
      to += plane;
    }
  }
}

// @ts-ignore: decorator
@inline
function promote_high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1));
}
