/** Cross-entropy of logits, in float64: what is told of a net outside of its training. */

export interface Score {
  /** Mean cross-entropy. */
  loss: number;
  /** Share of the examples whose largest logit is that of their class. */
  accuracy: number;
}

/** Calls `visit` with the logits of each example, their softmax and its logarithm's normaliser. */
function softmaxRows(
  logits: ArrayLike<number>,
  classes: number,
  visit: (row: number, probabilities: Float64Array, logNormaliser: number) => void,
): void {
  const probabilities = new Float64Array(classes);
  for (let row = 0; row < logits.length / classes; row++) {
    let highest = -Infinity;
    for (let j = 0; j < classes; j++) highest = Math.max(highest, logits[row * classes + j]);
    let sum = 0;
    for (let j = 0; j < classes; j++) sum += probabilities[j] = Math.exp(logits[row * classes + j] - highest);
    for (let j = 0; j < classes; j++) probabilities[j] /= sum;
    visit(row, probabilities, highest + Math.log(sum));
  }
}

export function scoreOf(logits: ArrayLike<number>, labels: ArrayLike<number>): Score {
  const classes = logits.length / labels.length;
  let [loss, right] = [0, 0];
  softmaxRows(logits, classes, (row, probabilities, logNormaliser) => {
    loss += logNormaliser - logits[row * classes + labels[row]];
    const own = probabilities[labels[row]];
    if (probabilities.every((p, j) => p < own || j === labels[row])) right++;
  });
  return { loss: loss / labels.length, accuracy: right / labels.length };
}

/** The gradient of the mean cross-entropy by the logits: (softmax - 1 at the class) / n. */
export function lossGradient(logits: ArrayLike<number>, labels: ArrayLike<number>): Float32Array {
  const classes = logits.length / labels.length;
  const dy = new Float32Array(logits.length);
  softmaxRows(logits, classes, (row, probabilities) => {
    for (let j = 0; j < classes; j++)
      dy[row * classes + j] = (probabilities[j] - Number(j === labels[row])) / labels.length;
  });
  return dy;
}

/** The probability of one class for each example. */
export function probabilityOf(logits: ArrayLike<number>, classes: number, label: number): Float32Array {
  const out = new Float32Array(logits.length / classes);
  softmaxRows(logits, classes, (row, probabilities) => {
    out[row] = probabilities[label];
  });
  return out;
}
