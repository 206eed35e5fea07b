// Group normalisation (Wu & He 2018, arXiv:1803.08494) of x [batch][pixels][channels]: the channels of an image stand
// in `groups` of equal size, and each group is normalised over its channels and all pixels.
//   y = xhat gamma + beta,  xhat = (x - mean) rstd,  rstd = 1 / sqrt(variance + eps), the variance being the biased one
//
// One item of work is a `bundle` of an image's channels: whole groups and, save for the last bundle, whole vectors, so
// that groups of any size are summed four channels at a time. Each item has a room in `partial`: rows of float64 sums,
// then rows of float32 constants, a number for each channel of a bundle.
import { GroupNormDxRecord, GroupNormRecord, GroupNormSumsRecord, ImageGroups } from "../generated/records";
import { load_4, store_4 } from "../range";
import { accumulate } from "../reduce/chunks";
import { fma } from "../simd";
import { normalize } from "./normalize";

// @ts-ignore: decorator
@inline
function items(g: ImageGroups): i32 {
  return g.batch * ((g.channels + g.bundle - 1) / g.bundle);
}

/** The image of an item. */
// @ts-ignore: decorator
@inline
function image_of(item: i32, g: ImageGroups): i32 {
  return item / ((g.channels + g.bundle - 1) / g.bundle);
}

/** The first channel of an item. */
// @ts-ignore: decorator
@inline
function first_of(item: i32, g: ImageGroups): i32 {
  return item % ((g.channels + g.bundle - 1) / g.bundle) * g.bundle;
}

// Loops take eight pixels at a time, or what is left of them, and of each four channels, so that the constants of a
// channel are loaded once for eight pixels, and short sums are in float32.

/** sums += x - m, or its square, of `rows` pixels. */
// @ts-ignore: decorator
@inline
function add_4(x: usize, rows: i32, stride: usize, means: usize, sums: usize, squared: bool, count: i32): void {
  const m = load_4(means, count, 0, count < 4);
  let s = f32x4.splat(0);
  for (; rows > 0; --rows) {
    const d = f32x4.sub(load_4(x, count, 0, count < 4), m);
    s = squared ? fma(d, d, s) : f32x4.add(s, d);
    x += stride;
  }
  accumulate(sums, s);
}

/** sums += x - m, or its square, of all pixels, channel by channel. */
// @ts-ignore: decorator
@inline
function add_all(x: usize, pixels: i32, stride: usize, count: i32, means: usize, sums: usize, squared: bool): void {
  const whole = <usize>(count & ~3) << 2, rest = count & 3;
  for (; pixels > 0; pixels -= 8) {
    const rows = min(pixels, 8);
    for (let c: usize = 0; c < whole; c += 16) add_4(x + c, rows, stride, means + c, sums + (c << 1), squared, 4);
    if (rest) add_4(x + whole, rows, stride, means + whole, sums + (whole << 1), squared, rest);
    x += stride << 3;
  }
}

/** The sum of `count` float64 numbers. */
function total(sums: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (const end = sums + (<usize>count << 3); sums < end; sums += 8) sum += load<f64>(sums);
  return sum;
}

// @ts-ignore: decorator
@inline
function forward_4(x: usize, y: usize, rows: i32, stride: usize, mean: usize, scale: usize, beta: usize,
  count: i32): void {
  const m = v128.load(mean), s = v128.load(scale), b = beta ? load_4(beta, count, 0, count < 4) : f32x4.splat(0);
  for (; rows > 0; --rows) {
    store_4(y, normalize(load_4(x, count, 0, count < 4), m, s, b), count, count < 4);
    x += stride; y += stride;
  }
}

/** gamma and beta may be 0: xhat itself. y may be x. `room`: 16 bytes a channel. */
export function f32_group_norm(r: GroupNormRecord, part: i32, parts: i32): void {
  const x = r.x, gamma = r.gamma, beta = r.beta, y = r.y, mean = r.mean, rstd = r.rstd, eps = r.eps;
  const g = r.imageGroups, size = g.channels / g.groups, pixels = g.pixels, elements = <f64>size * pixels;
  const stride = <usize>g.channels << 2, width = <usize>g.bundle << 2;
  for (let item = part; item < items(g); item += parts) {
    const image = image_of(item, g), first = first_of(item, g), count = min(g.bundle, g.channels - first);
    const at = (<usize>image * pixels * g.channels + first) << 2, own = <usize>first << 2;
    const sums = g.partial + g.room * item, means = sums + (width << 1), scales = means + width;
    memory.fill(sums, 0, width * 3);
    add_all(x + at, pixels, stride, count, means, sums, false);
    for (let c = 0; c < count; c += size) {
      const average = <f32>(total(sums + (<usize>c << 3), size) / elements);
      store<f32>(mean + (<usize>(image * g.groups + (first + c) / size) << 2), average);
      for (let i = c; i < c + size; ++i) store<f32>(means + (<usize>i << 2), average);
    }
    memory.fill(sums, 0, width << 1);
    add_all(x + at, pixels, stride, count, means, sums, true);
    for (let c = 0; c < count; c += size) {
      const inverse = <f32>(1 / sqrt<f64>(total(sums + (<usize>c << 3), size) / elements + eps));
      store<f32>(rstd + (<usize>(image * g.groups + (first + c) / size) << 2), inverse);
      for (let i = c; i < c + size; ++i) {
        const scale: f32 = gamma ? load<f32>(gamma + own + (<usize>i << 2)) : 1;
        store<f32>(scales + (<usize>i << 2), inverse * scale);
      }
    }
    const whole = <usize>(count & ~3) << 2, rest = count & 3, shifts = beta ? beta + own : 0;
    let from = x + at, to = y + at;
    for (let left = pixels; left > 0; left -= 8, from += stride << 3, to += stride << 3) {
      const rows = min(left, 8);
      for (let c: usize = 0; c < whole; c += 16)
        forward_4(from + c, to + c, rows, stride, means + c, scales + c, shifts ? shifts + c : 0, 4);
      const c = whole;
      if (rest) forward_4(from + c, to + c, rows, stride, means + c, scales + c, shifts ? shifts + c : 0, rest);
    }
  }
}

/** sums += dy, products += dy (x - m), of `rows` pixels. */
// @ts-ignore: decorator
@inline
function gradients_4(dy: usize, x: usize, rows: i32, stride: usize, means: usize, sums: usize, products: usize,
  count: i32): void {
  const m = load_4(means, count, 0, count < 4);
  let s = f32x4.splat(0), q = s;
  for (; rows > 0; --rows) {
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
 * over images, and dx needs those over groups. `room`: 20 bytes a channel.
 */
export function f32_group_norm_sums(r: GroupNormSumsRecord, part: i32, parts: i32): void {
  const dy = r.dy, x = r.x, mean = r.mean, rstd = r.rstd, sum = r.sum, product = r.product;
  const g = r.imageGroups, size = g.channels / g.groups, stride = <usize>g.channels << 2;
  const width = <usize>g.bundle << 2;
  for (let item = part; item < items(g); item += parts) {
    const image = image_of(item, g), first = first_of(item, g), count = min(g.bundle, g.channels - first);
    const whole = <usize>(count & ~3) << 2, rest = count & 3;
    const sums = g.partial + g.room * item, products = sums + (width << 1), means = products + (width << 1);
    memory.fill(sums, 0, width << 2);
    const group = <usize>(image * g.groups) << 2;
    for (let c = 0; c < count; ++c) {
      store<f32>(means + (<usize>c << 2), load<f32>(mean + group + (<usize>((first + c) / size) << 2)));
    }
    let at = (<usize>image * g.pixels * g.channels + first) << 2;
    for (let left = g.pixels; left > 0; left -= 8, at += stride << 3) {
      const rows = min(left, 8);
      for (let c: usize = 0; c < whole; c += 16)
        gradients_4(dy + at + c, x + at + c, rows, stride, means + c, sums + (c << 1), products + (c << 1), 4);
      const c = whole, to = c << 1;
      if (rest) gradients_4(dy + at + c, x + at + c, rows, stride, means + c, sums + to, products + to, rest);
    }
    for (let c = 0; c < count; ++c) {
      const to = <usize>(image * g.channels + first + c) << 2;
      const inverse = load<f32>(rstd + group + (<usize>((first + c) / size) << 2));
      store<f32>(sum + to, <f32>load<f64>(sums + (<usize>c << 3)));
      store<f32>(product + to, <f32>(load<f64>(products + (<usize>c << 3)) * inverse));
    }
  }
}

// @ts-ignore: decorator
@inline
function backward_4(dy: usize, x: usize, dx: usize, rows: i32, stride: usize, gamma: usize, constants: usize,
  count: i32): void {
  const scale = gamma ? load_4(gamma, count, 0, count < 4) : f32x4.splat(1), m = v128.load(constants);
  const s = v128.load(constants, 16), a = v128.load(constants, 32), k = v128.load(constants, 48);
  for (; rows > 0; --rows) {
    const h = f32x4.mul(load_4(dy, count, 0, count < 4), scale);
    const d = f32x4.mul(f32x4.sub(load_4(x, count, 0, count < 4), m), k);
    store_4(dx, f32x4.mul(f32x4.sub(f32x4.sub(h, a), d), s), count, count < 4);
    dy += stride; x += stride; dx += stride;
  }
}

/**
 * With h = dy gamma:  dx = rstd (h - mean(h) - xhat mean(h xhat)), the means over the group.  dx may be dy or x.
 * In the code: dx = rstd (h - a - (x - m) k),  a = mean(h),  k = rstd mean(h xhat).  `room`: 16 bytes a channel,
 * four vectors for each four channels.
 */
export function f32_group_norm_dx(r: GroupNormDxRecord, part: i32, parts: i32): void {
  const dy = r.dy, x = r.x, gamma = r.gamma, mean = r.mean, rstd = r.rstd, sum = r.sum, product = r.product, dx = r.dx;
  const g = r.imageGroups, size = g.channels / g.groups, elements = <f64>size * g.pixels;
  const stride = <usize>g.channels << 2;
  for (let item = part; item < items(g); item += parts) {
    const image = image_of(item, g), first = first_of(item, g), count = min(g.bundle, g.channels - first);
    const own = <usize>first << 2;
    const constants = g.partial + g.room * item;
    for (let c = 0; c < count; c += size) {
      let h: f64 = 0, q: f64 = 0;
      for (let i = c; i < c + size; ++i) {
        const from = <usize>(image * g.channels + first + i) << 2;
        const scale = gamma ? <f64>load<f32>(gamma + own + (<usize>i << 2)) : 1;
        h += scale * load<f32>(sum + from);
        q += scale * load<f32>(product + from);
      }
      const from = <usize>(image * g.groups + (first + c) / size) << 2;
      const m = load<f32>(mean + from), s = load<f32>(rstd + from);
      for (let i = c; i < c + size; ++i) {
        const to = constants + (<usize>(i & ~3) << 4) + (<usize>(i & 3) << 2);
        store<f32>(to, m);
        store<f32>(to, s, 16);
        store<f32>(to, <f32>(h / elements), 32);
        store<f32>(to, <f32>(q / elements * s), 48);
      }
    }
    const whole = <usize>(count & ~3) << 2, rest = count & 3, scales = gamma ? gamma + own : 0;
    let at = (<usize>image * g.pixels * g.channels + first) << 2;
    for (let left = g.pixels; left > 0; left -= 8, at += stride << 3) {
      const rows = min(left, 8);
      for (let c: usize = 0; c < whole; c += 16) {
        const p = at + c;
        backward_4(dy + p, x + p, dx + p, rows, stride, scales ? scales + c : 0, constants + (c << 2), 4);
      }
      const c = whole, p = at + c;
      if (rest) backward_4(dy + p, x + p, dx + p, rows, stride, scales ? scales + c : 0, constants + (c << 2), rest);
    }
  }
}
