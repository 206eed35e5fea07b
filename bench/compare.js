/** Whether two contenders have computed the same. */

/** Relative to the largest: float32, and other algorithms for convolutions. */
const TOLERANCE = { gemm: 1e-5, infer: 1e-3, train: 2e-3, startup: 1e-3 };

/**
 * Of the logits' deviation, for networks that make much of a rounding: 0.1 to 0.35 between float32 and float64, 0.7 where the
 * input is off by 1e-5, 1.2 where it is off by 1e-4 or another (NOTES.md).
 */
const CHAOTIC = 0.75;

const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
const rms = (values) => Math.sqrt(mean(values.map((v) => v * v)));
const centred = (values) => values.map((v) => v - mean(values));

/** Why `values` are not those of `reference`, which `owner` has; null where they are. */
export function difference(values, reference, { kind, isChaotic = false }, owner) {
  if (isChaotic) {
    const [logits, theirs] = [values, reference].map((list) => centred(list.map(Math.log)));
    const share = rms(logits.map((v, i) => v - theirs[i])) / rms(theirs);
    if (share <= CHAOTIC) return null;
    return `logits differ from ${owner}'s by ${share.toFixed(2)} of their deviation: ${values[0]} and ${reference[0]} first`;
  }
  const scale = Math.max(...reference.map(Math.abs));
  const at = reference.findIndex((v, i) => !(Math.abs(v - values[i]) <= TOLERANCE[kind] * scale));
  return at < 0 ? null : `result ${at} is ${values[at]}, ${owner} has ${reference[at]}`;
}
