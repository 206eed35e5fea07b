/**
 * log, exp, cos and integer powers from + - * / alone. `Math.log` and its like may differ between engines in the last
 * bit; these give the same bits everywhere, as weights, schedules and samplers must. Algorithms and coefficients are
 * those of fdlibm (Sun Microsystems 1993); errors stay below 1 ULP.
 */

const LN2_HIGH = 0.6931471803691238; // 32 bits
const LN2_LOW = 1.9082149292705877e-10;

const bits = new DataView(new ArrayBuffer(8));

/** x * 2^n for results that are normal numbers. */
function scale(x: number, n: number): number {
  bits.setUint32(0, (n + 1023) << 20);
  bits.setUint32(4, 0);
  return x * bits.getFloat64(0);
}

/** The natural logarithm: x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)), s = f / (2 + f). */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984; // 2^54, out of the subnormal range
    k = -54;
  }
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  const fraction = high & 0xfffff;
  // 1 where the fraction is beyond sqrt(2)
  const above = (fraction + 0x95f64) & 0x100000;
  k += (high >>> 20) - 1023 + (above >>> 20);
  bits.setUint32(0, fraction | (above ^ 0x3ff00000));
  const f = bits.getFloat64(0) - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const even = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + odd + even) + k * LN2_LOW) - f);
}

/** e^x: x = k ln2 + r, e^r = 1 + r + r c / (2 - c). */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  if (k > 1023) return scale(y, k - 1) * 2;
  return k >= -1021 ? scale(y, k) : scale(y, k + 1000) * 9.332636185032189e-302; // 2^-1000
}

// pi / 2 in three parts of 33 bits and a remainder: k times each of the first three is exact for k < 2^20.
const PIO2 = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];

/** cos r of r + tail, |r| <= pi / 4. */
function cosKernel(r: number, tail: number): number {
  const z = r * r;
  const p =
    z *
    (0.0416666666666666 +
      z *
        (-0.001388888888887411 +
          z *
            (2.480158728947673e-5 +
              z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 - z * 1.1359647557788195e-11)))));
  const half = 0.5 * z;
  const w = 1 - half;
  return w + (1 - w - half + (z * p - r * tail));
}

/** sin of r + tail, |r| <= pi / 4. */
function sinKernel(r: number, tail: number): number {
  const z = r * r;
  const p =
    0.00833333333332249 +
    z *
      (-0.0001984126982985795 + z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  const v = z * r;
  return r - (z * (0.5 * tail - v * p) - tail - v * -0.16666666666666632);
}

/** cos x for |x| < 10^6; the part of a period is lost beyond, so larger arguments are refused with NaN. */
export function cos(x: number): number {
  if (!(Math.abs(x) < 1e6)) return NaN;
  const k = Math.floor(x * (2 / Math.PI) + 0.5);
  // x - k pi/2, each subtraction but the last two exact, with what they lost in `tail`.
  let r = x - k * PIO2[0];
  const second = k * PIO2[1];
  let lost = r - second;
  let tail = r - lost - second;
  r = lost;
  const third = k * PIO2[2];
  lost = r - third;
  tail += r - lost - third - k * PIO2[3];
  const y = lost + tail;
  tail = lost - y + tail;
  switch (k & 3) {
    case 0:
      return cosKernel(y, tail);
    case 1:
      return -sinKernel(y, tail);
    case 2:
      return -cosKernel(y, tail);
    default:
      return sinKernel(y, tail);
  }
}

/** x^n for an integer n, by squaring. */
export function ipow(x: number, n: number): number {
  let result = 1;
  for (let square = x, rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2) result *= square;
    square *= square;
  }
  return n < 0 ? 1 / result : result;
}

/** Where the largest of `n` numbers from `from` on stands, counted from there; the first of equals. */
export function argmax(values: ArrayLike<number>, from: number, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}
