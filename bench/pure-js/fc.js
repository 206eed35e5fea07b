/**
 * The training step of the fully connected residual net in plain JavaScript: typed arrays, everything allocated once,
 * loops hoisted. Net: in → width, ReLU; `blocks` times x = ReLU(W2 · ReLU(W1 · x) + x); → out; mean cross-entropy; SGD with
 * momentum.
 */
/** y = x · w^T, x [rows, k], w [n, k]. */
const forwardLinear = (gemm, x, w, y, rows, n, k) => gemm(rows, n, k, x, k, 1, w, 1, k, y);
/** dx = dy · w */
const linearDx = (gemm, dy, w, dx, rows, n, k) => gemm(rows, k, n, dy, n, 1, w, k, 1, dx);
/** dw = dy^T · x */
const linearDw = (gemm, dy, x, dw, rows, n, k) => gemm(n, k, rows, dy, 1, n, x, k, 1, dw);

/** y = relu(y + bias), or relu(y + bias + skip). */
function addBiasRelu(y, bias, rows, n) {
  for (let r = 0, at = 0; r < rows; r++)
    for (let j = 0; j < n; j++, at++) {
      const v = y[at] + bias[j];
      y[at] = Math.max(v, 0);
    }
}

function addBiasSkipRelu(y, bias, skip, rows, n) {
  for (let r = 0, at = 0; r < rows; r++)
    for (let j = 0; j < n; j++, at++) {
      const v = y[at] + bias[j] + skip[at];
      y[at] = Math.max(v, 0);
    }
}

/** dx = dy where relu's output y is positive, else 0. In place. */
function reluDx(dy, y) {
  for (let i = 0; i < dy.length; i++) if (y[i] <= 0) dy[i] = 0;
}

/** db = column sums of dy, in float64 as all sums here. */
function columnSum(dy, db, rows, n, sums) {
  sums.fill(0);
  for (let r = 0, at = 0; r < rows; r++) for (let j = 0; j < n; j++, at++) sums[j] += dy[at];
  for (let j = 0; j < n; j++) db[j] = sums[j];
}

/** Mean cross-entropy of y [rows, n]; y becomes its own gradient. */
function crossEntropy(y, labels, rows, n) {
  let loss = 0;
  for (let r = 0; r < rows; r++) {
    const row = r * n;
    let max = y[row];
    for (let j = 1; j < n; j++) if (y[row + j] > max) max = y[row + j];
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.exp(y[row + j] - max);
    loss += Math.log(sum) + max - y[row + labels[r]];
    for (let j = 0; j < n; j++) y[row + j] = (Math.exp(y[row + j] - max) / sum - (j === labels[r] ? 1 : 0)) / rows;
  }
  return loss / rows;
}

function sgd(w, g, v, lr, momentum) {
  for (let i = 0; i < w.length; i++) {
    const velocity = momentum * v[i] + g[i];
    v[i] = velocity;
    w[i] -= lr * velocity;
  }
}

const f32 = (n) => new Float32Array(n);

export class PureJsNet {
  /** `parameters`: weight and bias of each layer in order, weights [out, in]. `gemm`: that of tiles.js or of loops.js. */
  constructor({ in: inputs, width, blocks, out, batch, lr, momentum }, parameters, gemm) {
    Object.assign(this, { inputs, width, blocks, out, batch, lr, momentum, gemm });
    this.parameters = parameters.map((p) => Float32Array.from(p));
    this.gradients = parameters.map((p) => f32(p.length));
    this.velocities = parameters.map((p) => f32(p.length));
    // h[0] is the stem's output; block b has inner activation z[b] and output h[b + 1].
    this.h = Array.from({ length: blocks + 1 }, () => f32(batch * width));
    this.z = Array.from({ length: blocks }, () => f32(batch * width));
    this.logits = f32(batch * out);
    this.dh = f32(batch * width);
    this.dz = f32(batch * width);
    this.dskip = f32(batch * width);
    this.sums = new Float64Array(Math.max(width, out));
  }

  forward(x) {
    const { parameters: p, h, z, batch, width, inputs, out, blocks, logits, gemm } = this;
    forwardLinear(gemm, x, p[0], h[0], batch, width, inputs);
    addBiasRelu(h[0], p[1], batch, width);
    for (let b = 0; b < blocks; b++) {
      const at = 2 + 4 * b;
      forwardLinear(gemm, h[b], p[at], z[b], batch, width, width);
      addBiasRelu(z[b], p[at + 1], batch, width);
      forwardLinear(gemm, z[b], p[at + 2], h[b + 1], batch, width, width);
      addBiasSkipRelu(h[b + 1], p[at + 3], h[b], batch, width);
    }
    const at = 2 + 4 * blocks;
    forwardLinear(gemm, h[blocks], p[at], logits, batch, out, width);
    for (let r = 0, i = 0; r < batch; r++) for (let j = 0; j < out; j++, i++) logits[i] += p[at + 1][j];
    return logits;
  }

  /** Gradients of all parameters from the gradient of the logits. */
  backward(x, dlogits) {
    const { parameters: p, gradients: g, h, z, batch, width, inputs, out, blocks, dz, sums, gemm } = this;
    let { dh, dskip } = this;
    const last = 2 + 4 * blocks;
    linearDw(gemm, dlogits, h[blocks], g[last], batch, out, width);
    columnSum(dlogits, g[last + 1], batch, out, sums);
    linearDx(gemm, dlogits, p[last], dh, batch, out, width);
    for (let b = blocks - 1; b >= 0; b--) {
      const at = 2 + 4 * b;
      reluDx(dh, h[b + 1]); // now also the gradient along the skip
      linearDw(gemm, dh, z[b], g[at + 2], batch, width, width);
      columnSum(dh, g[at + 3], batch, width, sums);
      linearDx(gemm, dh, p[at + 2], dz, batch, width, width);
      reluDx(dz, z[b]);
      linearDw(gemm, dz, h[b], g[at], batch, width, width);
      columnSum(dz, g[at + 1], batch, width, sums);
      linearDx(gemm, dz, p[at], dskip, batch, width, width);
      for (let i = 0; i < dskip.length; i++) dskip[i] += dh[i];
      [dh, dskip] = [dskip, dh];
    }
    reluDx(dh, h[0]);
    linearDw(gemm, dh, x, g[0], batch, width, inputs);
    columnSum(dh, g[1], batch, width, sums);
  }

  /** One training step; returns the loss before the update. */
  step(x, labels) {
    const logits = this.forward(x);
    const loss = crossEntropy(logits, labels, this.batch, this.out);
    this.backward(x, logits);
    for (let i = 0; i < this.parameters.length; i++)
      sgd(this.parameters[i], this.gradients[i], this.velocities[i], this.lr, this.momentum);
    return loss;
  }
}

/** The net of a task of the bench, whose parameters come in the order of the layers. */
export function createPureJs({ batch, lr = 0, momentum = 0 }, { parameters }, gemm) {
  const spec = { in: 784, width: 128, blocks: 8, out: 10, batch, lr, momentum };
  return new PureJsNet(
    spec,
    [...parameters.values()].map(({ data }) => data),
    gemm,
  );
}
