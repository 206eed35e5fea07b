// Weight gradient of a 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3). The forward Y = A^T [(G g G^T) o (B^T d
// B)] A is linear in g, so
//
//   dg = G^T [ sum over tiles of (A dy A^T) o (B^T d B) ] G
//
//   for each block of tiles:   V[p] = B^T d B       panels [ic / 8][tile][8]      p: 36 planes
//                              W[p] = A dy A^T      panels [oc / 4][tile][4], where wide [oc / 8][tile][8]
//                              dU[p] += W[p]^T V[p]                               36 GEMMs, k = tiles
//   dw = G^T dU G
//
// The tiles are cut into `chunks` that depend on the shape alone; each has its own dU, summed in order at the end.
import { Conv2dWinogradF4x3DwRecord, WinogradConstants } from "../generated/records";
import { splits_of } from "../range";
import { next, sync } from "../sync";
import { f32_packed_ukernel_4x8, f32_packed_ukernel_4x8_add } from "./ukernel_packed";
import { f32_packed_ukernel_4x16, f32_packed_ukernel_4x16_add } from "./ukernel_wide";
import { SLOT } from "../wide";
import { gradient_in_eights, weight_3, winograd_constants, winograd_gradient, winograd_input } from "./winograd";

// Multiply-adds of one plane's product from which on a block is worth two barriers: 36 of them take 100 us.
// @ts-ignore: decorator
@inline
const LARGE_BLOCK: i32 = 65536;

/**
 * Scratch of a thread: what the transforms need, a patch of x, one of dy, the planes of V and of W for `block` tiles.
 * `partial` holds 36 planes of dU, [ic / 8][oc][8], for each chunk.
 */
export function f32_conv2d_winograd_f4x3_dw(r: Conv2dWinogradF4x3DwRecord, thread: i32, threads: i32): void {
  const dw = r.dw, ic = r.ic, oc = r.oc, block = r.block, chunks = r.chunks, partial = r.partial;
  const vPlane = r.vPlane, wPlane = r.wPlane, uPlane = r.uPlane;
  const panels = (ic + 7) >> 3, pixel = <usize>ic << 2;
  const tiles = r.batch * ((r.oh + 3) >> 2) * ((r.ow + 3) >> 2);
  const own = r.scratch + <usize>thread * r.scratchStride, temp = own + r.temp;
  winograd_constants(changetype<WinogradConstants>(own + r.constants));

  const wide = gradient_in_eights(r), unit = wide ? 2 : 1, eight: bool = WIDE && (ic & 7) == 0;

  // A thread takes whole chunks. Where they are few, all threads share each of them, its planes in the scratch of the
  // first; small blocks pay for the barriers only where threads would have nothing to do otherwise.
  const shared = threads > 1 && (chunks < threads || (chunks < 4 * threads && ic * oc * block >= LARGE_BLOCK));
  const splits = shared ? splits_of(36, panels / unit, threads) : 1;
  const v = (shared ? r.scratch : own) + r.v, wt = (shared ? r.scratch : own) + r.wt;

  let chunk = -1;
  while ((chunk = next(chunk, chunks, !shared, thread, threads)) >= 0) {
    const u = partial + <usize>chunk * 36 * uPlane;
    const end = <i32>(<i64>tiles * (chunk + 1) / chunks);
    let fresh = true;
    for (let begin = <i32>(<i64>tiles * chunk / chunks); begin < end; begin += block) {
      const count = min(block, end - begin);
      const vPanel = <usize>count << 5, wPanel = <usize>count << (wide ? 5 : 4);
      let t = -1;
      while ((t = next(t, count, shared, thread, threads)) >= 0) {
        winograd_input(r.tiles, r.x, begin + t, r.transforms, own, v + (<usize>t << 5), vPlane, vPanel);
        winograd_gradient(r, begin + t, own, wt + (<usize>t << (wide ? 5 : 4)), wPlane, wPanel);
      }
      if (shared) sync(thread, threads);

      let item = -1;
      while ((item = next(item, 36 * splits, shared, thread, threads)) >= 0) {
        const p = <usize>(item / splits), split = item % splits;
        const last = <usize>(panels / unit * (split + 1) / splits * unit);
        for (let q = <usize>(panels / unit * split / splits * unit); q < last; q += unit) {
          const b = v + p * vPlane + q * vPanel;
          const a = wt + p * wPlane, to = u + p * uPlane + (q * oc << 5);
          if (WIDE && wide) {
            const far = <usize>oc << 5;
            if (fresh) f32_packed_ukernel_4x16(oc >> 2, 8, a, b, count, to, 32, far);
            else f32_packed_ukernel_4x16_add(oc >> 2, 8, a, b, count, to, 32, far);
          } else if (fresh) f32_packed_ukernel_4x8(oc >> 2, a, b, count, to, 32);
          else f32_packed_ukernel_4x8_add(oc >> 2, a, b, count, to, 32);
        }
      }
      if (shared) sync(thread, threads);
      fresh = false;
    }

    // G^T dU G: over planes 0 to 8 of dU, or straight into dw where there is but one chunk.
    let o = -1;
    while ((o = next(o, oc, shared, thread, threads)) >= 0) {
      for (let c = 0; c < ic; c += eight ? 8 : 4) {
        const from = u + (<usize>((c >> 3) * oc + o) << 5) + ((c & 4) << 2);
        for (let j: usize = 0; j < 6; j++) weights(eight, from + j * uPlane, 6 * uPlane, temp + j * SLOT, 6 * SLOT);
        const to = chunks > 1 ? from : dw + (<usize>(o * 9 * ic + c) << 2), step = chunks > 1 ? uPlane : pixel;
        for (let i: usize = 0; i < 3; i++) weights(eight, temp + i * 6 * SLOT, SLOT, to + 3 * i * step, step);
      }
    }
    if (shared) sync(thread, threads);
  }

  if (chunks == 1) return;
  sync(thread, threads);
  const rows = oc * 9; // of dw, [oc][9][ic]
  for (let i = rows * thread / threads, end = rows * (thread + 1) / threads; i < end; i++) {
    const o = i / 9, p = i % 9;
    let to = dw + (<usize>(i * ic) << 2);
    for (let c = 0; c < ic; c += 4) {
      let from = partial + <usize>p * uPlane + (<usize>((c >> 3) * oc + o) << 5) + ((c & 4) << 2);
      let sum = v128.load(from);
      for (let chunk = 1; chunk < chunks; chunk++) {
        from += 36 * uPlane;
        sum = f32x4.add(sum, v128.load(from));
      }
      v128.store(to, sum);
      to += 16;
    }
  }
}

/** G^T of 4 channels or, in wide builds, `eight`. */
// @ts-ignore: decorator
@inline
function weights(eight: bool, from: usize, stride: usize, to: usize, toStride: usize): void {
  if (WIDE && eight) weight_3(true, from, stride, to, toStride);
  else weight_3(false, from, stride, to, toStride);
}
