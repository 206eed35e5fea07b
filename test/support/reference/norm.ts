/** Batch, layer and group normalisation in float64. One function serves all: groups of elements, each normalised by itself. */

type Numbers = ArrayLike<number>;

export interface Moments {
  mean: Float64Array;
  /** Biased: divided by the number of elements. */
  variance: Float64Array;
  rstd: Float64Array;
}

/**
 * What is normalised together in [rows, cols]: a column (batch normalisation), a row (layer normalisation), or, of images
 * of so many rows, a group of neighbouring columns (group normalisation).
 */
export type Axis = "column" | "row" | { pixels: number; groups: number };

/** The group of element `at`. */
function groupOf(axis: Axis, cols: number, at: number): number {
  if (axis === "row") return Math.floor(at / cols);
  if (axis === "column") return at % cols;
  const image = Math.floor(at / (cols * axis.pixels));
  return image * axis.groups + Math.floor((at % cols) / (cols / axis.groups));
}

function countGroups(axis: Axis, rows: number, cols: number): number {
  if (axis === "row") return rows;
  return axis === "column" ? cols : (rows / axis.pixels) * axis.groups;
}

export function moments(x: Numbers, rows: number, cols: number, axis: Axis, eps: number): Moments {
  const groups = countGroups(axis, rows, cols);
  const size = (rows * cols) / groups;
  const mean = new Float64Array(groups);
  const variance = new Float64Array(groups);
  for (let at = 0; at < rows * cols; at++) mean[groupOf(axis, cols, at)] += x[at] / size;
  for (let at = 0; at < rows * cols; at++) {
    const g = groupOf(axis, cols, at);
    variance[g] += (x[at] - mean[g]) ** 2 / size;
  }
  return { mean, variance, rstd: variance.map((v) => 1 / Math.sqrt(v + eps)) };
}

/** y = (x - mean) rstd gamma + beta; gamma and beta belong to columns. */
export function normalize(
  x: Numbers,
  m: Moments,
  gamma: Numbers,
  beta: Numbers,
  cols: number,
  axis: Axis,
): Float64Array {
  return Float64Array.from(x, (v, at) => {
    const g = groupOf(axis, cols, at);
    return (v - m.mean[g]) * m.rstd[g] * gamma[at % cols] + beta[at % cols];
  });
}

/** dgamma = sum over rows of dy xhat, dbeta = sum over rows of dy. */
export function normalizeDw(dy: Numbers, x: Numbers, m: Moments, cols: number, axis: Axis) {
  const dgamma = new Float64Array(cols);
  const dbeta = new Float64Array(cols);
  for (let at = 0; at < dy.length; at++) {
    const g = groupOf(axis, cols, at);
    dgamma[at % cols] += dy[at] * (x[at] - m.mean[g]) * m.rstd[g];
    dbeta[at % cols] += dy[at];
  }
  return { dgamma, dbeta };
}

/** With g = dy gamma:  dx = rstd (g - mean(g) - xhat mean(g xhat)), the means over the group. */
export function normalizeDx(
  dy: Numbers,
  x: Numbers,
  m: Moments,
  gamma: Numbers,
  cols: number,
  axis: Axis,
): Float64Array {
  const size = dy.length / m.mean.length;
  const sum = new Float64Array(m.mean.length);
  const product = new Float64Array(m.mean.length);
  const xhat = (at: number): number => (x[at] - m.mean[groupOf(axis, cols, at)]) * m.rstd[groupOf(axis, cols, at)];
  for (let at = 0; at < dy.length; at++) {
    const g = dy[at] * gamma[at % cols];
    sum[groupOf(axis, cols, at)] += g / size;
    product[groupOf(axis, cols, at)] += (g * xhat(at)) / size;
  }
  return Float64Array.from(dy, (v, at) => {
    const group = groupOf(axis, cols, at);
    return m.rstd[group] * (v * gamma[at % cols] - sum[group] - xhat(at) * product[group]);
  });
}
