/** TensorFlow.js, core API, with the plain JavaScript ("cpu") or the WebAssembly backend, one thread. */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

async function wasmFolder() {
  if (typeof process !== "object") return "/bench/node_modules/@tensorflow/tfjs-backend-wasm/dist/";
  const { createRequire } = await import("node:module");
  return createRequire(import.meta.url)
    .resolve("@tensorflow/tfjs-backend-wasm")
    .replace(/[^/\\]*$/, "");
}

export async function loadTf(backend) {
  if (tf.getBackend() !== backend) {
    if (backend === "wasm") {
      setThreadsCount(1);
      setWasmPaths(await wasmFolder());
    }
    await tf.setBackend(backend);
    await tf.ready();
  }
  if (tf.getBackend() !== backend) throw new Error(`expected the ${backend} backend, got ${tf.getBackend()}`);
  return tf;
}

export const version = `TensorFlow.js ${tf.version.tfjs}`;

/** A convolution's padding; "same" would put the odd pixel of a stride of 2 on the other side than PyTorch. */
export function padding({ stride, pad: [before, after] }) {
  return stride === 1 && before === after && before > 0 ? "same" : [[0, 0], [before, after], [before, after], [0, 0]]; // biome-ignore format: one line
}
