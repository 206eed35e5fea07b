import { readFile } from "node:fs/promises";
import { loadOrt, sessionOptions } from "./runtime.js";

export async function first(x, { native = false }) {
  const { ort } = await loadOrt(native);
  const model = await readFile(new URL("../../build/bench/resnet20.onnx", import.meta.url));
  const session = await ort.InferenceSession.create(model, sessionOptions(native));
  const planes = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) planes[(i % 3) * 1024 + Math.floor(i / 3)] = x[i];
  const { y } = await session.run({ x: new ort.Tensor("float32", planes, [1, 3, 32, 32]) });
  return y.data;
}
