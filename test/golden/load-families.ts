/** Reads the golden files of network families, which `generate/families.py` wrote with PyTorch. */
import { size } from "./decode.js";
import { images, indices, uniform } from "./generator.js";
import {
  decodeFingerprint,
  decodeTensor,
  type EncodedFingerprint,
  type EncodedTensor,
  type Fingerprint,
  type GoldenTensor,
  readJson,
} from "./load.js";
import type { GoldenState } from "./load-nets.js";

/** Scale and offset of a tensor, by its name and shape; `rule` in `generate/families.py` is the twin. */
function rule(name: string, shape: number[]): [scale: number, offset: number] {
  const leaf = name.split(".").at(-1);
  if (leaf === "running_var") return [0.5, 1];
  if (leaf === "running_mean") return [0.2, 0];
  if (leaf === "layer_scale" || leaf === "gamma") return [0.25, 0.5];
  if (leaf === "bias") return [0.25, 0];
  if (shape.length === 1) return [0.2, 1];
  return [Math.sqrt(6 / size(shape.slice(1))), 0];
}

/** A state dict by the formula, of lines "name 64,3,7,7". */
export function stateOf(seed: string, listing: readonly string[]): GoldenState {
  return new Map(
    listing.map((line) => {
      const [name, sizes] = line.split(" ");
      const shape = sizes.split(",").map(Number);
      const [scale, offset] = rule(name, shape);
      return [name, { shape, data: uniform(`${seed}/${name}`, size(shape), scale, offset) }];
    }),
  );
}

const input = (seed: string, [batch, h, w]: number[]) => {
  const shape = [batch, 3, h, w];
  return { shape, x: images(`${seed}/x${batch}x${h}x${w}`, shape) };
};

export interface FamilyLogits {
  seed: string;
  /** Lines "name 64,3,7,7" of PyTorch's state dict. */
  state: string[];
  cases: { shape: number[]; x(): Float32Array<ArrayBuffer>; logits: GoldenTensor }[];
}

/** Logits in evaluation mode. */
export function loadFamilyLogits(net: string): FamilyLogits {
  type Raw = { seed: string; state: string[]; cases: { shape: number[]; logits: EncodedTensor }[] };
  const { seed, state, cases } = readJson<Raw>(`families/${net}.json`);
  return {
    seed,
    state,
    cases: cases.map(({ shape: [batch, h, w], logits }) => ({
      shape: [batch, 3, h, w],
      x: () => input(seed, [batch, h, w]).x,
      logits: decodeTensor(logits),
    })),
  };
}

export interface FamilyTraining {
  state: GoldenState;
  /** NCHW. */
  shape: number[];
  x: Float32Array<ArrayBuffer>;
  labels: Int32Array<ArrayBuffer>;
  classes: number;
  loss: number;
  /** Of every parameter, and of the input, NCHW, under the name "input". */
  gradients: Fingerprint[];
  /** After the pass. */
  runningStatistics: Fingerprint[];
}

/** A pass in training mode, mean cross-entropy. */
export function loadFamilyTraining(net: string): FamilyTraining {
  interface Raw {
    seed: string;
    shape: number[];
    classes: number;
    loss: number;
    state: string[];
    gradients: EncodedFingerprint[];
    runningStatistics: EncodedFingerprint[];
  }
  const { seed, shape, classes, loss, state, gradients, runningStatistics } = readJson<Raw>(
    `families/${net}-training.json`,
  );
  return {
    ...input(seed, shape),
    state: stateOf(seed, state),
    labels: indices(`${seed}/labels`, shape[0], classes),
    classes,
    loss,
    gradients: gradients.map(decodeFingerprint),
    runningStatistics: runningStatistics.map(decodeFingerprint),
  };
}
