// Squeeze-and-excitation's product: every pixel of image n is multiplied, channel by channel, by the row s[n][c].
import { ScaleChannelsDwRecord, ScaleChannelsRecord } from "../generated/records";

/** y[n][p][c] = x[n][p][c] * s[n][c]; y may be x. */
export function f32_scale_channels(r: ScaleChannelsRecord, part: i32, parts: i32): void {
  const x = r.x, s = r.s, y = r.y, batch = r.batch, pixels = r.pixels, channels = r.channels;
  const row = <usize>channels << 2;
  for (let p = part; p < batch * pixels; p += parts) {
    let from = x + row * p, to = y + row * p, factor = s + row * (p / pixels);
    let c = channels;
    for (; c >= 4; c -= 4, from += 16, to += 16, factor += 16) {
      v128.store(to, f32x4.mul(v128.load(from), v128.load(factor)));
    }
    for (; c > 0; c--, from += 4, to += 4, factor += 4) store<f32>(to, load<f32>(from) * load<f32>(factor));
  }
}

/** ds[n][c] = sum over pixels of dy[n][p][c] * x[n][p][c], in float64. */
export function f32_scale_channels_dw(r: ScaleChannelsDwRecord, part: i32, parts: i32): void {
  const dy = r.dy, x = r.x, ds = r.ds, batch = r.batch, pixels = r.pixels, channels = r.channels;
  const row = <usize>channels << 2;
  for (let i = part; i < batch * channels; i += parts) {
    let at = row * pixels * (i / channels) + (<usize>(i % channels) << 2);
    let sum: f64 = 0;
    for (let p = 0; p < pixels; p++, at += row) sum += <f64>load<f32>(dy + at) * load<f32>(x + at);
    store<f32>(ds + (<usize>i << 2), <f32>sum);
  }
}
