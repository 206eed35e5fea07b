// Three epochs that a training takes here, in PyTorch, and here again (scale.test.ts, ../generate/scale.py).
import * as lib from "../../../src/hosts/node/index.js";
import { indices, uniform } from "../generator.js";

export const EPOCH = 8;
export const BATCH = 16;
const FEATURES = 6;
const CLASSES = 3;

export const optimizers: Record<string, () => lib.Optimizer> = {
  AdamW: () => new lib.AdamW({ lr: 0.01, weightDecay: 0.02 }),
  SGD: () => new lib.SGD({ lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
};

export async function trainerOf(name: string): Promise<lib.Trainer> {
  const network = lib.residualMLP({ in: FEATURES, out: CLASSES, width: 16, blocks: 2, norm: "batch" });
  const model = await lib.createModel(network, { inputShape: [FEATURES], seed: 4, threads: 1, relaxedSimd: false });
  const schedule = lib.cosineAnnealing({ tMax: 3 * EPOCH });
  return lib.createTrainer(model, { loss: lib.crossEntropy(), optimizer: optimizers[name](), schedule });
}

/** The losses of one epoch, in the order of the data. */
export function epochOf(trainer: lib.Trainer): number[] {
  return Array.from({ length: EPOCH }, (_, i) => {
    const { loss } = trainer.step(uniform(`scale/x${i}`, BATCH * FEATURES), indices(`scale/y${i}`, BATCH, CLASSES));
    return loss;
  });
}
