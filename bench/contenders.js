/** Who takes part, and in what. */
const one = { threads: 1 };
const two = { threads: 2 };

/**
 * `relaxed`: runs only where there is relaxed SIMD. `every`: on every Node, the others on the newest alone. `takes`: leaves
 * tasks out for which nothing has been written; what a library cannot do it says itself.
 */
export const contenders = [
  { name: "ours, relaxed SIMD", folder: "ours", options: { ...one, relaxedSimd: true }, relaxed: true },
  { name: "ours, SIMD", folder: "ours", options: { ...one, relaxedSimd: false }, every: true },
  { name: "ours, relaxed SIMD, 2 threads", folder: "ours", options: { ...two, relaxedSimd: true }, relaxed: true },
  { name: "ours, SIMD, 2 threads", folder: "ours", options: { ...two, relaxedSimd: false }, every: true },
  { name: "our bare micro-kernel, relaxed SIMD", folder: "micro-kernel", options: { variant: "relaxed" }, relaxed: true, takes: isCube },
  { name: "our bare micro-kernel, SIMD", folder: "micro-kernel", options: { variant: "simd" }, every: true, takes: isCube },
  { name: "plain JavaScript", folder: "pure-js", options: { product: "tiles" }, every: true, takes: isDense },
  { name: "plain JavaScript, three loops", folder: "pure-js", options: { product: "loops" }, takes: isDense },
  { name: "tfjs-cpu", folder: "tfjs", options: { backend: "cpu" } },
  { name: "tfjs-wasm", folder: "tfjs", options: { backend: "wasm" }, every: true },
  { name: "onnxruntime-web", folder: "ort", options: {}, every: true },
  { name: "jax-js", folder: "jax", options: {} },
  { name: "onnxruntime-node, native", folder: "ort", options: { native: true } },
  { name: "PyTorch, native", folder: "pytorch", options: {} },
]; // biome-ignore format: one line each

/** In the start-up task. */
export const starters = [
  { name: "ours", folder: "ours", options: { entry: "dist/index.node.js", ...one }, every: true },
  {
    name: "ours, resnet-wasm/inference",
    folder: "ours",
    options: { entry: "dist/inference.node.js", ...one },
    every: true,
  },
  { name: "onnxruntime-web", folder: "ort", options: {}, every: true },
  { name: "onnxruntime-node, native", folder: "ort", options: { native: true } },
];

/** Convolutions in plain JavaScript are tfjs-cpu's part. */
function isDense({ kind, net }) {
  return kind === "gemm" || net === "fc";
}

/** The micro-kernel alone has no shape; it stands beside one product. */
function isCube({ kind, m, n, k }) {
  return kind === "gemm" && m === 512 && n === 512 && k === 512;
}
