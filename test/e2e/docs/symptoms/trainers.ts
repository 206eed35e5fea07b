import { arrayDataset, type ClassDataset } from "../../../../src/faces/data.js";
import {
  createModel,
  createTrainer,
  crossEntropy,
  type Layer,
  Linear,
  type Loss,
  SGD,
  type Trainer,
  type TrainerOptions,
} from "../../../../src/hosts/node/index.js";

export async function trainerOf(
  network: Layer,
  inputShape: number[],
  loss: Loss = crossEntropy(),
  more: Partial<TrainerOptions> = {},
): Promise<Trainer> {
  const model = await createModel(network, { inputShape, seed: 1 });
  return createTrainer(model, { loss, optimizer: new SGD({ lr: 0.1 }), ...more });
}

export const pair = [
  [1, 2],
  [3, 4],
];
export const points = (y: number[], classes = 3): ClassDataset =>
  arrayDataset({ x: Float32Array.from({ length: 2 * y.length }, (_, i) => Math.sin(i)), y, classes, inputShape: [2] });
export const sixteen = points(Array.from({ length: 16 }, (_, i) => i % 3));
export const linear = (more: Partial<TrainerOptions> = {}) => trainerOf(new Linear(2, 3), [2], crossEntropy(), more);
