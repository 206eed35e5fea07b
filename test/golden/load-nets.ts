/** Reads the golden files of whole convolutional networks: trajectories, logits, gradients. */
import { images, indices, uniform } from "./generator.js";
import {
  decodeFingerprint,
  decodeTensor,
  type EncodedFingerprint,
  type EncodedTensor,
  type Fingerprint,
  type GoldenTensor,
  readJson,
  size,
} from "./load.js";

/** A state dict in PyTorch's layouts; num_batches_tracked is left out and 0. */
export type GoldenState = Map<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>;

interface ParameterSpec {
  name: string;
  shape: number[];
  scale: number;
  offset: number;
  /** One digit a channel: which of ten generated biases it takes; see `settle` in `generate/parameters.py`. */
  choice?: string;
}

function makeState(seed: string, parameters: ParameterSpec[]): GoldenState {
  return new Map(
    parameters.map(({ name, shape, scale, offset, choice }) => {
      if (!choice) return [name, { shape, data: uniform(`${seed}/${name}`, size(shape), scale, offset) }];
      const candidates = Array.from({ length: 10 }, (_, j) =>
        uniform(`${seed}/${name}#${j}`, size(shape), scale, offset),
      );
      return [name, { shape, data: Float32Array.from(choice, (digit, c) => candidates[Number(digit)][c]) }];
    }),
  );
}

/** Twenty SGD steps of CIFAR ResNet-20. */
export interface CifarTrajectory {
  shortcut: "pad" | "projection";
  batch: number;
  steps: number;
  classes: number;
  lr: number;
  momentum: number;
  /** On every parameter, norms and biases included. */
  weightDecay: number;
  state: GoldenState;
  /** Inputs [batch, 3, 32, 32] (NCHW) and labels of step s. */
  batchOf(step: number): { shape: number[]; x: Float32Array<ArrayBuffer>; labels: Int32Array<ArrayBuffer> };
  losses: number[];
  float32LossErrors: number[];
  /** Of step 0. */
  gradients: Fingerprint[];
  /** Parameters and running statistics after the last step. */
  finalState: Fingerprint[];
}

export function loadCifarTrajectory(shortcut: "pad" | "projection"): CifarTrajectory {
  // biome-ignore lint/suspicious/noExplicitAny: the file's form is CifarTrajectory's, encoded
  const { seed, parameters, batches, state, gradients, ...raw } = readJson<any>(`cifar-resnet20-${shortcut}.json`);
  const shape = [raw.batch, 3, 32, 32];
  return {
    ...raw,
    state: makeState(seed, parameters),
    batchOf: (step: number) => ({
      shape,
      x: images(`cifar/x${step % batches}`, shape),
      labels: indices(`cifar/labels${step % batches}`, raw.batch, raw.classes),
    }),
    gradients: gradients.map(decodeFingerprint),
    finalState: state.map(decodeFingerprint),
  };
}

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
