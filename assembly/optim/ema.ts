// An average of the weights (Polyak & Juditsky 1992): ema <- (1 - rate) ema + rate w.
import { EmaRecord } from "../generated/records";
import { load_4, range_begin, store_4 } from "../range";
import { fma } from "../simd";

// @ts-ignore: decorator
@inline
function step(w: usize, ema: usize, rate: v128, count: i32, part: bool): void {
  const e = load_4(ema, count, 0, part);
  store_4(ema, fma(f32x4.sub(load_4(w, count, 0, part), e), rate, e), count, part);
}

/** `rate` changes with the step; of a decay it is 1 - decay, which float32 holds exactly enough, see adam.ts. */
export function f32_ema(r: EmaRecord, part: i32, parts: i32): void {
  const w = r.w, ema = r.ema, n = r.n, rate = f32x4.splat(load<f32>(r.rate));
  let i = <usize>range_begin(n, 16, part, parts) << 2;
  const end = <usize>range_begin(n, 16, part + 1, parts) << 2;
  for (; i + 16 <= end; i += 16) step(w + i, ema + i, rate, 4, false);
  if (i < end) step(w + i, ema + i, rate, <i32>((end - i) >> 2), true);
}
