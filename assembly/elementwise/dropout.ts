// Dropout (Srivastava et al. 2014) and stochastic depth (Huang et al. 2016) without a stored mask: element i draws
// word (g & 3) of the Philox block with
//
//   g = floor(i / group),  counter = (g >> 2, stream, stepLo, stepHi),  key = (key0, key1),
//
// where rng points at key0, key1, stepLo, stepHi, and i counts in the whole batch, of which x may be a part: the fifth
// word at rng is the number of samples before it, of `sample` elements each. So the parts of a batch draw what the
// whole one would. Backward calls the same kernel on dy and draws the same bits.
// The upper 24 bits of the word are a uniform number u in [0, 1); the element is kept when u >= p.
import { DropoutRecord } from "../generated/records";
import { philox_16, philox_v128 } from "../math/philox";
import { range_begin } from "../range";

/** The lanes of x whose random word keeps them, times `scale`. */
// @ts-ignore: decorator
@inline
function keep(x: v128, bits: v128, p: v128, scale: v128): v128 {
  const u = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(bits, 8)), f32x4.splat(5.9604644775390625e-8)); // 2^-24
  return v128.and(f32x4.mul(x, scale), f32x4.ge(u, p));
}

/** y = x / (1 - p) where kept, otherwise 0; y may be x. */
export function f32_dropout(r: DropoutRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, n = r.n, group = r.group, p = r.p, stream = r.stream, rng = r.rng;
  const k0 = load<u32>(rng), k1 = load<u32>(rng, 4), stepLo = load<u32>(rng, 8), stepHi = load<u32>(rng, 12);
  const base = load<u32>(rng, 16) * <u32>r.sample;
  const scale: f32 = p < 1 ? 1 / (1 - p) : 0;
  const bound = f32x4.splat(p), factor = f32x4.splat(scale);
  let i = range_begin(n, 16, part, parts);
  const end = range_begin(n, 16, part + 1, parts);

  if (group == 1 && !(base & 3)) {
    for (; i + 16 <= end; i += 16) {
      const from = x + (<usize>i << 2), to = y + (<usize>i << 2);
      const x0 = v128.load(from), x1 = v128.load(from, 16), x2 = v128.load(from, 32), x3 = v128.load(from, 48);
      philox_16(to, (base + i) >> 2, stream, stepLo, stepHi, k0, k1); // the random words wait where the results go
      v128.store(to, keep(x0, v128.load(to), bound, factor));
      v128.store(to, keep(x1, v128.load(to, 16), bound, factor), 16);
      v128.store(to, keep(x2, v128.load(to, 32), bound, factor), 32);
      v128.store(to, keep(x3, v128.load(to, 48), bound, factor), 48);
    }
  }
  while (i < end) {
    // One draw, then the elements that share it.
    const g = (base + i) / <u32>group;
    let bits = philox_v128(g >> 2, stream, stepLo, stepHi, k0, k1);
    for (let lane = g & 3; lane > 0; lane--) bits = v128.shuffle<i32>(bits, bits, 1, 2, 3, 0);
    const kept = i32x4.extract_lane(keep(f32x4.splat(1), bits, bound, factor), 0) != 0;
    const last = <i32>min<u64>(end, (<u64>g + 1) * group - base);
    for (; i < last; i++) {
      const at = <usize>i << 2;
      store<f32>(y + at, kept ? load<f32>(x + at) * scale : 0);
    }
  }
}
