// @ts-check
/** The networks that are compared: a plain one of any depth, and the same one with skip connections. */
import { cifarResNet, Flatten, Linear, plainTwin, ReLU, residualTwin, Sequential } from "resnet-wasm";

/** Features of every hidden layer. */
export const WIDTH = 64;

/**
 * An input layer pixels → 64, then `depth` hidden layers 64 → 64, then an output layer 64 → classes, with ReLU after
 * all but the last. He initialisation keeps the size of the activations from layer to layer.
 * @param {number} depth
 * @param {number} pixels
 * @param {number} classes
 */
export function plainNet(depth, pixels, classes) {
  const init = /** @type {const} */ ("he");
  const hidden = Array.from({ length: depth }, () => [new Linear(WIDTH, WIDTH, { init }), new ReLU()]);
  return new Sequential(
    new Flatten(),
    new Linear(pixels, WIDTH, { init }),
    new ReLU(),
    ...hidden.flat(),
    new Linear(WIDTH, classes, { init }),
  );
}

/**
 * The plain net where each pair of hidden layers computes g(W2 g(W1 a + b1) + b2 + a) instead of g(W2 g(W1 a + b1) + b2).
 * It has the same parameters in the same order, so the same seed gives both nets the same first weights, but for W2:
 * the twin starts it at 0, each pair as its skip connection.
 * @param {number} depth
 * @param {number} pixels
 * @param {number} classes
 */
export const residualNet = (depth, pixels, classes) => residualTwin(plainNet(depth, pixels, classes), { every: 2 });

/**
 * The CIFAR ResNet of `depth` = 6n + 2 layers, and the same net without its skip connections. Both have the same
 * parameters, shortcut option A having none, and the same seed gives them the same first weights, but for the last
 * normalisation of each block: the ResNet starts its scale at 0 (Goyal et al. 2017, arXiv:1706.02677). With 1 the sums of
 * 27 blocks throw ResNet-56 off: measured on 5,000 images, a mean loss of 3.8 in the first epoch and of 2.3, which is
 * guessing, in the second.
 * @param {number} depth
 * @param {number} classes
 */
export function convolutionalTwins(depth, classes) {
  const residual = cifarResNet(depth, { classes, zeroInitResidual: true });
  return { plain: plainTwin(residual), residual };
}
