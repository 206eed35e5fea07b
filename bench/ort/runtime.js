/** ONNX Runtime, one thread: onnxruntime-web's WebAssembly or onnxruntime-node's native library. */
export async function loadOrt(native) {
  const ort = native ? await import("onnxruntime-node") : await import("onnxruntime-web/wasm");
  if (!native) {
    ort.env.wasm.numThreads = 1;
    if (typeof process !== "object") ort.env.wasm.wasmPaths = "/bench/node_modules/onnxruntime-web/dist/";
  }
  const version = `onnxruntime-${native ? "node" : "web"} ${ort.env.versions[native ? "node" : "web"]}`;
  return { ort: ort.InferenceSession ? ort : ort.default, version };
}

export const sessionOptions = (native) => ({
  executionProviders: [native ? "cpu" : "wasm"],
  graphOptimizationLevel: "all",
  ...(native ? { intraOpNumThreads: 1, interOpNumThreads: 1 } : {}),
});
