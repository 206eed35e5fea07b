/** Reads the golden files of whole convolutional networks: trajectories, logits, gradients. */
import {
  type CifarTrajectory,
  decodeCifarTrajectory,
  type GoldenState,
  makeState,
  type ParameterSpec,
} from "./decode-nets.js";
import { images, indices } from "./generator.js";
import {
  decodeFingerprint,
  decodeTensor,
  type EncodedFingerprint,
  type EncodedTensor,
  type Fingerprint,
  type GoldenTensor,
  readJson,
} from "./load.js";

export type { GoldenState } from "./decode-nets.js";

export const loadCifarTrajectory = (shortcut: "pad" | "projection"): CifarTrajectory =>
  decodeCifarTrajectory(readJson(`cifar-resnet20-${shortcut}.json`));
export type TorchvisionNet = "resnet18" | "resnet34" | "resnet50" | "resnet101" | "resnet152";

export interface LogitCase {
  /** Of the input, NCHW. */
  shape: number[];
  /** Made when called: 600,000 numbers at 224x224, batch 4. */
  x(): Float32Array<ArrayBuffer>;
  logits: GoldenTensor;
}

/** Evaluation-mode logits of a torchvision net with generated weights and running statistics. */
export function loadLogits(net: TorchvisionNet): { state: GoldenState; cases: LogitCase[] } {
  type RawCase = { batch: number; height: number; width: number; logits: EncodedTensor };
  type Raw = { seed: string; parameters: ParameterSpec[]; cases: RawCase[] };
  const { seed, parameters, cases } = readJson<Raw>(`${net}-logits.json`);
  return {
    state: makeState(seed, parameters),
    cases: cases.map(({ batch, height, width, logits }) => {
      const shape = [batch, 3, height, width];
      return { shape, x: () => images(`${seed}/x${batch}x${height}x${width}`, shape), logits: decodeTensor(logits) };
    }),
  };
}

/** One forward and backward pass in training mode, mean cross-entropy over 1000 classes. */
export interface GradientCase {
  state: GoldenState;
  shape: number[];
  x: Float32Array<ArrayBuffer>;
  labels: Int32Array<ArrayBuffer>;
  loss: number;
  float32LossError: number;
  /** Of every parameter, and of the input, NCHW, under the name "input". */
  gradients: Fingerprint[];
  /** After the pass. */
  runningStatistics: Fingerprint[];
}

export function loadGradients(net: "resnet18" | "resnet50"): GradientCase {
  interface Raw {
    seed: string;
    parameters: ParameterSpec[];
    batch: number;
    height: number;
    width: number;
    classes: number;
    loss: number;
    float32LossError: number;
    gradients: EncodedFingerprint[];
    runningStatistics: EncodedFingerprint[];
  }
  const raw = readJson<Raw>(`${net}-gradients.json`);
  const { seed, batch, height, width, loss, float32LossError } = raw;
  const shape = [batch, 3, height, width];
  return {
    state: makeState(seed, raw.parameters),
    shape,
    x: images(`${seed}/x${batch}x${height}x${width}`, shape),
    labels: indices(`${seed}/labels`, batch, raw.classes),
    loss,
    float32LossError,
    gradients: raw.gradients.map(decodeFingerprint),
    runningStatistics: raw.runningStatistics.map(decodeFingerprint),
  };
}
