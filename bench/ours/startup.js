import { readFile } from "node:fs/promises";
import { loadModel } from "../../dist/index.node.js";

export async function first(x) {
  const model = await loadModel(await readFile(new URL("../../build/bench/resnet20.safetensors", import.meta.url)));
  return model.predict(x).data;
}
