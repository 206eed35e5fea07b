/** Reads the golden files that `generate/generate.py` wrote with PyTorch; README.md lists them. */
import { existsSync, readFileSync } from "node:fs";
import {
  decodeCase,
  decodeMlpTrajectory,
  decodeTensor,
  type EncodedCase,
  type EncodedTensor,
  type GoldenCase,
  type GoldenTensor,
  type MlpTrajectory,
} from "./decode.js";
import { uniform } from "./generator.js";

export * from "./decode.js";

/** The parsed content of `data/<file>`. */
export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`data/${file}`, import.meta.url), "utf8"));
}

export function hasGolden(file: string): boolean {
  return existsSync(new URL(`data/${file}`, import.meta.url));
}

/** The cases of an op file: linear, activations, norms, losses, … (without ".json"). */
export const loadCases = (file: string): GoldenCase[] => readJson<EncodedCase[]>(`${file}.json`).map(decodeCase);

export const loadMlpTrajectory = (): MlpTrajectory => decodeMlpTrajectory(readJson("residual-mlp.json"));

export interface OptimizerCase {
  name: string;
  optimizer: "SGD" | "Adam" | "AdamW" | "RMSprop" | "Adagrad";
  options: {
    lr: number;
    momentum?: number;
    dampening?: number;
    nesterov?: boolean;
    weightDecay?: number;
    betas?: [number, number];
    eps?: number;
  };
  /** Before this step (from 0) the learning rate is halved. */
  halveLrAtStep: number | null;
  n: number;
  steps: number;
  start: Float32Array<ArrayBuffer>;
  gradients: Float32Array<ArrayBuffer>[];
  /** [steps, n], after each step. */
  weights: GoldenTensor;
}

export function loadOptimizers(): OptimizerCase[] {
  type Raw = Omit<OptimizerCase, "weights"> & { weights: EncodedTensor };
  return readJson<Raw[]>("optimizers.json").map((raw) => ({
    ...raw,
    start: uniform("optimizer/w", raw.n),
    gradients: Array.from({ length: raw.steps }, (_, step) => uniform(`optimizer/g${step}`, raw.n)),
    weights: decodeTensor(raw.weights),
  }));
}

export interface ClippingCase {
  maxNorm: number;
  /** Two gradients, of shapes [3, 5] and [11], clipped together. */
  gradients: [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  norm: GoldenTensor;
  a: GoldenTensor;
  b: GoldenTensor;
}

export function loadClipping(): ClippingCase[] {
  type Raw = { maxNorm: number; scale: number; norm: EncodedTensor; a: EncodedTensor; b: EncodedTensor };
  return readJson<Raw[]>("clipping.json").map(({ maxNorm, scale, norm, a, b }) => ({
    maxNorm,
    gradients: [uniform("clip/a", 15, scale), uniform("clip/b", 11, scale)],
    norm: decodeTensor(norm),
    a: decodeTensor(a),
    b: decodeTensor(b),
  }));
}
