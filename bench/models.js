/** The model files of the start-up task, and the other parts that are built before measuring. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeCompiledFile } from "./compiled/model-file.js";
import { compileMicroKernel } from "./micro-kernel/compile.js";
import { ROWS } from "./micro-kernel/kernel.js";
import { networkModel } from "./ort/model.js";
import { bundleKernels } from "./ours/bundle.js";
import { writeModelFile } from "./ours/model-file.js";

const folder = new URL("../build/bench/", import.meta.url);

export async function buildParts() {
  mkdirSync(folder, { recursive: true });
  await bundleKernels(fileURLToPath(new URL("kernels.js", folder)));
  for (const variant of Object.keys(ROWS))
    writeFileSync(new URL(`micro-kernel-${variant}.wasm`, folder), await compileMicroKernel(variant));

  const data = await writeModelFile();
  await writeCompiledFile(new URL("resnet20.wasm", folder));
  writeFileSync(new URL("resnet20.onnx", folder), networkModel(data.net, data.parameters, 1));
}
