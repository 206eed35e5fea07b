// Between float32 and u7: x = scale * (q - zero), q from 0 to 127.
import { U8DequantizeRecord, U8QuantizeRecord } from "../generated/records";
import { at_most_4, range_begin, store_at_most_4 } from "../range";
import { between, bytes_of, EXCESS, floats_of, MAGIC, narrowed, store_bytes } from "./epilogue";

/** y = round(x * inverse + zero), ties to even, between 0 and 127; NaN is 0. */
export function u8_quantize(r: U8QuantizeRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, end = range_begin(r.n, 64, part + 1, parts);
  const inverse = f32x4.splat(r.inverse), zero = f32x4.splat(r.zero), low = f32x4.splat(0), high = f32x4.splat(127);
  let i = range_begin(r.n, 64, part, parts);
  if (i + 16 <= end) {
    // In this form V8 builds constants once: see range.ts.
    const near = f32x4.splat(MAGIC), excess = i32x4.splat(EXCESS), most = i8x16.splat(127);
    do {
      const p = x + (<usize>i << 2);
      const v0 = f32x4.pmax(low, f32x4.add(f32x4.mul(v128.load(p), inverse), zero));
      const v1 = f32x4.pmax(low, f32x4.add(f32x4.mul(v128.load(p, 16), inverse), zero));
      const v2 = f32x4.pmax(low, f32x4.add(f32x4.mul(v128.load(p, 32), inverse), zero));
      const v3 = f32x4.pmax(low, f32x4.add(f32x4.mul(v128.load(p, 48), inverse), zero));
      v128.store(y + <usize>i, narrowed(v0, v1, v2, v3, near, excess, most));
      i += 16;
    } while (i + 16 <= end);
  }
  for (; i < end; i += 8) {
    const from = x + (<usize>i << 2), count = end - i;
    const x0 = at_most_4(from, count, 0), x1 = count > 4 ? at_most_4(from + 16, count - 4, 0) : x0;
    const v0 = between(f32x4.add(f32x4.mul(x0, inverse), zero), low, high);
    const v1 = between(f32x4.add(f32x4.mul(x1, inverse), zero), low, high);
    store_bytes(y + <usize>i, bytes_of(v0, v1), min(count, 8));
  }
}

/** y = (x - zero) * scale. */
export function u8_dequantize(r: U8DequantizeRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, end = range_begin(r.n, 64, part + 1, parts);
  const scale = f32x4.splat(r.scale), zero = f32x4.splat(r.zero);
  for (let i = range_begin(r.n, 64, part, parts); i < end; i += 4) {
    const q = floats_of(v128.load32_zero(x + <usize>i));
    store_at_most_4(y + (<usize>i << 2), f32x4.mul(f32x4.sub(q, zero), scale), end - i);
  }
}
