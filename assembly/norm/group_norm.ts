// Group normalisation (Wu & He 2018, arXiv:1803.08494) of x [batch][pixels][channels]: the channels of an image stand
// in `groups` of equal size, and each group is normalised over its channels and all pixels.
//   y = xhat gamma + beta,  xhat = (x - mean) rstd,  rstd = 1 / sqrt(variance + eps), the variance being the biased one
//
// One item of work is a chunk of an image's pixels, along whole rows, as in batch normalisation. What belongs to groups
// is spread out over their channels, so that loops know channels alone and groups of any size take the same time. Each
// item has a room in `partial` for numbers of each channel: rows of float64 sums, then rows of float32 constants.
import {
  Activation, Cut, GroupNormDxRecord, GroupNormRecord, GroupNormSumsRecord, ImageGroups,
} from "../generated/records";
import { activation_v128 } from "../math/activation";
import { load_4, range_begin, store_4 } from "../range";
import { accumulate, sum_chunks } from "../reduce/chunks";
import { fma, relu_v128 } from "../simd";
import { claim, sync } from "../sync";
import { chunk_moments } from "./batch_norm_sums";
import { normalize } from "./normalize";

/** Items of each image. */
// @ts-ignore: decorator
@inline
function chunks_of(g: ImageGroups, cut: Cut): i32 {
  return (g.pixels + cut.chunk - 1) / cut.chunk;
}

/** Pixels of chunk `chunk` of an image. */
// @ts-ignore: decorator
@inline
function pixels_of(chunk: i32, g: ImageGroups, cut: Cut): i32 {
  return min(cut.chunk, g.pixels - chunk * cut.chunk);
}

/** Byte offset of chunk `chunk` of an image in x. */
// @ts-ignore: decorator
@inline
function offset_of(image: i32, chunk: i32, g: ImageGroups, cut: Cut): usize {
  return (<usize>image * g.pixels + chunk * cut.chunk) * g.channels << 2;
}

// Of four channels, constants are loaded once for four pixels, or for what is left of them. Eight pixels at a time take
// up to 1.6 times as long where rows are 256 bytes apart: they fall into few sets of the cache.

/** Channels from byte `c` on, of `rows` pixels from byte `at` on. */
// @ts-ignore: decorator
@inline
function forward_4(r: GroupNormRecord, at: usize, rows: i32, c: usize, mean: usize, scale: usize, count: i32): void {
  const m = v128.load(mean + c), s = v128.load(scale + c), activation = r.activation, param = r.param;
  const b = r.beta ? load_4(r.beta + c, count, 0, count < 4) : f32x4.splat(0), stride = <usize>r.channels << 2;
  let x = r.x + at + c, y = r.y + at + c, residual = r.residual ? r.residual + at + c : 0;
  for (; rows > 0; rows--) {
    let v = normalize(load_4(x, count, 0, count < 4), m, s, b);
    if (residual) {
      v = f32x4.add(v, load_4(residual, count, 0, count < 4));
      residual += stride;
    }
    if (activation == Activation.relu) v = relu_v128(v);
    else if (activation) v = activation_v128(activation, v, param);
    store_4(y, v, count, count < 4);
    x += stride; y += stride;
  }
}

/** Mean and rstd of a group, from the moments of its channels in each chunk (Chan, Golub & LeVeque 1979). */
function join_moments(r: GroupNormRecord, image: i32, group: i32): void {
  const g = r.imageGroups, cut = r.cut, size = g.channels / g.groups, chunks = chunks_of(g, cut);
  const half = cut.chunkBytes / 5 << 1;
  let seen: f64 = 0, average: f64 = 0, m2: f64 = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const pixels = <f64>pixels_of(chunk, g, cut), count = pixels * size;
    const means = cut.partial + <usize>(image * chunks + chunk) * cut.chunkBytes + (<usize>(group * size) << 3);
    const end = means + (<usize>size << 3);
    let sum: f64 = 0, within: f64 = 0;
    for (let at = means; at < end; at += 8) sum += load<f64>(at);
    const own = sum / size; // channels of one chunk have equally many pixels
    for (let at = means; at < end; at += 8) {
      const d = load<f64>(at) - own;
      within += load<f64>(at + half) + d * d * pixels;
    }
    const share = count / (seen + count), delta = own - average;
    average += delta * share;
    m2 += within + delta * delta * seen * share;
    seen += count;
  }
  const at = <usize>(image * g.groups + group) << 2;
  store<f32>(r.mean + at, <f32>average);
  store<f32>(r.rstd + at, <f32>(1 / sqrt<f64>(m2 / seen + r.eps)));
}

/**
 * y = act(xhat gamma + beta + residual); gamma, beta and residual may be 0; y may be x or residual. `partial`: two
 * float64 rows and a float32 row an item.
 */
export function f32_group_norm(r: GroupNormRecord, thread: i32, threads: i32): void {
  const x = r.x, gamma = r.gamma, g = r.imageGroups, cut = r.cut, bytes = cut.chunkBytes;
  const size = g.channels / g.groups, chunks = chunks_of(g, cut), row = bytes / 5;
  const stride = <usize>g.channels << 2, whole = stride & ~15, rest = g.channels & 3;
  let item = 0;
  while ((item = claim(g.batch * chunks, thread, threads)) >= 0) {
    const image = item / chunks, chunk = item % chunks, room = cut.partial + <usize>item * bytes;
    memory.fill(room, 0, row << 2);
    const from = x + offset_of(image, chunk, g, cut);
    chunk_moments(from, pixels_of(chunk, g, cut), g.channels, room, room + row * 2, room + row * 4);
  }
  sync(thread, threads);
  const end = range_begin(g.batch * g.groups, 16, thread + 1, threads);
  for (let i = range_begin(g.batch * g.groups, 16, thread, threads); i < end; i++) {
    join_moments(r, i / g.groups, i % g.groups);
  }
  sync(thread, threads);
  while ((item = claim(g.batch * chunks, thread, threads)) >= 0) {
    const image = item / chunks, chunk = item % chunks;
    const means = cut.partial + <usize>item * bytes, scales = means + row;
    for (let group = 0, c: usize = 0; group < g.groups; group++) {
      const own = <usize>(image * g.groups + group) << 2, m = load<f32>(r.mean + own), s = load<f32>(r.rstd + own);
      for (const end = c + (<usize>size << 2); c < end; c += 4) {
        store<f32>(means + c, m);
        store<f32>(scales + c, s * (gamma ? load<f32>(gamma + c) : 1));
      }
    }
    let at = offset_of(image, chunk, g, cut);
    for (let left = pixels_of(chunk, g, cut); left > 0; left -= 4, at += stride << 2) {
      const rows = min(left, 4);
      for (let c: usize = 0; c < whole; c += 16) forward_4(r, at, rows, c, means, scales, 4);
      if (rest) forward_4(r, at, rows, whole, means, scales, rest);
    }
  }
}

/** sums += dy, products += dy (x - m), of `rows` pixels. */
// @ts-ignore: decorator
@inline
function gradients_4(dy: usize, x: usize, rows: i32, stride: usize, mean: usize, sums: usize, products: usize,
  count: i32): void {
  const m = v128.load(mean);
  let s = f32x4.splat(0), q = s;
  for (; rows > 0; rows--) {
    const d = load_4(dy, count, 0, count < 4);
    s = f32x4.add(s, d);
    q = fma(d, f32x4.sub(load_4(x, count, 0, count < 4), m), q);
    dy += stride; x += stride;
  }
  accumulate(sums, s);
  accumulate(products, q);
}

/**
 * For each image and channel: sum = sum of dy, product = sum of dy xhat, over pixels. dgamma and dbeta are their sums
 * over images, and dx needs those over groups. `partial`: two float64 rows and a float32 row an item.
 */
export function f32_group_norm_sums(r: GroupNormSumsRecord, thread: i32, threads: i32): void {
  const dy = r.dy, x = r.x, g = r.imageGroups, cut = r.cut, bytes = cut.chunkBytes;
  const size = g.channels / g.groups, chunks = chunks_of(g, cut), row = bytes / 5;
  const stride = <usize>g.channels << 2, whole = stride & ~15, rest = g.channels & 3;
  let item = 0;
  while ((item = claim(g.batch * chunks, thread, threads)) >= 0) {
    const image = item / chunks, chunk = item % chunks;
    const sums = cut.partial + <usize>item * bytes, products = sums + row * 2, means = sums + row * 4;
    memory.fill(sums, 0, row << 2);
    for (let group = 0, c: usize = 0; group < g.groups; group++) {
      const m = load<f32>(r.mean + (<usize>(image * g.groups + group) << 2));
      for (const end = c + (<usize>size << 2); c < end; c += 4) store<f32>(means + c, m);
    }
    let at = offset_of(image, chunk, g, cut);
    for (let left = pixels_of(chunk, g, cut); left > 0; left -= 4, at += stride << 2) {
      const rows = min(left, 4), d = dy + at, v = x + at;
      for (let c: usize = 0; c < whole; c += 16)
        gradients_4(d + c, v + c, rows, stride, means + c, sums + (c << 1), products + (c << 1), 4);
      const c = whole, to = c << 1;
      if (rest) gradients_4(d + c, v + c, rows, stride, means + c, sums + to, products + to, rest);
    }
  }
  sync(thread, threads);
  const end = range_begin(g.batch * g.channels, 16, thread + 1, threads);
  for (let i = range_begin(g.batch * g.channels, 16, thread, threads); i < end; i++) {
    const image = i / g.channels, c = i % g.channels;
    const from = cut.partial + <usize>(image * chunks) * bytes + (<usize>c << 3);
    const inverse = load<f32>(r.rstd + (<usize>(image * g.groups + c / size) << 2));
    store<f32>(r.sum + (<usize>i << 2), <f32>sum_chunks(from, bytes, chunks));
    store<f32>(r.product + (<usize>i << 2), <f32>(sum_chunks(from + row * 2, bytes, chunks) * inverse));
  }
}

// @ts-ignore: decorator
@inline
function backward_4(dy: usize, x: usize, dx: usize, rows: i32, stride: usize, gamma: usize, constants: usize,
  count: i32): void {
  const scale = gamma ? load_4(gamma, count, 0, count < 4) : f32x4.splat(1), m = v128.load(constants);
  const s = v128.load(constants, 16), a = v128.load(constants, 32), k = v128.load(constants, 48);
  for (; rows > 0; rows--) {
    const h = f32x4.mul(load_4(dy, count, 0, count < 4), scale);
    const d = f32x4.mul(f32x4.sub(load_4(x, count, 0, count < 4), m), k);
    store_4(dx, f32x4.mul(f32x4.sub(f32x4.sub(h, a), d), s), count, count < 4);
    dy += stride; x += stride; dx += stride;
  }
}

/** m, s, a and k of each channel of an image, see below: four vectors for each four channels. */
function spread_constants(r: GroupNormDxRecord, image: i32, constants: usize): void {
  const gamma = r.gamma, g = r.imageGroups, size = g.channels / g.groups, elements = <f64>size * g.pixels;
  for (let first = 0; first < g.channels; first += size) {
    let h: f64 = 0, q: f64 = 0;
    for (let c = first; c < first + size; c++) {
      const from = <usize>(image * g.channels + c) << 2, scale: f64 = gamma ? load<f32>(gamma + (<usize>c << 2)) : 1;
      h += scale * load<f32>(r.sum + from);
      q += scale * load<f32>(r.product + from);
    }
    const own = <usize>(image * g.groups + first / size) << 2, s = load<f32>(r.rstd + own);
    for (let c = first; c < first + size; c++) {
      const to = constants + (<usize>(c & ~3) << 4) + (<usize>(c & 3) << 2);
      store<f32>(to, load<f32>(r.mean + own));
      store<f32>(to, s, 16);
      store<f32>(to, <f32>(h / elements), 32);
      store<f32>(to, <f32>(q / elements * s), 48);
    }
  }
}

/**
 * With h = dy gamma:  dx = rstd (h - mean(h) - xhat mean(h xhat)), the means over the group.  dx may be dy or x.
 * In the code: dx = s (h - a - (x - m) k),  s = rstd,  a = mean(h),  k = rstd mean(h xhat).  `partial`: four float32
 * rows an item.
 */
export function f32_group_norm_dx(r: GroupNormDxRecord, part: i32, parts: i32): void {
  const gamma = r.gamma, g = r.imageGroups, cut = r.cut, chunks = chunks_of(g, cut);
  const stride = <usize>g.channels << 2, whole = stride & ~15, rest = g.channels & 3;
  for (let item = part; item < g.batch * chunks; item += parts) {
    const image = item / chunks, chunk = item % chunks, constants = cut.partial + <usize>item * cut.chunkBytes;
    spread_constants(r, image, constants);
    let at = offset_of(image, chunk, g, cut);
    for (let left = pixels_of(chunk, g, cut); left > 0; left -= 4, at += stride << 2) {
      const rows = min(left, 4), dy = r.dy + at, x = r.x + at, dx = r.dx + at;
      for (let c: usize = 0; c < whole; c += 16)
        backward_4(dy + c, x + c, dx + c, rows, stride, gamma ? gamma + c : 0, constants + (c << 2), 4);
      const c = whole;
      if (rest) backward_4(dy + c, x + c, dx + c, rows, stride, gamma ? gamma + c : 0, constants + (c << 2), rest);
    }
  }
}
