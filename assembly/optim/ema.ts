// An average of the weights (Polyak & Juditsky 1992): ema <- (1 - rate) ema + rate w.
import { EmaRecord } from "../generated/records";
import { range_begin } from "../range";
import { fma } from "../simd";

/**
 * `rate` changes with the step; of a decay it is 1 - decay, which float32 holds exactly enough, see adam.ts. Runs of
 * parameters are whole lines of 16.
 */
export function f32_ema(r: EmaRecord, part: i32, parts: i32): void {
  const w = r.w, ema = r.ema, rate = f32x4.splat(load<f32>(r.rate));
  const end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  for (let i = <usize>range_begin(r.n, 16, part, parts) << 2; i < end; i += 16) {
    const e = v128.load(ema + i);
    v128.store(ema + i, fma(f32x4.sub(v128.load(w + i), e), rate, e));
  }
}
