import { readFile } from "node:fs/promises";

/** `entry`: a file, from the root of the package. */
export async function first(x, { entry, ...options }) {
  const { loadModel } = await import(new URL(entry, new URL("../../", import.meta.url)));
  const bytes = await readFile(new URL("../../build/bench/resnet20.safetensors", import.meta.url));
  const model = await loadModel(bytes, options);
  return model.predict(x).data;
}
