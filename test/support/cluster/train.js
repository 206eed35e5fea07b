// A training of the tests, by a cluster or alone: node train.js '{"network": "resnet20", "steps": 10, …}'. Prints a line of JSON for
// each step and event, and at last what came of it.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import * as main from "resnet-wasm";
import { mixup } from "resnet-wasm/data";

const given = {
  steps: 10,
  epochs: 4,
  batchSize: 32,
  accumulate: 4,
  seed: 4,
  threads: 1,
  ...JSON.parse(process.argv[2]),
};
const data = fileURLToPath(new URL(".", import.meta.url));
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const networks = {
  /** With everything that is told apart by step, sample or part: dropout, BatchNorm, mixed samples. */
  digits: () => {
    const { BatchNorm1d, Dropout, Linear, ReLU, Residual, Sequential } = main;
    const block = new Sequential(
      new Linear(32, 32),
      new BatchNorm1d(32),
      new ReLU(),
      new Dropout(0.2),
      new Linear(32, 32),
    );
    const network = new Sequential(
      new Linear(784, 32),
      new BatchNorm1d(32),
      new ReLU(),
      new Residual(block),
      new Linear(32, 4),
    );
    return { network, inputShape: [784] };
  },
  resnet8: () => ({ network: main.cifarResNet(8), inputShape: [32, 32, 3] }),
  resnet20: () => ({ network: main.cifarResNet(20), inputShape: [32, 32, 3] }),
  own: async () => {
    const { Scaled } = await import("./own-layers.js");
    const { Linear, Sequential } = main;
    return { network: new Sequential(new Linear(784, 8), new Scaled(8), new Linear(8, 4)), inputShape: [784] };
  },
};

const { network, inputShape } = await networks[given.network]();
const model = await main.createModel(network, {
  ...{ inputShape, seed: given.seed, threads: given.threads, relaxedSimd: given.relaxedSimd ?? false },
  prefer: given.prefer ?? "speed",
});
if (given.freeze) main.freeze(model, given.freeze);
const options = {
  loss: main.crossEntropy({ labelSmoothing: 0.1 }),
  optimizer: new main.SGD({ lr: given.lr ?? 0.05, momentum: 0.9, weightDecay: 1e-4 }),
  schedule: main.cosineAnnealing({ tMax: 1000 }),
  clipGradNorm: 5,
  ema: 0.9,
  accumulate: given.accumulate,
};

/** The dataset as a machine opens it alone. */
async function alone({ module, export: name = "default", options: more }) {
  return (await import(new URL(module, import.meta.url).href))[name](more);
}

let cluster;
try {
  if (!given.alone) {
    const { openCluster } = await import("resnet-wasm/cluster");
    const onEvent = (event) => (event.type === "part" && !given.parts ? undefined : say(event));
    cluster = await openCluster({ data, onEvent, ...given.cluster });
  }
  const dataset = cluster ? await cluster.dataset(given.dataset) : await alone(given.dataset);
  const trainer = cluster
    ? cluster.trainer(model, { ...options, ...(given.network === "own" && { layers: "own-layers.js" }) })
    : main.createTrainer(model, options);
  const times = [];
  let last;
  const fit = (more) =>
    trainer.fit(dataset, {
      epochs: given.epochs,
      batchSize: given.batchSize,
      ...(given.fit ?? {}),
      maxSteps: given.steps,
      ...(given.mix && { mix: mixup({ alpha: 0.3 }) }),
      ...(given.store && { resume: { store: main.fileStore(given.store), every: 1, keep: 2 } }),
      callbacks: [
        {
          onStep: ({ step, epoch, loss }) => {
            const now = performance.now();
            if (last !== undefined) times.push(now - last);
            last = now;
            say({ type: "step", count: trainer.stepCount, epoch, step, loss });
          },
        },
      ],
      ...more,
    });
  // A fit that is stopped again and again goes on with the step that the workers have.
  let history;
  do history = await fit(given.restless ? { maxMs: given.restless } : {});
  while (history.stopped === "maxMs");
  const hash = createHash("sha256")
    .update(await trainer.save())
    .digest("hex");
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1];
  say({ type: "end", hash, median, steps: trainer.stepCount, stopped: history.stopped, workers: cluster?.workers() });
} catch (error) {
  say({ type: "error", name: error.name, message: error.message });
  if (given.stack) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
} finally {
  await cluster?.close();
}
