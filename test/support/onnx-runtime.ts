// ONNX files as onnxruntime runs them, channels last on both sides as here.
import { env, InferenceSession, Tensor } from "onnxruntime-web";

env.wasm.numThreads = 1;

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

/** What onnxruntime gives for a batch [n, …, c], by the names of the outputs. */
export async function runOutputs(bytes: Uint8Array, x: Values): Promise<Record<string, Values>> {
  const session = await InferenceSession.create(bytes);
  try {
    const { data, shape } = turn(x, "first");
    const outputs = await session.run({ [session.inputNames[0]!]: new Tensor("float32", data, [...shape]) });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [
        name,
        turn({ data: data as Float32Array, shape: dims }, "last"),
      ]),
    );
  } finally {
    await session.release();
  }
}

/** The only one. */
export async function runOnnx(bytes: Uint8Array, x: Values): Promise<Values> {
  const { output } = await runOutputs(bytes, x);
  return output!;
}
