// @ts-check
/** Trains one net and measures it: loss of every step, loss and accuracy in the end, gradients of every layer. */
import { constant, cosineAnnealing, createModel, createTrainer, crossEntropy, NumericError, SGD } from "resnet-wasm";
import { progressBar } from "resnet-wasm/progress";

/** @typedef {import("resnet-wasm").ClassDataset} ClassDataset */
/** @typedef {import("resnet-wasm").Model} Model */

/**
 * @typedef {object} Recipe
 * @property {number} lr
 * @property {number} momentum
 * @property {number} weightDecay
 * @property {boolean} cosine whether the learning rate falls to 0 by half a cosine
 * @property {number} batchSize
 * @property {number} probe images that gradients are measured on: always the same first ones
 */

/**
 * @typedef {object} Result
 * @property {number} depth layers, as the study counts them
 * @property {"plain" | "residual"} kind
 * @property {number} parameters
 * @property {number[]} losses of every training step
 * @property {number} loss over all training images, after the last step; NaN if training broke off
 * @property {number} accuracy on the test images
 * @property {number[]} gradientsBefore norm of the gradient of each layer's weights, first layer first
 * @property {number[]} gradientsAfter the same after the last step
 * @property {string | null} failure why training broke off
 * @property {number} ms time of training
 * @property {string} info which path of the library ran
 */

/**
 * @param {{ depth: number, kind: "plain" | "residual", network: import("resnet-wasm").Layer, train: ClassDataset,
 *   test: ClassDataset, recipe: Recipe, epochs: number, seed: number, threads: number | "auto", label: string }} task
 * @returns {Promise<Result>}
 */
export async function trainNet({ depth, kind, network, train, test, recipe, epochs, seed, threads, label }) {
  const model = await createModel(network, { inputShape: [...train.inputShape], seed, threads });
  const { lr, momentum, weightDecay, cosine, batchSize, probe } = recipe;
  const steps = epochs * Math.ceil(train.length / batchSize);
  const trainer = createTrainer(model, {
    loss: crossEntropy(),
    optimizer: new SGD({ lr, momentum, weightDecay }),
    schedule: cosine ? cosineAnnealing({ tMax: steps }) : constant(),
  });
  const parameters = [...model.stateDict().values()].reduce((sum, { data }) => sum + data.length, 0);
  const gradientsBefore = gradientNorms(model, train, probe);

  /** @type {number[]} */
  const losses = [];
  /** @type {string | null} */
  let failure = null;
  const started = performance.now();
  const record = { onStep: (/** @type {{ loss: number }} */ { loss }) => void losses.push(loss) };
  try {
    await trainer.fit(train, { epochs, batchSize, callbacks: [record, progressBar({ label })] });
  } catch (error) {
    // A loss that is no number any more is a result of the experiment, not a mistake of the program.
    if (!(error instanceof NumericError)) throw error;
    failure = error.message;
    process.stderr.write("\n");
  }
  const ms = performance.now() - started;
  const { loss } = await trainer.evaluate(train);
  const { accuracy = 0 } = await trainer.evaluate(test);
  const gradientsAfter = gradientNorms(model, train, probe);
  const info = model.info.why;
  model.dispose();
  const final = failure === null ? loss : Number.NaN;
  return { depth, kind, parameters, losses, loss: final, accuracy, gradientsBefore, gradientsAfter, failure, ms, info };
}

/**
 * The norm of the loss's gradient by the weights of each layer, in the order of the layers, from `model.backward`.
 * Weights have two dimensions, or four in convolutions; those of normalisations, with one, are left out.
 * @param {Model} model
 * @param {ClassDataset} dataset
 * @param {number} probe
 */
export function gradientNorms(model, dataset, probe) {
  const count = Math.min(probe, dataset.length);
  const x = new Float32Array(count * model.inputShape.reduce((a, b) => a * b, 1));
  const labels = new Int32Array(count);
  dataset.get(
    Int32Array.from({ length: count }, (_, i) => i),
    x,
    labels,
  );
  const logits = model.forward(x, { training: true });
  model.backward(crossEntropyGradient(logits, labels));
  const weights = [...model.gradients().values()].filter(({ shape }) => shape.length > 1);
  return weights.map(({ data }) => Math.sqrt(data.reduce((sum, g) => sum + g * g, 0)));
}

/**
 * The gradient of the mean cross-entropy by the logits: (softmax(logits) - onehot(label)) / n.
 * @param {{ data: Float32Array, shape: number[] }} logits
 * @param {Int32Array} labels
 */
function crossEntropyGradient({ data, shape }, labels) {
  const [n, classes] = shape;
  const dy = new Float32Array(data.length);
  for (let row = 0; row < n; row++) {
    const at = row * classes;
    const logit = data.subarray(at, at + classes);
    const highest = Math.max(...logit);
    const sum = logit.reduce((total, value) => total + Math.exp(value - highest), 0);
    for (let j = 0; j < classes; j++) {
      const probability = Math.exp(logit[j] - highest) / sum;
      dy[at + j] = (probability - (j === labels[row] ? 1 : 0)) / n;
    }
  }
  return { data: dy, shape };
}
