import { arrayDataset, glyphs } from "../../../../src/faces/data.js";
import {
  AdaptiveAvgPool2d,
  bceWithLogits,
  Conv2d,
  createModel,
  crossEntropy,
  type Dataset,
  Flatten,
  Linear,
  type Loss,
  mse,
  Sequential,
  Softmax,
} from "../../../../src/hosts/node/index.js";
import type { Section } from "./symptom.js";

import { linear, pair, sixteen, trainerOf } from "./trainers.js";

const step = async (out: number, loss: Loss, labels: number[] | number[][]) =>
  (await trainerOf(new Linear(2, out), [2], loss)).step(pair, labels);

export const TARGETS: Section = {
  title: "Targets",
  symptoms: [
    {
      symptom: "`labels[i] expected a number in [0, 1] for bceWithLogits`",
      cause:
        "-1 and 1, percent, bytes of a mask, or a 0/1 column of a table that was standardised; the loss would fall without end",
      cure: "0, 1 or probabilities between them; a class target for the column; `mse` or `huber` for numbers of any size",
      provoke: () => step(1, bceWithLogits(), [[-1], [1]]),
      cured: () => step(1, bceWithLogits(), [[0], [1]]),
    },
    {
      symptom: "`probabilities that sum to 1 within 0.001 for crossEntropy`",
      cause: "several labels at a time, logits, scores that were rounded, or rows of zeros",
      cure: "class indices; rows that are divided by their sum; `bceWithLogits` for several labels",
      provoke: () =>
        step(3, crossEntropy(), [
          [1, 1, 0],
          [0, 0, 1],
        ]),
      cured: () =>
        step(3, crossEntropy(), [
          [0.5, 0.5, 0],
          [0, 0, 1],
        ]),
    },
    {
      symptom: "`labels[i] expected a class from 0 to N, got M`",
      cause: "classes that are counted from 1, or a network with fewer outputs than there are classes",
      cure: "labels from 0 on; as many outputs as classes",
      provoke: () => step(2, crossEntropy(), [1, 2]),
      cured: () => step(2, crossEntropy(), [0, 1]),
    },
    {
      symptom: "`crossEntropy: output expected at least 2 classes`",
      cause: "the softmax of one number is 1, so that the loss is 0 whatever the weights",
      cure: "`bceWithLogits` for two classes, `mse` for a number",
      provoke: () => trainerOf(new Linear(2, 1), [2]),
      cured: () => trainerOf(new Linear(2, 1), [2], bceWithLogits()),
    },
    {
      symptom: "`model.outputShape expected [10] for one label a sample, got [28, 28, 10]`",
      cause: "the network ends in a map, a score for each place",
      cure: "a pool over the map, or `Flatten`, and a `Linear`",
      provoke: async () =>
        (await trainerOf(new Conv2d(1, 10, { kernelSize: 1 }), [28, 28, 1])).fit(glyphs({ count: 4, flatten: false })),
      cured: async () => {
        const pooled = new Sequential(new Conv2d(1, 10, { kernelSize: 1 }), new AdaptiveAvgPool2d(1), new Flatten());
        return (await trainerOf(pooled, [28, 28, 1])).fit(glyphs({ count: 4, flatten: false }));
      },
    },
    {
      symptom: "`network expected logits, got a softmax or sigmoid at its end`",
      cause:
        "`crossEntropy` and `bceWithLogits` have theirs in them; a second one flattens the gradients, and the net learns little",
      cure: "leave the last layer out; `importOnnx(bytes, { logits: true })`",
      provoke: () => trainerOf(new Sequential(new Linear(2, 3), new Softmax()), [2]),
      cured: () => trainerOf(new Linear(2, 3), [2]),
    },
    {
      symptom: "`loss expected crossEntropy({ ignoreIndex: 255 }), as the dataset's`",
      cause: "the dataset has labels that are no class",
      cure: "the same `ignoreIndex` for the loss",
      provoke: async () => (await linear()).fit({ ...sixteen, ignoreIndex: 255 }),
      cured: async () =>
        (await trainerOf(new Linear(2, 3), [2], crossEntropy({ ignoreIndex: 255 }))).fit({
          ...sixteen,
          ignoreIndex: 255,
        }),
    },
    {
      symptom: "`weights[i] expected a number of at least 0`",
      cause: "a weight of a sample is negative or NaN, or `getWeights` did not fill its array",
      cure: "how often a sample counts: 0 for not at all",
      provoke: async () => (await linear()).fit({ ...sixteen, getWeights: (_, weights) => void weights.fill(-1) }),
      cured: async () => (await linear()).fit({ ...sixteen, getWeights: (_, weights) => void weights.fill(2) }),
    },
    {
      symptom: "`dataset.targetShape expected [7, 3], got [3, 7]`",
      cause: "targets are transposed",
      cure: "targets in the order of the outputs, or flat",
      provoke: async () => (await trainerOf(new Conv1dLike(), [7, 2], mse())).fit(maps([3, 7])),
      cured: async () => (await trainerOf(new Conv1dLike(), [7, 2], mse())).fit(maps([7, 3])),
    },
  ],
};

/** Three numbers at each of seven places. */
class Conv1dLike extends Sequential {
  constructor() {
    super(new Linear(2, 3));
  }
}

const maps = (targetShape: number[]): Dataset =>
  arrayDataset({ x: new Float32Array(28), y: new Float32Array(42), inputShape: [7, 2], targetShape });

const named = (classNames: string[]): Dataset => ({ ...sixteen, classNames });

export const CLASS_NAMES: Section = {
  title: "Names of classes",
  symptoms: [
    {
      symptom: '`classNames expected ["ant", "bee", "cat"], got ["ant", "cat", "bee"]`',
      cause:
        "the classes of validation or test are counted in another order than those of training, as where a folder lacks one; or the model was trained for others",
      cure: "`loadImageFolder(folder, { transform, classNames: train.classNames })`; to train a model for other classes `model.classNames = dataset.classNames` before",
      provoke: async () =>
        (await linear()).fit(named(["ant", "bee", "cat"]), { validation: named(["ant", "cat", "bee"]) }),
      cured: async () => {
        const trainer = await linear();
        await trainer.fit(named(["ant", "bee", "cat"]), { validation: named(["ant", "bee", "cat"]) });
        trainer.model.classNames = ["ant", "cat", "bee"];
        return trainer.fit(named(["ant", "cat", "bee"]));
      },
    },
    {
      symptom: "`classNames expected N names, one for each output`",
      cause: "the network has more or fewer outputs than there are names",
      cure: "a name for each output, also for those that were never trained",
      provoke: () => createModel(new Linear(2, 3), { inputShape: [2], classNames: ["ant", "bee"] }),
      cured: () => createModel(new Linear(2, 3), { inputShape: [2], classNames: ["ant", "bee", "nothing"] }),
    },
  ],
};
