import { readFile } from "node:fs/promises";

/** `entry`: "index" or "inference". */
export async function first(x, { entry, ...options }) {
  const { loadModel } = await import(`../../dist/${entry}.node.js`);
  const bytes = await readFile(new URL("../../build/bench/resnet20.safetensors", import.meta.url));
  const model = await loadModel(bytes, options);
  return model.predict(x).data;
}
