// The exponential moving average of the weights (Polyak & Juditsky 1992): ema <- decay ema + (1 - decay) w.
import { at_most_4, range_begin, store_part } from "../range";
import { f32_arg, i32_arg, ptr_arg } from "../record";
import { fma } from "../simd";

/** `rate` = 1 - decay, which float32 holds exactly enough; see adam.ts. */
export function f32_ema(r: usize, thread: i32, threads: i32): void {
  const w = ptr_arg(r, 0);
  const ema = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  const rate = f32_arg(r, 3);
  const step = f32x4.splat(rate);
  const end = <usize>range_begin(n, 16, thread + 1, threads) << 2;
  for (let i = <usize>range_begin(n, 16, thread, threads) << 2; i < end; i += 16) {
    const count = <i32>((end - i) >> 2);
    const e = at_most_4(ema + i, count, 0);
    const result = fma(f32x4.sub(at_most_4(w + i, count, 0), e), step, e);
    if (count < 4) store_part(ema + i, result, count);
    else v128.store(ema + i, result);
  }
}
