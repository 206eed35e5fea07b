// 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3): 2.25 multiplications an output and channel pair instead of
// 9.
//
//   for each block of tiles:   V[p][tile][ic] = B^T d B         p: the 36 elements of a 6x6 tile, one plane each
//                              M[p][tile][oc] = V[p] U[p]       36 GEMMs, U from f32_winograd_f4x3_filter
//                              y tile         = A^T M A, then bias, residual, activation
//
// V and M of a block live in the thread's scratch and stay in its L2 cache. Data gradients are the same with dy for x,
// a rotated filter and padding 2 - padding.
import { Activation, Conv2dWinogradF4x3Record, WinogradConstants } from "../generated/records";
import { finish_v128, RELU_GRADIENT, relu_gradient } from "../gemm/epilogue";
import { ITEMS, splits_of } from "../range";
import { fma } from "../simd";
import { next, sync } from "../sync";
import { put, second, SLOT } from "../wide";
import { f32_rows_ukernel_1x8, f32_rows_ukernel_4x8 } from "./ukernel";
import { f32_rows_ukernel_4x16 } from "./ukernel_wide";
import { winograd_constants, winograd_input } from "./winograd";

/** Scratch of a thread: what the transforms need, a 6x6 patch, the planes of V and of M for `block` tiles. */
export function f32_conv2d_winograd_f4x3(r: Conv2dWinogradF4x3Record, thread: i32, threads: i32): void {
  const filter = r.filter, ic = r.ic, oh = r.oh, ow = r.ow, oc = r.oc, block = r.block, uPlane = r.uPlane;
  const panels = (oc + 7) >> 3;
  const across = (ow + 3) >> 2, down = (oh + 3) >> 2;
  const tiles = r.batch * down * across;
  const vRow = <usize>ic << 2, mRow = <usize>panels << 5;
  const panelBytes = <usize>ic << 5;

  // A thread takes whole blocks. Where they are few, all threads share each of them, as many times larger, in the
  // scratch of all threads.
  const shared = threads > 1 && (tiles + block - 1) / block < ITEMS * threads;
  const size = shared ? block * threads : block, blocks = (tiles + size - 1) / size;
  const splits = shared ? splits_of(36, panels, threads) : 1;
  const vPlane = shared ? planes_of(threads, r.vPlane) : r.vPlane;
  const mPlane = shared ? planes_of(threads, r.mPlane) : r.mPlane;
  // The planes come last in a thread's scratch.
  const own = r.scratch + <usize>thread * (shared ? r.v : r.scratchStride);
  const v = shared ? r.scratch + threads * r.v : own + r.v;
  const m = v + 36 * vPlane;
  winograd_constants(changetype<WinogradConstants>(own + r.constants));

  let job = -1;
  while ((job = next(job, blocks, !shared, thread, threads)) >= 0) {
    const begin = job * size, count = min(size, tiles - begin);
    let t = -1;
    while ((t = next(t, count, shared, thread, threads)) >= 0) {
      winograd_input(r.tiles, r.x, begin + t, r.transforms, own, v + <usize>t * vRow, vPlane, 32);
    }
    if (shared) sync(thread, threads);

    const whole = <usize>(count & ~3); // rows in tiles of 4
    let item = -1;
    while ((item = next(item, 36 * splits, shared, thread, threads)) >= 0) {
      const p = <usize>(item / splits), split = item % splits;
      // A single tile of rows waits for its filters: two panels at a time would be two streams, half as fast.
      let both = false;
      for (let q = panels * split / splits, last = panels * (split + 1) / splits; q < last; q += both ? 2 : 1) {
        both = WIDE && q + 1 < last && count > 4;
        const panel = filter + p * uPlane + <usize>q * panelBytes;
        const a = v + p * vPlane, c = m + p * mPlane + (<usize>q << 5);
        if (WIDE && both) {
          f32_rows_ukernel_4x16(count >> 2, a, vRow, panel, ic, c, mRow);
          if (count & 3) {
            const from = a + whole * vRow, to = c + whole * mRow;
            f32_rows_ukernel_1x8(count & 3, from, vRow, panel, ic, to, mRow);
            f32_rows_ukernel_1x8(count & 3, from, vRow, panel + panelBytes, ic, to + 32, mRow);
          }
          continue;
        }
        f32_rows_ukernel_4x8(count >> 2, a, vRow, panel, ic, c, mRow);
        if (count & 3) f32_rows_ukernel_1x8(count & 3, a + whole * vRow, vRow, panel, ic, c + whole * mRow, mRow);
      }
    }
    if (shared) sync(thread, threads);

    while ((t = next(t, count, shared, thread, threads)) >= 0) {
      const tile = begin + t, n = tile / (down * across);
      const i = tile / across % down * 4, j = tile % across * 4;
      const at = (<usize>(n * oh + i) * ow + j) * (<usize>oc << 2);
      output_tile(r, m + <usize>t * mRow, mPlane, own, min(oh - i, 4), min(ow - j, 4), at);
    }
    if (shared) sync(thread, threads);
  }
}

/**
 * Bytes from plane to plane of a block that all threads share: the room of their planes, an odd number of cache lines.
 */
function planes_of(threads: i32, plane: usize): usize {
  const bytes = <usize>threads * plane;
  return bytes & 64 ? bytes : bytes - 64;
}

/** A^T M A of one tile, and what follows, to `rows` x `cols` pixels from `at` bytes into y on. */
function output_tile(r: Conv2dWinogradF4x3Record, m: usize, plane: usize, own: usize, rows: i32, cols: i32,
  at: usize): void {
  const e = r.epilogue;
  if (rows == 4 && cols == 4) {
    if (e.activation == Activation.none || e.activation == Activation.relu) {
      if (e.residual) whole_tile(true, false, r, m, plane, own, at);
      else whole_tile(false, false, r, m, plane, own, at);
      return;
    }
    if (TRAINING && e.activation == RELU_GRADIENT) {
      if (e.residual) whole_tile(true, true, r, m, plane, own, at);
      else whole_tile(false, true, r, m, plane, own, at);
      return;
    }
  }
  const k = changetype<WinogradConstants>(own + r.constants), temp = own + r.temp, y = e.y;
  const kP = k.p, kQ = k.q, p2 = k.p2, q2 = k.q2, p3 = k.p3, q3 = k.q3;
  const pixel = <usize>r.oc << 2, row = <usize>r.ow * pixel;
  let bias = e.bias;
  for (let channels = r.oc; channels > 0; channels -= 4) {
    output_columns(false, m, plane, k, temp);
    const b = bias ? v128.load(bias) : f32x4.splat(0);
    let t = temp, line = at;
    for (let i = 0; i < rows; i++) {
      const m1 = v128.load(t, SLOT), m2 = v128.load(t, 2 * SLOT), s1 = f32x4.add(m1, m2), d1 = f32x4.sub(m1, m2);
      const m3 = v128.load(t, 3 * SLOT), m4 = v128.load(t, 4 * SLOT), s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4);
      const last = v128.load(t, 5 * SLOT);
      v128.store(t, f32x4.add(f32x4.add(v128.load(t), s1), s2));
      v128.store(t, fma(d2, kQ, f32x4.mul(d1, kP)), 16);
      v128.store(t, fma(s2, q2, f32x4.mul(s1, p2)), 32);
      v128.store(t, f32x4.add(fma(d2, q3, f32x4.mul(d1, p3)), last), 48);
      let to = line;
      for (let j: usize = 0; j < <usize>cols << 4; j += 16) {
        v128.store(y + to, finish_v128(f32x4.add(v128.load(t + j), b), to, 4, e));
        to += pixel;
      }
      t += 6 * SLOT;
      line += row;
    }
    m += 16;
    at += 16;
    if (bias) bias += 16;
  }
}

/** temp [4][6] = A^T M. */
// @ts-ignore: decorator
@inline
function output_columns(wide: bool, m: usize, plane: usize, k: WinogradConstants, temp: usize): void {
  const kP = k.p, kQ = k.q, p2 = k.p2, q2 = k.q2, p3 = k.p3, q3 = k.q3;
  const step = 6 * plane;
  let t = temp - SLOT;
  m -= plane;
  while (t < temp + 5 * SLOT) {
    t += SLOT;
    m += plane;
    let p = m;
    const m0 = v128.load(p), n0 = second(wide, p); p += step;
    const m1 = v128.load(p), n1 = second(wide, p); p += step;
    const m2 = v128.load(p), n2 = second(wide, p); p += step;
    const s1 = f32x4.add(m1, m2), d1 = f32x4.sub(m1, m2), u1 = f32x4.add(n1, n2), g1 = f32x4.sub(n1, n2);
    const m3 = v128.load(p), n3 = second(wide, p); p += step;
    const m4 = v128.load(p), n4 = second(wide, p); p += step;
    const s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4), u2 = f32x4.add(n3, n4), g2 = f32x4.sub(n3, n4);
    put(wide, t, f32x4.add(f32x4.add(m0, s1), s2), f32x4.add(f32x4.add(n0, u1), u2));
    if (wide) v128.store(t, fma(g2, kQ, f32x4.mul(g1, kP)), 6 * SLOT + 16);
    v128.store(t, fma(d2, kQ, f32x4.mul(d1, kP)), 6 * SLOT);
    if (wide) v128.store(t, fma(u2, q2, f32x4.mul(u1, p2)), 12 * SLOT + 16);
    v128.store(t, fma(s2, q2, f32x4.mul(s1, p2)), 12 * SLOT);
    const m5 = v128.load(p), n5 = second(wide, p);
    if (wide) v128.store(t, f32x4.add(fma(g2, q3, f32x4.mul(g1, p3)), n5), 18 * SLOT + 16);
    v128.store(t, f32x4.add(fma(d2, q3, f32x4.mul(d1, p3)), m5), 18 * SLOT);
  }
}

/**
 * A tile of 4x4 pixels where no activation or ReLU follows: y = max(A^T M A + bias + residual, floor); or, `masked`,
 * ReLU's derivative.
 */
// @ts-ignore: decorator
@inline
function whole_tile(add: bool, masked: bool, r: Conv2dWinogradF4x3Record, m: usize, plane: usize, own: usize,
  offset: usize): void {
  if (WIDE && !(r.oc & 7)) whole_channels(true, add, masked, r, m, plane, own, offset);
  else whole_channels(false, add, masked, r, m, plane, own, offset);
}

// @ts-ignore: decorator
@inline
function whole_channels(wide: bool, add: bool, masked: bool, r: Conv2dWinogradF4x3Record, m: usize, plane: usize,
  own: usize, offset: usize): void {
  const k = changetype<WinogradConstants>(own + r.constants), temp = own + r.temp, e = r.epilogue;
  const kP = k.p, kQ = k.q, p2 = k.p2, q2 = k.q2, p3 = k.p3, q3 = k.q3;
  const pixel = <usize>r.oc << 2, row = <usize>r.ow * pixel;
  const floor = e.activation == Activation.none ? f32x4.splat(-Infinity) : f32x4.splat(0);
  const residual = e.residual - e.y, source = e.source - e.y;
  let y = e.y + offset, bias = e.bias;
  // V8 joins no vectors out of branches; the patch is free by now.
  const zeros = own + r.patch;
  if (wide && !bias) put(true, zeros, f32x4.splat(0), f32x4.splat(0));
  for (let channels = r.oc; channels > 0; channels -= wide ? 8 : 4) {
    output_columns(wide, m, plane, k, temp);
    const from = wide && !bias ? zeros : bias;
    const b = wide || bias ? v128.load(from) : f32x4.splat(0), c = second(wide, from);
    let t = temp - 6 * SLOT, line = y - row;
    while (t < temp + 18 * SLOT) {
      t += 6 * SLOT;
      line += row;
      let at = line;
      const m1 = v128.load(t, SLOT), n1 = wide ? v128.load(t, SLOT + 16) : m1;
      const m2 = v128.load(t, 2 * SLOT), n2 = wide ? v128.load(t, 2 * SLOT + 16) : m2;
      const s1 = f32x4.add(m1, m2), d1 = f32x4.sub(m1, m2), u1 = f32x4.add(n1, n2), g1 = f32x4.sub(n1, n2);
      const m3 = v128.load(t, 3 * SLOT), n3 = wide ? v128.load(t, 3 * SLOT + 16) : m3;
      const m4 = v128.load(t, 4 * SLOT), n4 = wide ? v128.load(t, 4 * SLOT + 16) : m4;
      const s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4), u2 = f32x4.add(n3, n4), g2 = f32x4.sub(n3, n4);
      const m0 = v128.load(t), n0 = second(wide, t);
      let v = f32x4.add(f32x4.add(f32x4.add(m0, s1), s2), b), w = f32x4.add(f32x4.add(f32x4.add(n0, u1), u2), c);
      finish(wide, add, masked, at, v, w, residual, floor, source); at += pixel;
      v = f32x4.add(fma(d2, kQ, f32x4.mul(d1, kP)), b); w = f32x4.add(fma(g2, kQ, f32x4.mul(g1, kP)), c);
      finish(wide, add, masked, at, v, w, residual, floor, source); at += pixel;
      v = f32x4.add(fma(s2, q2, f32x4.mul(s1, p2)), b); w = f32x4.add(fma(u2, q2, f32x4.mul(u1, p2)), c);
      finish(wide, add, masked, at, v, w, residual, floor, source); at += pixel;
      const m5 = v128.load(t, 5 * SLOT), n5 = wide ? v128.load(t, 5 * SLOT + 16) : m5;
      v = f32x4.add(f32x4.add(fma(d2, q3, f32x4.mul(d1, p3)), m5), b);
      w = f32x4.add(f32x4.add(fma(g2, q3, f32x4.mul(g1, p3)), n5), c);
      finish(wide, add, masked, at, v, w, residual, floor, source);
    }
    m += wide ? 32 : 16;
    y += wide ? 32 : 16;
    if (bias) bias += wide ? 32 : 16;
  }
}

/** Stores v and, if wide, w at `at`; residual and source stand `residual` and `source` bytes further (modulo 2^32). */
// @ts-ignore: decorator
@inline
function finish(wide: bool, add: bool, masked: bool, at: usize, v: v128, w: v128, residual: usize, floor: v128,
  source: usize): void {
  if (add) {
    const from = at + residual;
    v = f32x4.add(v, v128.load(from));
    w = f32x4.add(w, second(wide, from));
  }
  if (masked) {
    const from = at + source;
    const a = v128.load(from), b = second(wide, from);
    put(wide, at, relu_gradient(v, a), relu_gradient(w, b));
  } else put(wide, at, f32x4.pmax(v, floor), f32x4.pmax(w, floor));
}
