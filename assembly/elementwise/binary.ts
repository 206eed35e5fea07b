// Functions of two numbers, and their partial derivatives, told apart by codes; operands are broadcast.
import { Binary, BinaryRecord } from "../generated/records";
import { log_f64, pow_f64 } from "../math/float64";
import { load_part, range_begin, store_4 } from "../range";

function scalar(code: i32, a: f64, b: f64): f64 {
  if (code == Binary.pow) return pow_f64(a, b);
  if (code == Binary.fmod) return a - b * trunc(a / b);
  if (code == Binary.pow_da) return b == 0 ? 0 : b * pow_f64(a, b - 1);
  return a == 0 && b >= 0 ? 0 : pow_f64(a, b) * log_f64(a); // pow_db
}

function by_lane(code: i32, a: v128, b: v128): v128 {
  const y = f32x4.splat(<f32>scalar(code, f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
  const z = f32x4.replace_lane(y, 1, <f32>scalar(code, f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
  const w = f32x4.replace_lane(z, 2, <f32>scalar(code, f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
  return f32x4.replace_lane(w, 3, <f32>scalar(code, f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
}

function binary(code: i32, a: v128, b: v128): v128 {
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  switch (code) {
    case Binary.add: return f32x4.add(a, b);
    case Binary.sub: return f32x4.sub(a, b);
    case Binary.mul: return f32x4.mul(a, b);
    case Binary.div: return f32x4.div(a, b);
    case Binary.max: return f32x4.max(a, b); // NaN where either is, as in PyTorch
    case Binary.min: return f32x4.min(a, b);
    case Binary.equal: return v128.and(f32x4.eq(a, b), one);
    case Binary.less: return v128.and(f32x4.lt(a, b), one);
    case Binary.less_or_equal: return v128.and(f32x4.le(a, b), one);
    case Binary.prelu: return v128.bitselect(a, f32x4.mul(a, b), f32x4.gt(a, zero));
    case Binary.prelu_da: return v128.bitselect(one, b, f32x4.gt(a, zero));
    case Binary.prelu_db: return v128.andnot(a, f32x4.gt(a, zero));
    // Of equal operands each has half, as in PyTorch.
    case Binary.max_da: {
      const half = v128.and(f32x4.eq(a, b), f32x4.splat(0.5));
      return v128.or(half, v128.and(f32x4.gt(a, b), one));
    }
    case Binary.div_db: return f32x4.neg(f32x4.div(a, f32x4.mul(b, b)));
  }
  return by_lane(code, a, b);
}

/** Four numbers, or the first `count`; or one for all. */
// @ts-ignore: decorator
@inline
function operand(at: usize, stride: i32, count: i32): v128 {
  if (stride == 0) return v128.load32_splat(at);
  return count < 4 ? load_part(at, count, 1) : v128.load(at);
}

/**
 * y[i0][i1][i2][i3] = f(a, b), or dy f(a, b), with a at i0 a0 + i1 a1 + i2 a2 + i3 a3 and b likewise; the strides of
 * the last index are 1 or 0. y may be an operand whose strides are its own.
 */
export function f32_binary(r: BinaryRecord, part: i32, parts: i32): void {
  const n1 = r.n1, n2 = r.n2, n3 = r.n3, a3 = r.a3, b3 = r.b3, dy = r.dy, code = r.code;
  const n = r.n0 * n1 * n2 * n3, end = range_begin(n, 16, part + 1, parts);
  let i = range_begin(n, 16, part, parts);
  while (i < end) {
    const row = i / n3, i3 = i % n3, i2 = row % n2, outer = row / n2, i1 = outer % n1, i0 = outer / n1;
    let a = r.a + (<usize>(i0 * r.a0 + i1 * r.a1 + i2 * r.a2 + i3 * a3) << 2);
    let b = r.b + (<usize>(i0 * r.b0 + i1 * r.b1 + i2 * r.b2 + i3 * b3) << 2);
    const stop = min(end, i + n3 - i3);
    for (; i < stop; i += 4, a += <usize>a3 << 4, b += <usize>b3 << 4) {
      const count = stop - i, at = <usize>i << 2;
      let value = binary(code, operand(a, a3, count), operand(b, b3, count));
      if (dy) value = f32x4.mul(value, count < 4 ? load_part(dy + at, count, 0) : v128.load(dy + at));
      store_4(r.y + at, value, count, count < 4);
    }
    i = stop;
  }
}
