// The exponential moving average of the weights (Polyak & Juditsky 1992): ema <- decay ema + (1 - decay) w.
import { load_4, range_begin, store_4 } from "../range";
import { f32_arg, i32_arg, ptr_arg } from "../record";
import { fma } from "../simd";

// @ts-ignore: decorator
@inline
function step(w: usize, ema: usize, rate: v128, count: i32, part: bool): void {
  const e = load_4(ema, count, 0, part);
  store_4(ema, fma(f32x4.sub(load_4(w, count, 0, part), e), rate, e), count, part);
}

/** `rate` = 1 - decay, which float32 holds exactly enough; see adam.ts. */
export function f32_ema(r: usize, thread: i32, threads: i32): void {
  const w = ptr_arg(r, 0);
  const ema = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  const rate = f32_arg(r, 3);
  let i = <usize>range_begin(n, 16, thread, threads) << 2;
  const end = <usize>range_begin(n, 16, thread + 1, threads) << 2;
  for (; i + 16 <= end; i += 16) step(w + i, ema + i, f32x4.splat(rate), 4, false);
  if (i < end) step(w + i, ema + i, f32x4.splat(rate), <i32>((end - i) >> 2), true);
}
