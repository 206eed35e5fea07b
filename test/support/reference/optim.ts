/** Optimiser steps in float64, as PyTorch's documentation states them. Arrays are updated in place. */

export interface SgdOptions {
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
}

/** `step` counts from 1; the momentum buffer starts as the first gradient, which dampening does not touch. */
export function sgdStep(
  w: Float64Array,
  gradient: ArrayLike<number>,
  v: Float64Array,
  step: number,
  options: SgdOptions,
): void {
  const { lr, momentum, dampening, weightDecay, nesterov } = options;
  for (let i = 0; i < w.length; i++) {
    const g = gradient[i] + weightDecay * w[i];
    if (momentum === 0) {
      w[i] -= lr * g;
      continue;
    }
    v[i] = step === 1 ? g : momentum * v[i] + (1 - dampening) * g;
    w[i] -= lr * (nesterov ? g + momentum * v[i] : v[i]);
  }
}

export interface AdamOptions {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  decoupled: boolean;
  /** The largest v so far, in place of v. */
  top?: Float64Array | undefined;
}

export function adamStep(
  w: Float64Array,
  gradient: ArrayLike<number>,
  m: Float64Array,
  v: Float64Array,
  step: number,
  options: AdamOptions,
): void {
  const { lr, beta1, beta2, eps, weightDecay, decoupled, top } = options;
  for (let i = 0; i < w.length; i++) {
    let g = gradient[i];
    if (decoupled) w[i] -= lr * weightDecay * w[i];
    else g += weightDecay * w[i];
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    const mHat = m[i] / (1 - beta1 ** step);
    if (top) top[i] = Math.max(top[i], v[i]);
    const vHat = (top ?? v)[i] / (1 - beta2 ** step);
    w[i] -= (lr * mHat) / (Math.sqrt(vHat) + eps);
  }
}

export interface LionOptions {
  lr: number;
  beta1: number;
  beta2: number;
  weightDecay: number;
}

/** Algorithm 2 of Chen et al. 2023 (arXiv:2302.06675), weight decay first as in the paper's code. */
export function lionStep(w: Float64Array, g: ArrayLike<number>, m: Float64Array, options: LionOptions): void {
  const { lr, beta1, beta2, weightDecay } = options;
  for (let i = 0; i < w.length; i++) {
    w[i] *= 1 - lr * weightDecay;
    w[i] -= lr * Math.sign(beta1 * m[i] + (1 - beta1) * g[i]);
    m[i] = beta2 * m[i] + (1 - beta2) * g[i];
  }
}

export interface RmspropOptions {
  lr: number;
  alpha: number;
  eps: number;
  weightDecay: number;
  momentum: number;
  initial: number;
  /** Adagrad: squares are added up. */
  sums: boolean;
}

/** PyTorch's RMSprop and Adagrad: `a` is the running mean of gradients where it is centred, `b` the buffer of a momentum. */
export function rmspropStep(
  w: Float64Array,
  gradient: ArrayLike<number>,
  { v, a, b }: { v: Float64Array; a?: Float64Array | undefined; b?: Float64Array | undefined },
  { lr, alpha, eps, weightDecay, momentum, initial, sums }: RmspropOptions,
): void {
  for (let i = 0; i < w.length; i++) {
    const g = gradient[i] + weightDecay * w[i];
    v[i] = sums ? v[i] + g * g : alpha * v[i] + (1 - alpha) * g * g;
    if (a) a[i] = alpha * a[i] + (1 - alpha) * g;
    const u = g / (Math.sqrt(v[i] - (a ? a[i] ** 2 : 0) + initial) + eps);
    if (b) b[i] = momentum * b[i] + u;
    w[i] -= lr * (b ? b[i] : u);
  }
}
