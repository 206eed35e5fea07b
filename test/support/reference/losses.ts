/** Losses over float64 logits, as their formulas say; PyTorch's definitions. */
import { sigmoid } from "./special.js";

type Numbers = ArrayLike<number>;

export function columnSum(x: Numbers, rows: number, cols: number): Float64Array {
  const y = new Float64Array(cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) y[j] += x[i * cols + j];
  return y;
}

export function logSoftmax(x: Numbers, rows: number, cols: number): Float64Array {
  const y = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    const row = Array.from({ length: cols }, (_, j) => x[i * cols + j]);
    const largest = Math.max(...row);
    const logSum = Math.log(row.reduce((sum, v) => sum + Math.exp(v - largest), 0));
    row.forEach((v, j) => {
      y[i * cols + j] = v - largest - logSum;
    });
  }
  return y;
}

export function softmax(x: Numbers, rows: number, cols: number): Float64Array {
  return logSoftmax(x, rows, cols).map(Math.exp);
}

/** dx_j = y_j (dy_j - sum_k dy_k y_k) */
export function softmaxDx(dy: Numbers, x: Numbers, rows: number, cols: number): Float64Array {
  const y = softmax(x, rows, cols);
  return y.map((v, at) => {
    const first = at - (at % cols);
    let sum = 0;
    for (let k = first; k < first + cols; k++) sum += dy[k] * y[k];
    return v * (dy[at] - sum);
  });
}

/** dx_j = dy_j - softmax_j sum_k dy_k */
export function logSoftmaxDx(dy: Numbers, x: Numbers, rows: number, cols: number): Float64Array {
  return softmax(x, rows, cols).map((v, at) => {
    const first = at - (at % cols);
    let sum = 0;
    for (let k = first; k < first + cols; k++) sum += dy[k];
    return dy[at] - v * sum;
  });
}

/** The distribution q that cross-entropy compares with: one-hot or given rows, smoothed. */
export function targetRows(
  target: Numbers,
  rows: number,
  cols: number,
  probabilities: boolean,
  smoothing: number,
): Float64Array {
  const q = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const hard = probabilities ? target[i * cols + j] : Number(target[i] === j);
      q[i * cols + j] = (1 - smoothing) * hard + smoothing / cols;
    }
  }
  return q;
}

/** A weight for each row or element, and what their sum is divided by. */
export interface Weights {
  weights: Numbers;
  total: number;
}

const ones = (n: number): Weights => ({ weights: new Float64Array(n).fill(1), total: n });

/** Targets with the weights of classes. */
export const weighClasses = (q: Float64Array, classes: Numbers): Float64Array =>
  q.map((v, at) => v * classes[at % classes.length]);

/** A row that weighs nothing is left out, be its logits what they may. */
export function crossEntropy(x: Numbers, q: Numbers, rows: number, cols: number, by: Weights = ones(rows)): number {
  const logs = logSoftmax(x, rows, cols);
  let sum = 0;
  for (let at = 0; at < rows * cols; at++) {
    const weight = by.weights[Math.floor(at / cols)];
    if (weight > 0) sum -= weight * q[at] * logs[at];
  }
  return sum / by.total;
}

export function crossEntropyDx(
  x: Numbers,
  q: Numbers,
  rows: number,
  cols: number,
  by: Weights = ones(rows),
): Float64Array {
  const mass = Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += q[i * cols + j];
    return sum;
  });
  return softmax(x, rows, cols).map((v, at) => {
    const row = Math.floor(at / cols);
    return by.weights[row] > 0 ? (by.weights[row] * (v * mass[row] - q[at])) / by.total : 0;
  });
}

export type RegressionKind = "mse" | "bceWithLogits" | "huber";

const terms: Record<RegressionKind, (x: number, t: number, delta: number) => [number, number]> = {
  mse: (x, t) => [(x - t) ** 2, 2 * (x - t)],
  bceWithLogits: (x, t) => [Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))), sigmoid(x) - t],
  huber: (x, t, delta) => {
    const d = x - t;
    if (Math.abs(d) <= delta) return [0.5 * d * d, d];
    return [delta * (Math.abs(d) - 0.5 * delta), delta * Math.sign(d)];
  },
};

export function regressionLoss(
  x: Numbers,
  target: Numbers,
  kind: RegressionKind,
  delta: number,
  by: Weights = ones(x.length),
): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++)
    if (by.weights[i] > 0) sum += by.weights[i] * terms[kind](x[i], target[i], delta)[0];
  return sum / by.total;
}

export function regressionLossDx(
  x: Numbers,
  target: Numbers,
  kind: RegressionKind,
  delta: number,
  by: Weights = ones(x.length),
): Float64Array {
  return Float64Array.from(x, (v, i) =>
    by.weights[i] > 0 ? (by.weights[i] * terms[kind](v, target[i], delta)[1]) / by.total : 0,
  );
}
