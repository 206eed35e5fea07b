// 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3): 2.25 multiplications an output and channel pair instead of 9.
//
//   for each block of tiles:   V[p][tile][ic] = B^T d B         p: the 36 elements of a 6x6 tile, one plane each
//                              M[p][tile][oc] = V[p] U[p]       36 GEMMs, U from f32_winograd_f4x3_filter
//                              y tile         = A^T M A, then bias, residual, activation
//
// V and M of a block live in the thread's scratch and stay in its L2 cache. Data gradients are the same with dy for x, a
// rotated filter and padding 2 - padding.
import { Activation, Conv2dWinogradF4x3Record } from "../generated/records";
import { epilogue_v128, RELU_GRADIENT, relu_gradient } from "../gemm/epilogue";
import { ITEMS, splits_of } from "../range";
import { fma } from "../simd";
import { next, sync } from "../sync";
import { f32_rows_ukernel_1x8, f32_rows_ukernel_4x8 } from "./ukernel";
import { plane_bytes, TEMP_BYTES, winograd_constants, winograd_input } from "./winograd";

/** Scratch of a thread: what the transforms need, a 6x6 patch, the planes of V and of M for `block` tiles. */
export function f32_conv2d_winograd_f4x3(r: Conv2dWinogradF4x3Record, thread: i32, threads: i32): void {
  const x = r.x, filter = r.filter, y = r.y, batch = r.batch, h = r.h, w = r.w, ic = r.ic, oh = r.oh;
  const ow = r.ow, oc = r.oc, padTop = r.padTop, padLeft = r.padLeft, block = r.block, bias = r.bias;
  const residual = r.residual, activation = r.activation, param = r.param, source = r.source;
  const scratch = r.scratch, scratchStride = r.scratchStride;

  const panels = (oc + 7) >> 3;
  const across = (ow + 3) >> 2, down = (oh + 3) >> 2;
  const tiles = batch * down * across;
  const pixel = <usize>ic << 2, outPixel = <usize>oc << 2;
  const vRow = pixel, mRow = <usize>panels << 5;
  const panelBytes = <usize>ic << 5;
  const uPlane = plane_bytes(panels * <i32>panelBytes);

  // A thread takes whole blocks. Where they are few, all threads share each of them, as many times larger, in the scratch
  // of all threads.
  const shared = threads > 1 && (tiles + block - 1) / block < ITEMS * threads;
  const size = shared ? block * threads : block, blocks = (tiles + size - 1) / size;
  const splits = shared ? splits_of(36, panels, threads) : 1;
  const vPlane = plane_bytes(size * <i32>vRow), mPlane = plane_bytes(size * <i32>mRow);
  const own = TEMP_BYTES + 36 * ((pixel + 63) & ~63);
  const temp = scratch + <usize>thread * (shared ? own : <usize>scratchStride);
  const patch = temp + TEMP_BYTES;
  const v = shared ? scratch + threads * own : temp + own;
  const m = v + 36 * vPlane;
  winograd_constants(temp);

  let job = -1;
  while ((job = next(job, blocks, !shared, thread, threads)) >= 0) {
    const begin = job * size, count = min(size, tiles - begin);
    let t = -1;
    while ((t = next(t, count, shared, thread, threads)) >= 0) {
      const tile = begin + t, n = tile / (down * across);
      const top = tile / across % down * 4 - padTop, left = tile % across * 4 - padLeft;
      winograd_input(x + <usize>n * h * w * pixel, h, w, top, left, ic, patch, temp, v + <usize>t * vRow, vPlane, 32);
    }
    if (shared) sync(thread, threads);

    const whole = <usize>(count & ~3); // rows in tiles of 4
    let item = -1;
    while ((item = next(item, 36 * splits, shared, thread, threads)) >= 0) {
      const p = <usize>(item / splits), split = item % splits;
      for (let q = panels * split / splits, last = panels * (split + 1) / splits; q < last; q++) {
        const panel = filter + p * uPlane + <usize>q * panelBytes;
        const a = v + p * vPlane, c = m + p * mPlane + (<usize>q << 5);
        f32_rows_ukernel_4x8(count >> 2, a, vRow, panel, ic, c, mRow);
        if (count & 3) f32_rows_ukernel_1x8(count & 3, a + whole * vRow, vRow, panel, ic, c + whole * mRow, mRow);
      }
    }
    if (shared) sync(thread, threads);

    while ((t = next(t, count, shared, thread, threads)) >= 0) {
      const tile = begin + t, n = tile / (down * across);
      const i = tile / across % down * 4, j = tile % across * 4;
      const offset = (<usize>(n * oh + i) * ow + j) * outPixel;
      output_tile(m + <usize>t * mRow, mPlane, oc, temp, min(oh - i, 4), min(ow - j, 4), y, offset, <usize>ow * outPixel,
        outPixel, bias, residual, activation, param, source);
    }
    if (shared) sync(thread, threads);
  }
}

/** A^T M A for `channels` channels, and what follows, to `rows` x `cols` pixels from y + offset on. */
function output_tile(m: usize, plane: usize, channels: i32, temp: usize, rows: i32, cols: i32, y: usize, offset: usize,
  row: usize, pixel: usize, bias: usize, residual: usize, activation: i32, param: f32, source: usize): void {
  if (rows == 4 && cols == 4 && activation <= Activation.relu) {
    const floor = activation ? f32x4.splat(0) : f32x4.splat(-Infinity);
    if (residual) whole_tile(true, false, m, plane, channels, temp, y + offset, row, pixel, bias, residual - y, floor, 0);
    else whole_tile(false, false, m, plane, channels, temp, y + offset, row, pixel, bias, 0, floor, 0);
    return;
  }
  if (TRAINING && rows == 4 && cols == 4 && activation == RELU_GRADIENT) {
    const none = f32x4.splat(0), from = source - y;
    if (residual) whole_tile(true, true, m, plane, channels, temp, y + offset, row, pixel, bias, residual - y, none, from);
    else whole_tile(false, true, m, plane, channels, temp, y + offset, row, pixel, bias, 0, none, from);
    return;
  }
  const kP = v128.load(temp, 576), kQ = v128.load(temp, 592), p2 = v128.load(temp, 608), q2 = v128.load(temp, 624);
  const p3 = v128.load(temp, 640), q3 = v128.load(temp, 656);
  for (; channels > 0; channels -= 4) {
    output_columns(m, plane, temp);
    const b = bias ? v128.load(bias) : f32x4.splat(0);
    let t = temp, line = offset;
    for (let i = 0; i < rows; i++) {
      const m1 = v128.load(t, 16), m2 = v128.load(t, 32), s1 = f32x4.add(m1, m2), d1 = f32x4.sub(m1, m2);
      const m3 = v128.load(t, 48), m4 = v128.load(t, 64), s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4);
      const last = v128.load(t, 80);
      v128.store(t, f32x4.add(f32x4.add(v128.load(t), s1), s2));
      v128.store(t, fma(d2, kQ, f32x4.mul(d1, kP)), 16);
      v128.store(t, fma(s2, q2, f32x4.mul(s1, p2)), 32);
      v128.store(t, f32x4.add(fma(d2, q3, f32x4.mul(d1, p3)), last), 48);
      let at = line;
      for (let j: usize = 0; j < <usize>cols << 4; j += 16) {
        const v = f32x4.add(v128.load(t + j), b);
        v128.store(y + at, epilogue_v128(v, 0, residual ? residual + at : 0, activation, param, source + at, 4));
        at += pixel;
      }
      t += 96;
      line += row;
    }
    m += 16;
    offset += 16;
    if (bias) bias += 16;
  }
}

/** temp [4][6] = A^T M. */
// @ts-ignore: decorator
@inline
function output_columns(m: usize, plane: usize, temp: usize): void {
  const kP = v128.load(temp, 576), kQ = v128.load(temp, 592), p2 = v128.load(temp, 608), q2 = v128.load(temp, 624);
  const p3 = v128.load(temp, 640), q3 = v128.load(temp, 656);
  const step = 6 * plane;
  let t = temp - 16;
  m -= plane;
  while (t < temp + 80) {
    t += 16;
    m += plane;
    let p = m;
    const m0 = v128.load(p); p += step;
    const m1 = v128.load(p); p += step;
    const m2 = v128.load(p); p += step;
    const s1 = f32x4.add(m1, m2), d1 = f32x4.sub(m1, m2);
    const m3 = v128.load(p); p += step;
    const m4 = v128.load(p); p += step;
    const s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4);
    v128.store(t, f32x4.add(f32x4.add(m0, s1), s2));
    v128.store(t, fma(d2, kQ, f32x4.mul(d1, kP)), 96);
    v128.store(t, fma(s2, q2, f32x4.mul(s1, p2)), 192);
    v128.store(t, f32x4.add(fma(d2, q3, f32x4.mul(d1, p3)), v128.load(p)), 288);
  }
}

/**
 * A tile of 4x4 pixels where no activation or ReLU follows: y = max(A^T M A + bias + residual, floor); or, `masked`, ReLU's
 * derivative.
 */
// @ts-ignore: decorator
@inline
function whole_tile(add: bool, masked: bool, m: usize, plane: usize, channels: i32, temp: usize, y: usize, row: usize,
  pixel: usize, bias: usize, residual: usize, floor: v128, source: usize): void {
  const kP = v128.load(temp, 576), kQ = v128.load(temp, 592), p2 = v128.load(temp, 608), q2 = v128.load(temp, 624);
  const p3 = v128.load(temp, 640), q3 = v128.load(temp, 656);
  for (; channels > 0; channels -= 4) {
    output_columns(m, plane, temp);
    const b = bias ? v128.load(bias) : f32x4.splat(0);
    let t = temp - 96, line = y - row;
    while (t < temp + 288) {
      t += 96;
      line += row;
      let at = line;
      const m1 = v128.load(t, 16), m2 = v128.load(t, 32), s1 = f32x4.add(m1, m2), d1 = f32x4.sub(m1, m2);
      const m3 = v128.load(t, 48), m4 = v128.load(t, 64), s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4);
      put(add, masked, at, f32x4.add(f32x4.add(v128.load(t), s1), s2), b, residual, floor, source); at += pixel;
      put(add, masked, at, fma(d2, kQ, f32x4.mul(d1, kP)), b, residual, floor, source); at += pixel;
      put(add, masked, at, fma(s2, q2, f32x4.mul(s1, p2)), b, residual, floor, source); at += pixel;
      put(add, masked, at, f32x4.add(fma(d2, q3, f32x4.mul(d1, p3)), v128.load(t, 80)), b, residual, floor, source);
    }
    m += 16;
    y += 16;
    if (bias) bias += 16;
  }
}

/** Stores at `at`; residual and source stand `residual` and `source` bytes further (modulo 2^32). */
// @ts-ignore: decorator
@inline
function put(add: bool, masked: bool, at: usize, v: v128, bias: v128, residual: usize, floor: v128, source: usize): void {
  v = f32x4.add(v, bias);
  if (add) v = f32x4.add(v, v128.load(at + residual));
  v128.store(at, masked ? relu_gradient(v, v128.load(at + source)) : f32x4.pmax(v, floor));
}
