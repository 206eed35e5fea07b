// Models and trainers of which a released version wrote files: `generate.ts` runs them there, `compat.test.ts` here.
import type * as Library from "../../../src/hosts/node/index.js";
import { uniform } from "../generator.js";

export type Lib = Pick<typeof Library, keyof typeof Library>;

/** Kept beside the files of a version: what it predicted, and where its trainers ended. */
export interface Expected {
  /** Outputs of two samples by model, as bits in base64. */
  outputs: Record<string, string>;
  /** Hashes of weights and averages at the end of a fit that a checkpoint goes on with. */
  ends: Record<string, string>;
}

type Net = [network: Library.Layer, inputShape: number[]];

/** One of each kind that a file may name. */
export const nets: Record<string, (lib: Lib) => Net> = {
  "mlp-plain": (n) => [n.residualMLP({ in: 5, width: 6, blocks: 2, out: 3 }), [5]],
  "mlp-batch-norm": (n) => [
    n.residualMLP({ in: 5, width: 6, blocks: 1, out: 3, norm: "batch", dropout: 0.2, init: "he" }),
    [5],
  ],
  "mlp-layer-norm": (n) => [
    n.residualMLP({
      in: 5,
      width: 6,
      blocks: 1,
      out: 3,
      norm: "layer",
      activation: new n.GELU({ approximate: "tanh" }),
    }),
    [5],
  ],
  "mlp-plain-twin": (n) => [
    n.plainTwin(n.residualMLP({ in: 5, width: 6, blocks: 2, out: 3, activation: new n.LeakyReLU() })),
    [5],
  ],
  "residual-twin": (n) => {
    const layers = [4, 4, 4, 4].flatMap((width) => [new n.Linear(width, width, { init: "he" }), new n.ELU()]);
    return [n.residualTwin(new n.Sequential(...layers, new n.Linear(4, 3)), { shortcut: "projection" }), [4]];
  },
  tabular: (n) => [n.tabularResNet({ in: 5, out: 3, blocks: 2, d: 6, dropout2: 0.1 }), [5]],
  "tabular-plain-twin": (n) => [n.plainTwin(n.tabularResNet({ in: 5, out: 3, blocks: 2, d: 6 })), [5]],
  activations: (n) => [
    new n.Sequential(
      ...[new n.ReLU(), new n.LeakyReLU({ negativeSlope: 0.2 }), new n.GELU(), new n.SiLU(), new n.Sigmoid()],
      ...[new n.Tanh(), new n.ELU({ alpha: 0.5 }), new n.Hardswish(), new n.Softmax(), new n.LogSoftmax()],
      ...[new n.Identity(), new n.Dropout(0.3), new n.StochasticDepth(0.2, { mode: "batch" })],
    ),
    [6],
  ],
  images: (n) => [
    new n.Sequential({
      stem: new n.Conv2d(2, 4, { kernelSize: [3, 5], stride: 2, padding: [1, 2], dilation: 1, groups: 2, init: "he" }),
      norm: new n.BatchNorm2d(4, { eps: 1e-3, momentum: 0.2, initialWeight: 0.5 }),
      pool: new n.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1, ceilMode: true }),
      skip: new n.Residual(new n.Conv2d(4, 8, { kernelSize: 3, stride: 2, padding: 1 }), {
        shortcut: "projection",
        activation: new n.Tanh(),
      }),
      pad: new n.Residual(new n.Conv2d(8, 12, { kernelSize: 3, padding: 1, bias: false }), { shortcut: "pad" }),
      own: new n.Residual(new n.Conv2d(12, 12, { kernelSize: 1 }), { shortcut: new n.Identity(), zeroInit: true }),
      se: new n.SqueezeExcitation(12, 3),
      average: new n.AvgPool2d({ kernelSize: 2, padding: 1, countIncludePad: false }),
      adaptive: new n.AdaptiveAvgPool2d([2, 1]),
      layerNorm: new n.LayerNorm(12, { affine: false }),
      flatten: new n.Flatten(),
      fc: new n.Linear(24, 3, { bias: false }),
    }),
    [13, 12, 2],
  ],
  "cifar-pad": (n) => [n.cifarResNet(8), [8, 8, 3]],
  "cifar-append": (n) => [n.cifarResNet(8, { padSide: "append", classes: 4, inChannels: 1 }), [8, 8, 1]],
  "cifar-projection": (n) => [
    n.cifarResNet(8, { shortcut: "projection", stochasticDepth: 0.2, zeroInitResidual: true }),
    [8, 8, 3],
  ],
  "cifar-pre-activation": (n) => [n.cifarResNet(8, { preActivation: true, init: "default" }), [8, 8, 3]],
  "cifar-plain-twin": (n) => [n.plainTwin(n.cifarResNet(8, { zeroInitResidual: true })), [8, 8, 3]],
  "cifar-pre-activation-plain-twin": (n) => [
    n.plainTwin(n.cifarResNet(8, { preActivation: true, shortcut: "projection" })),
    [8, 8, 3],
  ],
  blocks: (n) => [
    new n.Sequential({
      conv1: new n.Sequential(
        new n.Conv2d(3, 4, { kernelSize: 3, stride: 2, padding: 1, bias: false }),
        new n.BatchNorm2d(4),
        new n.ReLU(),
        new n.Conv2d(4, 4, { kernelSize: 3, padding: 1, bias: false }),
      ),
      layer1: new n.Sequential(
        new n.Bottleneck(4, 2, { seRatio: 0.25 }),
        new n.Bottleneck(8, 2, { stochasticDepth: 0.1, zeroInitResidual: true }),
      ),
      layer2: new n.Sequential(
        new n.Bottleneck(8, 4, { stride: 2, avgDown: true, seRatio: 0.25 }),
        new n.Bottleneck(16, 4, { avgDown: true, groups: 2, width: 32 }),
      ),
      layer3: new n.Sequential(
        new n.Bottleneck(16, 4, { stride: 2, strideOn: "1x1" }),
        new n.BasicBlock(16, 16, { shortcut: "always" }),
        new n.BasicBlock(16, 20, { shortcut: "pad", padSide: "append", seRatio: 0.5 }),
        new n.BasicBlock(20, 20, { shortcut: "none" }),
        new n.PadShortcut(20, 23, { side: "append" }),
        new n.PreActBlock(23, 24, { seRatio: 0.1 }),
      ),
      avgpool: new n.AdaptiveAvgPool2d(1),
      flatten: new n.Flatten(),
      fc: new n.Linear(24, 3),
    }),
    [16, 16, 3],
  ],
};

/** Two samples. */
export const samples = (name: string, inputShape: readonly number[]): Float32Array =>
  uniform(`compat/${name}`, 2 * inputShape.reduce((a, b) => a * b));

/** Weights of few values, so that the packed files stay small. Running variances are above 0. */
export function patterned({ state, name }: { state: Library.StateDict; name: string }): Library.StateDict {
  const period = 31;
  return new Map(
    [...state].map(([key, { data, shape }], place) => {
      if (shape.length === 0) return [key, { data, shape }];
      const fan = Math.sqrt(data.length / shape[0]);
      const values = uniform(`compat/${name}/${place}`, period, 2 / fan, key.endsWith("running_var") ? 2.5 : 0);
      return [key, { data: Float32Array.from(data, (_, i) => values[i % period]), shape }];
    }),
  );
}

/** What is trained: a skip connection, running statistics, dropout. */
export const trained = (n: Lib): Library.Layer =>
  new n.Sequential(
    new n.Linear(4, 12),
    new n.BatchNorm1d(12),
    new n.ReLU(),
    new n.Residual(new n.Sequential(new n.Linear(12, 12), new n.ReLU(), new n.Dropout(0.3), new n.Linear(12, 12)), {
      activation: new n.ReLU(),
    }),
    new n.Linear(12, 3),
  );

export const FIT = { epochs: 2, batchSize: 6 };

export const trainers: Record<string, (lib: Lib) => Library.TrainerOptions> = {
  sgd: (n) => ({ loss: n.crossEntropy(), optimizer: new n.SGD({ lr: 0.05 }) }),
  "sgd-momentum": (n) => ({
    loss: n.crossEntropy(),
    optimizer: new n.SGD({ lr: 0.05, momentum: 0.9, dampening: 0.5, weightDecay: 0.1 }),
    schedule: n.stepLR({ stepSize: 1, gamma: 0.5, unit: "epochs" }),
  }),
  "sgd-nesterov": (n) => ({
    loss: n.crossEntropy({ labelSmoothing: 0.1 }),
    optimizer: new n.SGD({ lr: 0.05, momentum: 0.9, nesterov: true }),
    schedule: n.warmup({ steps: 3, after: n.multiStepLR({ milestones: [4, 6] }) }),
    clipGradNorm: 0.5,
  }),
  adam: (n) => ({
    loss: n.crossEntropy(),
    optimizer: new n.Adam({ lr: 0.01 }),
    schedule: n.cosineAnnealing({ tMax: 8, etaMinFactor: 0.1 }),
  }),
  "adamw-ema-groups": (n) => ({
    loss: n.crossEntropy(),
    optimizer: new n.AdamW({ lr: 0.01, betas: [0.8, 0.99], weightDecay: 0.1 }),
    schedule: n.oneCycle({ totalSteps: 8 }),
    groups: [{ match: /^4/, lrScale: 0.1 }],
    decayNormsAndBiases: false,
    ema: 0.8,
  }),
};
