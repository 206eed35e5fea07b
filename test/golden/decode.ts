/** The golden files' contents as numbers, once they are parsed. Runs wherever JavaScript does; `load.ts` reads the files. */
import { distribution, indices, uniform } from "./generator.js";

export interface GoldenTensor {
  shape: number[];
  data: Float64Array;
  /** Largest difference of PyTorch's own float32 run from its float64 run. */
  float32Error: number;
}

/** Inputs are exact in float32; whole numbers (class indices) come as Int32Array. Layouts are PyTorch's. */
export interface GoldenInput {
  shape: number[];
  data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

export interface GoldenCase {
  name: string;
  op: string;
  // biome-ignore lint/suspicious/noExplicitAny: every op has attributes of its own
  attributes: Record<string, any>;
  inputs: Record<string, GoldenInput>;
  /** `y` (a loss: one element), then a gradient d<input> for each differentiable input. */
  outputs: Record<string, GoldenTensor>;
}

type InputSpec = { shape: number[] } & (
  | { kind: "uniform"; scale: number; offset: number }
  | { kind: "index"; below: number }
  | { kind: "distribution" }
  | { kind: "bernoulli" }
  | { kind: "values"; values: number[] }
);

export interface EncodedTensor {
  shape: number[];
  /** float64 in base64, or, in the large files, rounded to float32. */
  data?: string;
  data32?: string;
  float32Error: number;
}

export const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

const decodeBase64 = (base64: string): ArrayBuffer => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;

export const decodeFloat64 = (base64: string): Float64Array => new Float64Array(decodeBase64(base64));

export function decodeTensor({ shape, data, data32, float32Error }: EncodedTensor): GoldenTensor {
  if (data !== undefined) return { shape, float32Error, data: decodeFloat64(data) };
  return { shape, float32Error, data: Float64Array.from(new Float32Array(decodeBase64(data32!))) };
}

/** The tensor that a spec describes; the twin of `make` in `generate/tensors.py`. */
export function makeInput(name: string, spec: InputSpec): GoldenInput {
  const n = size(spec.shape);
  const make = () => {
    switch (spec.kind) {
      case "uniform":
        return uniform(name, n, spec.scale, spec.offset);
      case "index":
        return indices(name, n, spec.below);
      case "distribution":
        return distribution(name, n / spec.shape.at(-1)!, spec.shape.at(-1)!);
      case "bernoulli":
        return Float32Array.from(indices(name, n, 2));
      case "values":
        return Float32Array.from(spec.values);
    }
  };
  return { shape: spec.shape, data: make() };
}

export type EncodedCase = Omit<GoldenCase, "inputs" | "outputs"> & {
  inputs: Record<string, InputSpec>;
  outputs: Record<string, EncodedTensor>;
};

export const decodeCase = (raw: EncodedCase): GoldenCase => ({
  ...raw,
  inputs: mapRecord(raw.inputs, (spec, key) => makeInput(`${raw.name}/${key}`, spec)),
  outputs: mapRecord(raw.outputs, decodeTensor),
});

function mapRecord<A, B>(record: Record<string, A>, map: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

/** The project's bar for one op: max(8 x PyTorch's own float32 error, 4e-6 of the largest value). */
export function tolerance(expected: GoldenTensor): number {
  return Math.max(8 * expected.float32Error, 4e-6 * expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0));
}

/** Largest |actual - expected|; NaN where a value is not a number or the lengths differ. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.NaN;
  let max = 0;
  for (let i = 0; i < actual.length; i++) max = Math.max(max, Math.abs(actual[i] - expected[i])); // max keeps NaN
  return max;
}

/** [n, c, h, w] → [n, h, w, c]; the golden files hold PyTorch's layout. */
export function nchwToNhwc<T extends Float32Array | Float64Array>(data: T, [n, c, h, w]: number[]): T {
  const out = data.slice() as T;
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < h * w; p++) out[(i * h * w + p) * c + k] = data[(i * c + k) * h * w + p];
  return out;
}

export function nhwcToNchw<T extends Float32Array | Float64Array>(data: T, [n, h, w, c]: number[]): T {
  const out = data.slice() as T;
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < h * w; p++) out[(i * c + k) * h * w + p] = data[(i * h * w + p) * c + k];
  return out;
}

/** A large tensor in a few numbers; see `fingerprint` in `generate/encode.py`. */
export interface Fingerprint {
  name: string;
  shape: number[];
  sum: number;
  norm: number;
  /** Dot products with uniform(`<key>#0|1|2`), key being the name under which the generator made the fingerprint. */
  projections: number[];
  /** Elements floor(i · n / 8), i = 0 … 7 (fewer when n < 8). */
  slice: number[];
  /** PyTorch's float32 error of sum, norm, projections (largest), slice (largest). */
  float32Error: [number, number, number, number];
  /** |float32 - float64| / |float64| over the whole tensor, L2 norms, for PyTorch. */
  float32RelativeNorm: number;
}

export interface EncodedFingerprint
  extends Pick<Fingerprint, "name" | "shape" | "float32Error" | "float32RelativeNorm"> {
  values: string;
}

export function decodeFingerprint(encoded: EncodedFingerprint): Fingerprint {
  const values = Array.from(decodeFloat64(encoded.values));
  const { name, shape, float32Error, float32RelativeNorm } = encoded;
  const rest = { sum: values[0], norm: values[1], projections: values.slice(2, 5), slice: values.slice(5) };
  return { name, shape, float32Error, float32RelativeNorm, ...rest };
}

export function fingerprint(
  name: string,
  data: ArrayLike<number>,
): Pick<Fingerprint, "sum" | "norm" | "projections" | "slice"> {
  const n = data.length;
  let sum = 0;
  let squares = 0;
  const projections = [0, 0, 0];
  const vectors = projections.map((_, k) => uniform(`${name}#${k}`, n));
  for (let i = 0; i < n; i++) {
    sum += data[i];
    squares += data[i] * data[i];
    for (let k = 0; k < 3; k++) projections[k] += data[i] * vectors[k][i];
  }
  const count = Math.min(8, n);
  const slice = Array.from({ length: count }, (_, i) => data[Math.floor((i * n) / 8)]);
  return { sum, norm: Math.sqrt(squares), projections, slice };
}

/**
 * The largest relative difference of a tensor from its fingerprint. Every part is relative to what an error spread over
 * the tensor would do to it: an error of relative norm r moves the norm by up to r · norm, a projection by about
 * r · norm / √3, the sum by about r · norm, one element by about r · norm / √n. So the result is of the size of r
 * (a few times r at worst) for rounding errors, and large for a misplaced or missing element.
 */
export function fingerprintDifference(actual: ArrayLike<number>, expected: Fingerprint): number {
  if (actual.length !== size(expected.shape)) return Number.NaN;
  const found = fingerprint(expected.name, actual);
  const scale = expected.norm || 1e-30;
  const parts = [
    Math.abs(found.sum - expected.sum) / scale,
    Math.abs(found.norm - expected.norm) / scale,
    ...found.projections.map((p, k) => (Math.abs(p - expected.projections[k]) * Math.sqrt(3)) / scale),
    ...found.slice.map(
      (v, i) => Math.abs(v - expected.slice[i]) / Math.max(scale / Math.sqrt(actual.length), Math.abs(v)),
    ),
  ];
  return Math.max(...parts);
}

/** The fully connected residual net's twenty steps. */
export interface MlpTrajectory {
  in: number;
  width: number;
  blocks: number;
  out: number;
  batch: number;
  steps: number;
  batches: number;
  lr: number;
  momentum: number;
  parameters: { name: string; shape: number[]; data: Float32Array<ArrayBuffer> }[];
  /** Inputs and labels of step s. */
  batchOf(step: number): { x: Float32Array<ArrayBuffer>; labels: Int32Array<ArrayBuffer> };
  losses: number[];
  float32LossErrors: number[];
  /** Of step 0, before the first update. */
  logits: GoldenTensor;
  gradients: Fingerprint[];
  /** After the last step. */
  weights: Fingerprint[];
}

// biome-ignore lint/suspicious/noExplicitAny: the file's form is MlpTrajectory's, encoded
export function decodeMlpTrajectory(raw: any): MlpTrajectory {
  return {
    ...raw,
    parameters: raw.parameters.map((p: { name: string; shape: number[]; scale: number }) => ({
      name: p.name,
      shape: p.shape,
      data: uniform(`mlp/${p.name}`, size(p.shape), p.scale),
    })),
    batchOf: (step: number) => ({
      x: uniform(`mlp/x${step % raw.batches}`, raw.batch * raw.in),
      labels: indices(`mlp/labels${step % raw.batches}`, raw.batch, raw.out),
    }),
    logits: decodeTensor(raw.logits),
    gradients: raw.gradients.map(decodeFingerprint),
    weights: raw.weights.map(decodeFingerprint),
  };
}
