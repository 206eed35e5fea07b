// @ts-check
/** The two studies: which nets are compared, how they are trained, and the words for it. */
import { trainNet } from "./experiment.js";
import { convolutionalTwins, plainNet, residualNet, WIDTH } from "./nets.js";

/** @typedef {import("./experiment.js").Recipe} Recipe */
/** @typedef {import("./experiment.js").Result} Result */
/** @typedef {import("./images.js").Images} Images */

/** @typedef {{ depth: number, plain: Result, residual: Result }} Twins */

/**
 * @typedef {object} Kind
 * @property {"dense" | "convolutional"} name
 * @property {string} unit what depth counts
 * @property {Recipe} recipe
 * @property {number | "auto"} threads unless the command line says otherwise
 * @property {(depth: number, images: Images) => { plain: import("resnet-wasm").Layer, residual: import("resnet-wasm").Layer }} networks
 * @property {(images: Images) => { plain: string, residual: string }} describe
 */

/** @type {Kind} */
export const DENSE = {
  name: "dense",
  unit: "hidden layers",
  recipe: { lr: 0.01, momentum: 0.9, weightDecay: 0, cosine: false, batchSize: 128, probe: 512 },
  threads: 1,
  networks(depth, { train }) {
    const pixels = train.inputShape.reduce((a, b) => a * b, 1);
    return { plain: plainNet(depth, pixels, train.classes), residual: residualNet(depth, pixels, train.classes) };
  },
  describe: ({ train }) => ({
    plain: `input layer ${train.inputShape.reduce((a, b) => a * b, 1)} → ${WIDTH}, then the hidden layers ${WIDTH} → ${WIDTH}, then output layer ${WIDTH} → ${train.classes}; ReLU after all but the last; He initialisation, biases 0`,
    residual:
      "the plain net with a skip connection over each pair of hidden layers, inside the second ReLU; the second layer of each pair starts at 0, all other weights start as in the plain net",
  }),
};

/** He et al. 2015, section 4.2, but for the augmentation, which a few epochs do not need. @type {Kind} */
export const CONVOLUTIONAL = {
  name: "convolutional",
  unit: "layers",
  recipe: { lr: 0.1, momentum: 0.9, weightDecay: 1e-4, cosine: true, batchSize: 128, probe: 128 },
  threads: "auto",
  networks: (depth, { train }) => convolutionalTwins(depth, train.classes),
  describe: ({ train }) => ({
    plain: `a 3x3 convolution, three stages of 3x3 convolutions with 16, 32 and 64 channels, a mean over all pixels, output layer 64 → ${train.classes}; BatchNorm and ReLU after each convolution; He initialisation`,
    residual:
      "the ResNet of that depth: the plain net with a skip connection over each pair of convolutions, inside the second ReLU; where the shape changes, every second pixel and channels of zeros (option A); the last BatchNorm of each block starts with scale 0, all other weights start as in the plain net",
  }),
};

/**
 * @typedef {object} Study
 * @property {Kind} kind
 * @property {Twins[]} twins in ascending depth
 * @property {Images} images
 * @property {number} epochs
 * @property {number} seed
 * @property {number} seconds
 */

/**
 * Trains a plain net and its residual twin at each depth.
 * @param {Kind} kind
 * @param {{ images: Images, depths: number[], epochs: number, seed: number, threads: number | "auto" | undefined }} task
 * @returns {Promise<Study>}
 */
export async function runStudy(kind, { images, depths, epochs, seed, threads = kind.threads }) {
  const started = performance.now();
  const { train, test } = images;
  const twins = [];
  for (const depth of depths) {
    const networks = kind.networks(depth, images);
    const trainOne = (/** @type {"plain" | "residual"} */ name) => {
      const label = `${name.padEnd(8)} ${`${depth}`.padStart(3)}`;
      const network = networks[name];
      return trainNet({ depth, kind: name, network, train, test, recipe: kind.recipe, epochs, seed, threads, label });
    };
    twins.push({ depth, plain: await trainOne("plain"), residual: await trainOne("residual") });
  }
  return { kind, twins, images, epochs, seed, seconds: (performance.now() - started) / 1000 };
}
