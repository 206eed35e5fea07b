/** The contents of the golden files of whole convolutional networks, once they are parsed. */
import { decodeFingerprint, type Fingerprint, size } from "./decode.js";
import { images, indices, uniform } from "./generator.js";

/** A state dict in PyTorch's layouts; num_batches_tracked is left out and 0. */
export type GoldenState = Map<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>;

export interface ParameterSpec {
  name: string;
  shape: number[];
  scale: number;
  offset: number;
  /** One digit a channel: which of ten generated biases it takes; see `settle` in `generate/parameters.py`. */
  choice?: string;
}

export function makeState(seed: string, parameters: ParameterSpec[]): GoldenState {
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

// biome-ignore lint/suspicious/noExplicitAny: the file's form is CifarTrajectory's, encoded
export function decodeCifarTrajectory({ seed, parameters, batches, state, gradients, ...raw }: any): CifarTrajectory {
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
