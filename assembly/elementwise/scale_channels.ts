// Squeeze-and-excitation's product: every pixel of image n is multiplied, channel by channel, by the row s[n][c].
import { i32_arg, ptr_arg } from "../record";

/** y[n][p][c] = x[n][p][c] * s[n][c]; y may be x. */
export function f32_scale_channels(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const s = ptr_arg(r, 1);
  const y = ptr_arg(r, 2);
  const batch = i32_arg(r, 3);
  const pixels = i32_arg(r, 4);
  const channels = i32_arg(r, 5);
  const row = <usize>channels << 2;
  for (let p = thread; p < batch * pixels; p += threads) {
    let from = x + row * p, to = y + row * p, factor = s + row * (p / pixels);
    let c = channels;
    for (; c >= 4; c -= 4, from += 16, to += 16, factor += 16) {
      v128.store(to, f32x4.mul(v128.load(from), v128.load(factor)));
    }
    for (; c > 0; --c, from += 4, to += 4, factor += 4) store<f32>(to, load<f32>(from) * load<f32>(factor));
  }
}

/** ds[n][c] = sum over pixels of dy[n][p][c] * x[n][p][c], in float64. */
export function f32_scale_channels_dw(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const x = ptr_arg(r, 1);
  const ds = ptr_arg(r, 2);
  const batch = i32_arg(r, 3);
  const pixels = i32_arg(r, 4);
  const channels = i32_arg(r, 5);
  const row = <usize>channels << 2;
  for (let i = thread; i < batch * channels; i += threads) {
    let at = row * pixels * (i / channels) + (<usize>(i % channels) << 2);
    let sum: f64 = 0;
    for (let p = 0; p < pixels; ++p, at += row) sum += <f64>load<f32>(dy + at) * load<f32>(x + at);
    store<f32>(ds + (<usize>i << 2), <f32>sum);
  }
}
