// @ts-check
// A loss of your own: forward gives outputs, you give the loss's gradient by them, backward and the optimiser do the
// rest. Here the pinball loss, which mse and crossEntropy cannot express: its minimum is not the mean of what may come
// but a quantile of it. The network learns the 10 %, 50 % and 90 % quantiles of a noisy curve.
import { AdamW, createModel, createTrainer, residualMLP } from "resnet-wasm";

const QUANTILES = [0.1, 0.5, 0.9];
const BATCH = 256;

/** A small linear congruential generator, so that every run of this example prints the same. */
let state = 42;
const uniform = () => (state = (1664525 * state + 1013904223) % 2 ** 32) / 2 ** 32;

/** y = sin(3 x) + noise of a width that grows with x, for x in [-1, 1]. */
function sample(/** @type {Float32Array} */ x, /** @type {Float32Array} */ y) {
  for (let i = 0; i < x.length; i++) {
    x[i] = 2 * uniform() - 1;
    y[i] = Math.sin(3 * x[i]) + (0.7 + 0.5 * x[i]) * (2 * uniform() - 1);
  }
}

/**
 * L = mean over samples and quantiles of max(q d, (q - 1) d), d = y - prediction, and its gradient by the predictions:
 * -q where d > 0, 1 - q elsewhere, over their number.
 */
function pinball(/** @type {Float32Array} */ predictions, /** @type {Float32Array} */ y) {
  const dy = new Float32Array(predictions.length);
  let loss = 0;
  for (let i = 0; i < predictions.length; i++) {
    const q = QUANTILES[i % QUANTILES.length];
    const d = y[Math.floor(i / QUANTILES.length)] - predictions[i];
    loss += Math.max(q * d, (q - 1) * d) / predictions.length;
    dy[i] = (d > 0 ? -q : 1 - q) / predictions.length;
  }
  return { loss, dy };
}

const network = residualMLP({ in: 1, width: 64, blocks: 3, out: QUANTILES.length });
const model = await createModel(network, { inputShape: [1], seed: 3 });
const trainer = createTrainer(model, { optimizer: new AdamW({ lr: 2e-3 }) });

const [x, y] = [new Float32Array(BATCH), new Float32Array(BATCH)];
for (let step = 0; step <= 1500; step++) {
  sample(x, y);
  const predictions = model.forward(x, { training: true });
  const { loss, dy } = pinball(predictions.data, y);
  model.backward(dy);
  trainer.applyGradients();
  if (step % 300 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}

// Over fresh samples, a tenth, a half and nine tenths should lie below the three curves.
const [freshX, freshY] = [new Float32Array(20_000), new Float32Array(20_000)];
sample(freshX, freshY);
const { data } = model.predict(freshX);
for (const [j, q] of QUANTILES.entries()) {
  const below = freshY.filter((value, i) => value < data[i * QUANTILES.length + j]).length / freshY.length;
  console.log(`quantile ${q}: ${(100 * below).toFixed(1)} % of fresh samples lie below`);
}
