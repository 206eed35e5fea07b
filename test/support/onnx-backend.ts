// ONNX's own backend tests, from Debian's package libonnx-testdata, through the library.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { ResnetWasmError } from "../../src/core/errors.js";
import { createModel, type Outputs, type Tensor } from "../../src/hosts/node/index.js";
import { importOnnx } from "../../src/onnx/import.js";
import { Reading } from "../../src/onnx/protobuf.js";
import { readModel, readTensor } from "../../src/onnx/read.js";
import { type Constant, ConstantReader } from "../../src/onnx/tensor.js";

const root = "/usr/share/libonnx-testdata/data/";
const GROUPS = ["node", "simple", "pytorch-converted", "pytorch-operator"];

/** Whether the package is installed. */
export const hasBackendTests = existsSync(root);

/** [n, c, …] → [n, …, c] */
function toChannelsLast(data: ArrayLike<number>, shape: number[]) {
  const [n, c, ...spatial] = shape as [number, number, ...number[]];
  if (shape.length < 3) return { data: Float32Array.from(data), shape };
  const pixels = spatial.reduce((a, b) => a * b, 1);
  const to = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < pixels; p++) to[(i * pixels + p) * c + k] = data[(i * c + k) * pixels + p]!;
  return { data: to, shape: [n, ...spatial, c] };
}

/** Whether the answer is right. Throws what the library throws. */
async function run(folder: string): Promise<boolean> {
  const bytes = new Uint8Array(readFileSync(`${folder}model.onnx`));
  const reading = new Reading("test", 2 ** 27);
  const constants = new ConstantReader(reading, 2 ** 27);
  const graph = readModel(bytes, reading).graph ?? {};
  const load = (file: string): Constant =>
    constants.read(readTensor(new Uint8Array(readFileSync(`${folder}test_data_set_0/${file}`)), reading));
  const weights = new Set(graph.initializer?.map(({ name }) => name));
  const names = (graph.input ?? []).map(({ name = "" }) => name).filter((name) => !weights.has(name));
  const bound = names.slice(1).map((name, i): [string, Constant] => [name, load(`input_${i + 1}.pb`)]);
  const { network, state, inputShape } = importOnnx(bytes, { inputs: Object.fromEntries(bound) });
  const model = await createModel(network, { inputShape });
  model.loadStateDict(state);
  const x = load("input_0.pb");
  const made = model.predict<Tensor | Outputs>(
    network.definition.isChannelsLast ? { ...x, data: Float32Array.from(x.data) } : toChannelsLast(x.data, x.shape),
  );
  const outputs = (graph.output ?? []).map(({ name = "" }) => (model.outputShapes ? (made as Outputs)[name] : made));
  model.dispose();
  const inFile = network.definition.outputs.map(({ isChannelsLast }) => isChannelsLast);
  return outputs.every((y, k) => {
    const answer = load(`output_${k}.pb`);
    return isAnswer(y as Tensor, inFile[k] ? answer : toChannelsLast(answer.data, answer.shape));
  });
}

function isAnswer(y: Tensor, answer: Pick<Constant, "data" | "shape">): boolean {
  const expected = { data: Float32Array.from(answer.data), shape: answer.shape };
  const scale = expected.data.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  );
  const isNear = (value: number, i: number) =>
    Object.is(value, y.data[i]) || Math.abs(value - y.data[i]!) <= 1e-3 * Math.abs(value) + 1e-6 * scale;
  return y.shape.join() === expected.shape.join() && expected.data.every(isNear);
}

export interface BackendResult {
  group: string;
  name: string;
  /** "refused" is an error of the library's own, "crashed" any other. */
  outcome: "right" | "wrong" | "refused" | "crashed";
  message: string;
  ms: number;
}

/** Runs all of them. */
export async function runBackendTests(): Promise<BackendResult[]> {
  const results: BackendResult[] = [];
  for (const group of GROUPS)
    for (const name of readdirSync(root + group)) {
      const folder = `${root}${group}/${name}/`;
      if (!existsSync(`${folder}model.onnx`)) continue;
      const start = performance.now();
      const result = { group, name, message: "", outcome: "right" as BackendResult["outcome"] };
      try {
        if (!(await run(folder))) result.outcome = "wrong";
      } catch (error) {
        result.outcome = error instanceof ResnetWasmError ? "refused" : "crashed";
        result.message = (error as Error).message;
      }
      results.push({ ...result, ms: performance.now() - start });
    }
  return results;
}
