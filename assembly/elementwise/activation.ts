// y = act(x) and its derivative. In place (y = x, dx = dy or dx = source) is faster by half.
import { Activation } from "../abi";
import { activation_dx_v128, activation_v128 } from "../math/activation";
import { at_most_4, load_part, range_begin, store_part } from "../range";
import { f32_arg, i32_arg, ptr_arg } from "../record";
import { relu_v128 } from "../simd";

export function f32_activation(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  const activation = i32_arg(r, 3);
  const param = f32_arg(r, 4);
  let i = <usize>range_begin(n, 16, thread, threads) << 2;
  const end = <usize>range_begin(n, 16, thread + 1, threads) << 2;
  if (activation == Activation.relu) {
    for (; i + 64 <= end; i += 64) {
      const x0 = v128.load(x + i), x1 = v128.load(x + i, 16), x2 = v128.load(x + i, 32), x3 = v128.load(x + i, 48);
      v128.store(y + i, relu_v128(x0));
      v128.store(y + i, relu_v128(x1), 16);
      v128.store(y + i, relu_v128(x2), 32);
      v128.store(y + i, relu_v128(x3), 48);
    }
  }
  for (; i + 16 <= end; i += 16) v128.store(y + i, activation_v128(activation, v128.load(x + i), param));
  if (i < end) {
    const count = <i32>((end - i) >> 2);
    store_part(y + i, activation_v128(activation, load_part(x + i, count, 0), param), count);
  }
}

/** dy where y > 0, otherwise 0, whatever dy is. */
// @ts-ignore: decorator
@inline
function masked(dy: v128, y: v128): v128 {
  return v128.andnot(dy, f32x4.le(y, f32x4.splat(0)));
}

/** dx = dy * act'(source), with source as in activation_dx_v128. */
export function f32_activation_dx(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const source = ptr_arg(r, 1);
  const dx = ptr_arg(r, 2);
  const n = i32_arg(r, 3);
  const activation = i32_arg(r, 4);
  const param = f32_arg(r, 5);
  let i = <usize>range_begin(n, 16, thread, threads) << 2;
  const end = <usize>range_begin(n, 16, thread + 1, threads) << 2;
  if (activation == Activation.relu) {
    for (; i + 64 <= end; i += 64) {
      const g0 = masked(v128.load(dy + i), v128.load(source + i));
      const g1 = masked(v128.load(dy + i, 16), v128.load(source + i, 16));
      const g2 = masked(v128.load(dy + i, 32), v128.load(source + i, 32));
      const g3 = masked(v128.load(dy + i, 48), v128.load(source + i, 48));
      v128.store(dx + i, g0);
      v128.store(dx + i, g1, 16);
      v128.store(dx + i, g2, 32);
      v128.store(dx + i, g3, 48);
    }
  }
  for (; i < end; i += 16) {
    const count = <i32>((end - i) >> 2);
    const g = at_most_4(dy + i, count, 0);
    const s = at_most_4(source + i, count, 0);
    let result = masked(g, s);
    if (activation != Activation.relu) result = f32x4.mul(g, activation_dx_v128(activation, s, param));
    if (count < 4) store_part(dx + i, result, count);
    else v128.store(dx + i, result);
  }
}
