/** One seed, one weight hash: 100 steps of two nets in which everything takes part that could differ between runtimes. */
import { indices, uniform } from "../../../golden/generator.js";
import { type Cases, type Context, check, equal, hashOf, type Layer, type Library, type Model } from "./suite.js";

/** Change them only together with a reason why weights have to change; they hold for every runtime and machine. */
export const GOLDEN = {
  dense: "5245ec8951f87d53ae98696ee5cdf1000d37dca875880a8c34453d098eed5177",
  images: "3fb339891a578461e11f48d98670cdd82f95539fe9789c206aba3514a6c07f70",
  accumulated: "0464b814da0dd2bb3db0d17b454fc66b90ab083408dcefd31e618acb09321a28",
};

const FEATURES = 19;
const CLASSES = 7;

/** Every activation, normalisation and kind of dropout for vectors. */
function denseNet(library: Library): Layer {
  const { BatchNorm1d, Dropout, LayerNorm, Linear, Residual, Sequential, StochasticDepth } = library;
  const { ELU, GELU, Hardswish, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh } = library;
  const width = 33;
  const tanh = new GELU({ approximate: "tanh" });
  const kinds = [
    new ReLU(),
    new GELU(),
    tanh,
    new SiLU(),
    new Tanh(),
    new ELU(),
    new Hardswish(),
    new LeakyReLU(),
    new Sigmoid(),
  ];
  const blocks = kinds.map((activation) => {
    const first = [new Linear(width, width, { init: "he" }), new BatchNorm1d(width), activation, new Dropout(0.1)];
    const main = new Sequential(...first, new Linear(width, width), new StochasticDepth(0.1));
    return new Residual(main, { activation });
  });
  const stem = [new Linear(FEATURES, width, { init: "he" }), new LayerNorm(width)];
  return new Sequential(...stem, ...blocks, new Linear(width, CLASSES));
}

const SIDE = 12;

/** Winograd, direct, strided, grouped, depthwise and pointwise convolutions, both kinds of block, all pools. */
function imageNet(library: Library): Layer {
  const { AdaptiveAvgPool2d, AvgPool2d, BasicBlock, BatchNorm2d, Bottleneck, Conv2d, Flatten, Hardswish } = library;
  const { Linear, MaxPool2d, ReLU, Sequential, SqueezeExcitation } = library;
  return new Sequential({
    conv1: new Conv2d(3, 8, { kernelSize: 5, padding: 2, bias: false }),
    bn1: new BatchNorm2d(8),
    relu: new ReLU(),
    maxpool: new MaxPool2d({ kernelSize: 3, stride: 1, padding: 1 }),
    block1: new BasicBlock(8, 8),
    se: new SqueezeExcitation(8, 4),
    block2: new BasicBlock(8, 16, { stride: 2 }),
    depthwise: new Conv2d(16, 16, { kernelSize: 3, padding: 1, groups: 16 }),
    hardswish: new Hardswish(),
    grouped: new Conv2d(16, 16, { kernelSize: 3, padding: 2, dilation: 2, groups: 4 }),
    block3: new Bottleneck(16, 8),
    avgpool: new AvgPool2d({ kernelSize: 2, stride: 2 }),
    pool: new AdaptiveAvgPool2d(2),
    flatten: new Flatten(),
    fc: new Linear(32 * 4, CLASSES),
  });
}

interface Run {
  network: (library: Library) => Layer;
  inputShape: number[];
  /** Of step s; every tenth is smaller and takes another path through the products. */
  batch: (step: number) => number;
  /** Samples have weights of their own. */
  weights?: boolean;
  trainer: (library: Library, model: Model) => ReturnType<Library["createTrainer"]>;
}

const RUNS: Record<keyof typeof GOLDEN, Run> = {
  dense: {
    network: denseNet,
    inputShape: [FEATURES],
    batch: (step) => (step % 10 === 9 ? 5 : 45),
    trainer: ({ createTrainer, crossEntropy, AdamW, warmup, cosineAnnealing }, model) =>
      createTrainer(model, {
        loss: crossEntropy({ labelSmoothing: 0.1 }),
        optimizer: new AdamW({ lr: 3e-3 }),
        schedule: warmup({ steps: 20, after: cosineAnnealing({ tMax: 100 }) }),
        clipGradNorm: 1,
        ema: 0.98,
      }),
  },
  images: {
    network: imageNet,
    inputShape: [SIDE, SIDE, 3],
    batch: (step) => (step % 10 === 9 ? 3 : 8),
    trainer: ({ createTrainer, crossEntropy, SGD, oneCycle }, model) =>
      createTrainer(model, {
        loss: crossEntropy(),
        optimizer: new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 1e-4, nesterov: true }),
        schedule: oneCycle({ totalSteps: 100 }),
        ema: 0.9,
      }),
  },
  // The dense net with batches in four parts, whose samples have weights and of which some labels are ignored.
  accumulated: {
    network: denseNet,
    inputShape: [FEATURES],
    batch: (step) => (step % 10 === 9 ? 8 : 45),
    weights: true,
    trainer: ({ createTrainer, crossEntropy, AdamW, warmup, cosineAnnealing }, model) =>
      createTrainer(model, {
        loss: crossEntropy({ classWeights: [1, 2, 0.5, 3, 1, 1, 2], ignoreIndex: 4, labelSmoothing: 0.1 }),
        optimizer: new AdamW({ lr: 3e-3 }),
        schedule: warmup({ steps: 20, after: cosineAnnealing({ tMax: 100 }) }),
        clipGradNorm: 1,
        ema: 0.98,
        accumulate: 4,
      }),
  },
};

/** The hash of all weights, their averages and some predictions after 100 steps. */
async function trained({ library, create }: Context, kind: keyof typeof GOLDEN, threads: number): Promise<string> {
  const { network, inputShape, batch, weights, trainer: start } = RUNS[kind];
  const size = inputShape.reduce((a, b) => a * b, 1);
  const model = await create(network(library), inputShape, { threads, seed: 2015 });
  equal(model.info.threads, threads, "threads");
  const trainer = start(library, model);
  for (let step = 0; step < 100; step++) {
    const n = batch(step);
    const x = uniform(`conformance/${kind}/x${step % 16}`, n * size);
    const labels = indices(`conformance/${kind}/y${step % 16}`, n, CLASSES);
    const options = weights ? { weights: uniform(`conformance/${kind}/w${step % 16}`, n, 1, 1.5) } : {};
    const { loss } = trainer.step(x, labels, options);
    check(loss > 0, `loss of step ${step}: expected above 0, got ${loss}`);
  }
  const states = [model.stateDict(), trainer.emaStateDict()].flatMap((state) => [...state.values()]);
  const predicted = model.predict(uniform(`conformance/${kind}/p`, 30 * size));
  const hash = await hashOf([...states, predicted].map(({ data }) => data as Float32Array<ArrayBuffer>));
  model.dispose();
  return hash;
}

const cases = (["dense", "images", "accumulated"] as const).flatMap((kind): [string, Cases[string]][] => [
  [
    `100 steps of the ${kind} net end in the golden weights`,
    async (context) => {
      const hash = await trained(context, kind, 1);
      if (kind !== "accumulated") context.note(kind, hash);
      equal(hash, GOLDEN[kind], "weight hash");
    },
  ],
  [
    `100 steps of the ${kind} net with every thread end in the golden weights`,
    async (context) => equal(await trained(context, kind, context.environment.threads), GOLDEN[kind], "weight hash"),
  ],
]);

export const training: Cases = Object.fromEntries(cases);
