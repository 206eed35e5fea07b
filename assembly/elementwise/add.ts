// The skip connection where it is not part of a GEMM's or BatchNorm's epilogue.
import { Activation, AddRecord } from "../generated/records";
import { activation_v128 } from "../math/activation";
import { load_part, range_begin, store_part } from "../range";
import { relu_v128 } from "../simd";

// @ts-ignore: decorator
@inline
function add(a: usize, b: usize, relu: bool): v128 {
  const sum = f32x4.add(v128.load(a), v128.load(b));
  return relu ? relu_v128(sum) : sum;
}

/** Whole groups of 16 numbers; returns where it stopped. */
// @ts-ignore: decorator
@inline
function add_blocks(a: usize, b: usize, y: usize, i: usize, end: usize, relu: bool): usize {
  for (; i + 64 <= end; i += 64) {
    const y0 = add(a + i, b + i, relu), y1 = add(a + i + 16, b + i + 16, relu);
    const y2 = add(a + i + 32, b + i + 32, relu), y3 = add(a + i + 48, b + i + 48, relu);
    v128.store(y + i, y0);
    v128.store(y + i, y1, 16);
    v128.store(y + i, y2, 32);
    v128.store(y + i, y3, 48);
  }
  return i;
}

/** y = act(a + b), bytes [i, end) of all; y may be a or b. */
export function add_run(a: usize, b: usize, y: usize, i: usize, end: usize, activation: i32, param: f32): void {
  if (activation == Activation.none) i = add_blocks(a, b, y, i, end, false);
  else if (activation == Activation.relu) i = add_blocks(a, b, y, i, end, true);
  for (; i + 16 <= end; i += 16) v128.store(y + i, activation_v128(activation, add(a + i, b + i, false), param));
  if (i < end) {
    const count = <i32>((end - i) >> 2);
    const sum = f32x4.add(load_part(a + i, count, 0), load_part(b + i, count, 0));
    store_part(y + i, activation_v128(activation, sum, param), count);
  }
}

export function f32_add(r: AddRecord, part: i32, parts: i32): void {
  const begin = <usize>range_begin(r.n, 16, part, parts) << 2, end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  add_run(r.a, r.b, r.y, begin, end, r.activation, r.param);
}
