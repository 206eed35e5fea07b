// What `scripts/fuzz.ts` runs.
import { csvTarget, idxTarget } from "./data.js";
import { fuzz, type Target } from "./fuzz.js";
import { checkpointTarget, kernelsTarget, modelTarget } from "./models.js";
import { onnxTarget } from "./onnx.js";
import { picturesTarget } from "./pictures.js";
import { pytorchTarget } from "./pytorch.js";
import { safetensorsTarget } from "./safetensors.js";

const TARGETS: Record<string, (golden: URL) => Target | Promise<Target>> = {
  safetensors: safetensorsTarget,
  models: modelTarget,
  checkpoints: checkpointTarget,
  kernels: kernelsTarget,
  csv: csvTarget,
  idx: idxTarget,
  onnx: onnxTarget,
  pictures: picturesTarget,
  pytorch: (golden) => pytorchTarget(new URL("pytorch/", golden)),
};

/** Fuzzes the named reader, or all; `golden` is the folder test/golden/. */
export async function run(names: string[], count: number, seed: number, golden: URL): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(TARGETS, name));
  if (unknown.length > 0) throw new Error(`fuzz: target expected ${Object.keys(TARGETS).join(" or ")}, got ${unknown}`);
  for (const name of names.length > 0 ? names : Object.keys(TARGETS)) {
    const { loaded, refused, slowestMs, largestShare } = await fuzz(await TARGETS[name]!(golden), count, seed);
    const took = `slowest ${slowestMs.toFixed(1)} ms, largest ${largestShare.toFixed(2)} of its file above 1 MB`;
    console.log(`${name}: ${count} files, ${loaded} loaded, ${refused} refused, ${took}`);
  }
}
