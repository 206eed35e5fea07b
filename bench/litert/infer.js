/** LiteRT.js on its WebAssembly backend (XNNPACK), networks of Keras from files; pages only. */
import { loadAndCompile, loadLiteRt, supportsFeature, Tensor } from "@litertjs/core";
import { networkData } from "../data.js";
import { fetchBytes } from "../files.js";

let loaded;

/** A page has one LiteRT. Two builds have threads or have them not; which instructions they take it finds out itself. */
const load = (threads) => {
  loaded ??= loadLiteRt("/bench/node_modules/@litertjs/core/wasm/", { threads: threads > 1 });
  return loaded;
};

export async function create(task, { threads }) {
  const file = await fetchBytes(`shared/data/litert/${task.net}.tflite`);
  await load(threads);
  const model = await loadAndCompile(file, { accelerator: "wasm", cpuOptions: { numThreads: threads } });
  const { net, x } = networkData(task);
  const shape = [task.batch, ...net.ops[0].shape];
  const relaxed = (await supportsFeature("relaxedSimd")) ? "relaxed SIMD" : "SIMD";
  return {
    version: `LiteRT.js 2.5.3, ${relaxed}`,
    async run() {
      const input = new Tensor(x, shape);
      const [output] = await model.run(input);
      const values = output.toTypedArray().slice();
      input.delete();
      output.delete();
      return values;
    },
    dispose: () => model.delete(),
  };
}
