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
  const row = <usize>channels << 2, quads = (channels + 3) >> 2;
  for (let i = part; i < batch * quads; i += parts) {
    const n = i / quads, c = i % quads << 2, to = ds + (<usize>(n * channels + c) << 2);
    const first = row * pixels * n + (<usize>c << 2);
    if (channels - c >= 4) {
      let low = f64x2.splat(0), high = low, at = first;
      for (let p = pixels; p > 0; p--, at += row) {
        const g = v128.load(dy + at), v = v128.load(x + at);
        low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(g), f64x2.promote_low_f32x4(v)));
        const g2 = v128.shuffle<i32>(g, g, 2, 3, 0, 1), v2 = v128.shuffle<i32>(v, v, 2, 3, 0, 1);
        high = f64x2.add(high, f64x2.mul(f64x2.promote_low_f32x4(g2), f64x2.promote_low_f32x4(v2)));
      }
      low = f32x4.demote_f64x2_zero(low);
      v128.store(to, v128.shuffle<i64>(low, f32x4.demote_f64x2_zero(high), 0, 2));
      continue;
    }
    for (let j: usize = 0; j < <usize>(channels - c) << 2; j += 4) {
      let sum: f64 = 0, at = first + j;
      for (let p = pixels; p > 0; p--, at += row) sum += <f64>load<f32>(dy + at) * load<f32>(x + at);
      store<f32>(to + j, <f32>sum);
    }
  }
}
