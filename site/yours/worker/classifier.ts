import { AdamW, cosineAnnealing, createModel, createTrainer, crossEntropy, type Layer } from "resnet-wasm";
import { type Augmentation, arrayDataset, augment, subset } from "resnet-wasm/data";
import { confusionMatrix, mistakes } from "resnet-wasm/metrics";
import { type Context, countParameters, lastMaps, setSession } from "./context.js";
import type { Kind, Learned } from "./protocol.js";
import { heldOut } from "./split.js";

const BATCH = 16;
const MISTAKES = 8;

export interface Task {
  kind: Kind;
  network: Layer;
  inputShape: number[];
  transform: object;
  names: string[];
  columns: string[];
  x: Float32Array;
  labels: number[];
  steps: number;
  augmentations: Augmentation[];
}

/** Trains a new network on samples in memory and judges it by those that it has not seen. The same samples give the same bits. */
export async function trainClassifier(task: Task, { report, signal }: Context): Promise<Learned> {
  const { inputShape, names: classNames, labels, transform } = task;
  const begun = performance.now();
  const all = arrayDataset({ x: task.x, y: labels, inputShape, classes: classNames.length, classNames });
  const parts = heldOut(labels);
  const train = subset(all, parts.train);
  const held = subset(all, parts.held);

  const model = await createModel(task.network, { inputShape, seed: 1, classNames, transform });
  const epochs = Math.max(1, Math.round(task.steps / Math.ceil(train.length / BATCH)));
  const stepsPerEpoch = train.length > BATCH ? Math.floor(train.length / BATCH) : 1;
  const steps = epochs * stepsPerEpoch;
  const trainer = createTrainer(model, {
    loss: crossEntropy(),
    optimizer: new AdamW({ lr: 2e-3 }),
    schedule: cosineAnnealing({ tMax: steps }),
    clipGradNorm: 1,
  });
  let step = 0;
  await trainer.fit(task.augmentations.length > 0 ? augment(train, task.augmentations) : train, {
    epochs,
    batchSize: BATCH,
    dropLast: train.length > BATCH, // BatchNorm has no variance of a last batch of one
    validation: held,
    signal,
    callbacks: [
      {
        onStep: ({ loss }) => report({ step: ++step, steps, loss }),
        onEpoch: ({ validation }) => report({ step, steps, accuracy: validation?.accuracy }),
      },
    ],
  });
  const { accuracy = 0, metrics } = await trainer.evaluate(held, {
    metrics: [confusionMatrix(), mistakes({ count: MISTAKES })],
  });
  const maps = await lastMaps(model);
  const known = {
    ...{ kind: task.kind, classNames, inputShape, outputShape: [...model.outputShape] },
    ...{ parameters: countParameters(model), columns: task.columns, hasMaps: maps !== undefined },
  };
  setSession({ model, known });
  return {
    ...{ known, held: parts.isApart ? held.length : 0, samples: all.length },
    seconds: (performance.now() - begun) / 1000,
    classes: {
      accuracy,
      confusion: metrics.confusionMatrix,
      mistakes: metrics.mistakes.map(({ sample, ...rest }) => ({ ...rest, sample: parts.held[sample] })),
    },
    notes: [],
  };
}
