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

/** In the file's order, without a batch as one sample. */
const whole = ({ data, shape }: Constant, batch: boolean) => ({
  data: Float32Array.from(data),
  shape: batch ? shape : [1, ...(shape.length > 0 ? shape : [1])],
});

/** A test's model with every input after the first bound. Throws what the library throws. `batch` as for `importOnnx`. */
export async function openBackendTest(folder: string, batch: boolean) {
  const bytes = new Uint8Array(readFileSync(`${folder}model.onnx`));
  const reading = new Reading("test", 2 ** 27);
  const constants = new ConstantReader(reading, 2 ** 27);
  const graph = readModel(bytes, reading).graph ?? {};
  const load = (file: string): Constant =>
    constants.read(readTensor(new Uint8Array(readFileSync(`${folder}test_data_set_0/${file}`)), reading));
  const weights = new Set(graph.initializer?.map(({ name }) => name));
  const names = (graph.input ?? []).map(({ name = "" }) => name).filter((name) => !weights.has(name));
  const bound = names.slice(1).map((name, i): [string, Constant] => [name, load(`input_${i + 1}.pb`)]);
  const { network, state, inputShape } = importOnnx(bytes, { inputs: Object.fromEntries(bound), batch });
  const model = await createModel(network, { inputShape });
  model.loadStateDict(state);
  return { model, network, graph, load };
}

/** Whether the answer is right. */
async function run(folder: string, batch: boolean): Promise<boolean> {
  const { model, network, graph, load } = await openBackendTest(folder, batch);
  const x = load("input_0.pb");
  const made = model.predict<Tensor | Outputs>(
    batch && !network.definition.isChannelsLast ? toChannelsLast(x.data, x.shape) : whole(x, batch),
  );
  const outputs = (graph.output ?? []).map(({ name = "" }) => (model.outputShapes ? (made as Outputs)[name] : made));
  model.dispose();
  const inFile = network.definition.outputs.map(({ isChannelsLast }) => isChannelsLast);
  return outputs.every((y, k) => {
    const answer = load(`output_${k}.pb`);
    return isAnswer(y as Tensor, inFile[k] ? whole(answer, batch) : toChannelsLast(answer.data, answer.shape));
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
  /** "whole": right with `{ batch: false }`, which it was refused without. "refused" is an error of the library's own, "crashed" any other. */
  outcome: "right" | "whole" | "wrong" | "refused" | "crashed";
  message: string;
  ms: number;
}

/** All of them. */
export const backendTests = (): { group: string; name: string; folder: string }[] =>
  GROUPS.flatMap((group) =>
    readdirSync(root + group).map((name) => ({ group, name, folder: `${root}${group}/${name}/` })),
  ).filter(({ folder }) => existsSync(`${folder}model.onnx`));

/** Runs all of them. */
export async function runBackendTests(): Promise<BackendResult[]> {
  const results: BackendResult[] = [];
  for (const { group, name, folder } of backendTests()) {
    const start = performance.now();
    const result = { group, name, message: "", outcome: "right" as BackendResult["outcome"] };
    for (const batch of [true, false]) {
      try {
        result.outcome = !(await run(folder, batch)) ? "wrong" : batch ? "right" : "whole";
      } catch (error) {
        result.outcome = error instanceof ResnetWasmError ? "refused" : "crashed";
        result.message ||= (error as Error).message;
      }
      if (result.outcome !== "refused") break;
    }
    results.push({ ...result, ms: performance.now() - start });
  }
  return results;
}
