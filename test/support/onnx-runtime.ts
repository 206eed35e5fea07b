// ONNX files as onnxruntime runs them, and beside it as they run here.
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { expect } from "vitest";
import type { Outputs, Tensor as Result } from "../../src/hosts/node/index.js";
import { loadOnnx } from "../../src/hosts/node/onnx.js";
import { type ImportOptions, importOnnx } from "../../src/onnx/import.js";
import type { ModelProto } from "../../src/onnx/messages.js";
import { writeModel } from "../../src/onnx/read.js";
import { numbers } from "./onnx-build.js";

env.wasm.numThreads = 1;
env.logLevel = "error";

export interface Values {
  data: Float32Array;
  shape: readonly number[];
}

const numel = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** [n, …, c] → [n, c, …], or back. */
export function turn({ data: from, shape }: Values, to: "first" | "last"): Values {
  const [n, ...rest] = shape as [number, ...number[]];
  if (rest.length < 2) return { data: from, shape };
  const [rows, columns] = to === "first" ? [numel(rest.slice(0, -1)), rest.at(-1)!] : [rest[0]!, numel(rest.slice(1))];
  const data = new Float32Array(from.length);
  for (let i = 0; i < n; i++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) data[(i * columns + c) * rows + r] = from[(i * rows + r) * columns + c]!;
  return {
    data,
    shape: to === "first" ? [n, rest.at(-1)!, ...rest.slice(0, -1)] : [n, ...rest.slice(1), rest[0]!],
  };
}

/** What onnxruntime gives for a batch in the file's order, by the names of the outputs; `more` are further inputs. */
export async function runFile(
  bytes: Uint8Array,
  x: Values,
  more: Record<string, Values> = {},
): Promise<Record<string, Values>> {
  const session = await InferenceSession.create(bytes);
  const feed = ({ data, shape }: Values) => new Tensor("float32", data, [...shape]);
  try {
    const [name] = session.inputNames.filter((each) => !Object.hasOwn(more, each));
    const others = Object.entries(more).map(([key, value]) => [key, feed(value)]);
    const outputs = await session.run({ [name!]: feed(x), ...Object.fromEntries(others) });
    return Object.fromEntries(
      Object.entries(outputs).map(([key, { data, dims }]) => [key, { data: data as Float32Array, shape: dims }]),
    );
  } finally {
    await session.release();
  }
}

/** What onnxruntime gives for a batch [n, …, c], channels last here too. */
export async function runOutputs(bytes: Uint8Array, x: Values): Promise<Record<string, Values>> {
  const outputs = await runFile(bytes, turn(x, "first"));
  return Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, turn(values, "last")]));
}

/** The only one. */
export async function runOnnx(bytes: Uint8Array, x: Values): Promise<Values> {
  const { output } = await runOutputs(bytes, x);
  return output!;
}

export interface Against {
  /** One sample in the file's order. */
  sample: number[];
  /** Batches that both run. Default 1 and 3. */
  batches?: number[];
  /** Values of the inputs. Default: of no order, from -0.7 to 0.7. */
  values?: (count: number) => ArrayLike<number>;
  options?: ImportOptions;
  /** Inputs that are bound as parameters here. */
  more?: Record<string, Values>;
  /** Share of the largest output. Default 5e-6. */
  tolerance?: number;
}

/** A file gives here what onnxruntime gives, in every batch. */
export async function expectAsRuntime(model: ModelProto | Uint8Array, against: Against): Promise<void> {
  const {
    sample,
    batches = [1, 3],
    values = (count) => numbers(count, 5),
    options,
    more = {},
    tolerance = 5e-6,
  } = against;
  const bytes = model instanceof Uint8Array ? model : writeModel(model);
  const bound = Object.entries(more).map(([name, { data, shape }]) => [name, { data, shape: [...shape] }]);
  const all: ImportOptions = { ...options, ...(bound.length > 0 && { inputs: Object.fromEntries(bound) }) };
  const { definition } = importOnnx(bytes, all).network;
  const here = await loadOnnx(bytes, all);
  for (const n of batches) {
    const shape = [n, ...sample];
    const x = { data: Float32Array.from(values(numel(shape))), shape };
    const wanted = await runFile(bytes, x, more);
    const got = here.predict<Result | Outputs>(definition.isChannelsLast ? x : turn(x, "last"));
    for (const { name, isChannelsLast } of definition.outputs) {
      const y = here.outputShapes ? (got as Outputs)[name]! : (got as Result);
      const inFile = wanted[name] ?? Object.values(wanted)[0]!;
      const { data, shape: expected } = isChannelsLast ? inFile : turn(inFile, "last");
      expect(y.shape).toEqual([...expected]);
      const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      const error = data.reduce((most, value, i) => Math.max(most, Math.abs(value - y.data[i]!)), 0);
      expect(error / scale, `batch ${n}`).toBeLessThan(tolerance);
    }
  }
}
