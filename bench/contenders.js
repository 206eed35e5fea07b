/** Who takes part, and in what. */
import { isForPhones } from "./nets.js";

const one = { threads: 1 };
const two = { threads: 2 };

/**
 * `since`: the oldest Node that has what it asks for. `every`: on every Node, the others on the newest alone. `takes`: leaves
 * tasks out for which nothing has been written; what a library cannot do it says itself. `at`: only there, in Node or in pages.
 */
export const contenders = [
  { name: "ours, relaxed SIMD", folder: "ours", options: { ...one, relaxedSimd: true }, since: 22 },
  { name: "ours, SIMD", folder: "ours", options: { ...one, relaxedSimd: false }, every: true },
  { name: "ours, relaxed SIMD, 2 threads", folder: "ours", options: { ...two, relaxedSimd: true }, since: 22 },
  { name: "ours, SIMD, 2 threads", folder: "ours", options: { ...two, relaxedSimd: false }, every: true },
  { name: "ours, wide", folder: "ours", options: { ...one, relaxedSimd: true, wide: true }, since: 24, takes: isWide, at: "node" },
  { name: "our bare micro-kernel, relaxed SIMD", folder: "micro-kernel", options: { variant: "relaxed" }, since: 22, takes: isCube },
  { name: "our bare micro-kernel, SIMD", folder: "micro-kernel", options: { variant: "simd" }, every: true, takes: isCube },
  { name: "plain JavaScript", folder: "pure-js", options: { product: "tiles" }, every: true, takes: isDense },
  { name: "plain JavaScript, three loops", folder: "pure-js", options: { product: "loops" }, takes: isDense },
  { name: "tfjs-cpu", folder: "tfjs", options: { backend: "cpu" }, takes: isClassic },
  { name: "tfjs-wasm", folder: "tfjs", options: { backend: "wasm" }, every: true, takes: hasGradients },
  { name: "onnxruntime-web", folder: "ort", options: {}, every: true },
  { name: "LiteRT.js", folder: "litert", options: one, takes: isKeras, at: "page" },
  { name: "LiteRT.js, 2 threads", folder: "litert", options: two, takes: isKeras, at: "page" },
  { name: "jax-js", folder: "jax", options: {}, takes: isClassic },
  { name: "onnxruntime-node, native", folder: "ort", options: { native: true }, at: "node" },
  { name: "PyTorch, native", folder: "pytorch", options: {}, at: "node" },
  { name: "PyTorch, native, channels_last", folder: "pytorch", options: { channelsLast: true }, takes: isConvolutional, at: "node" },
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
  { name: "ours, compiled", folder: "compiled", options: { file: "resnet20.wasm" }, every: true },
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

/** What V8 is asked to widen is told of three networks. */
function isWide({ kind, net, batch }) {
  if (kind === "train" && net === "resnet20") return batch === 128;
  return ["resnet50", "mobilenet_v2"].includes(net);
}

/** The networks of ../shared/data/litert, and there is no other way into a file of LiteRT's. */
function isKeras({ keras }) {
  return keras === true;
}

/** Without depthwise convolutions, whose rules are written for the faster ones. */
function isClassic({ keras, net }) {
  return !keras && !isForPhones(net);
}

function hasGradients({ kind, net }) {
  return kind !== "train" || !isForPhones(net);
}

function isConvolutional({ kind, net }) {
  return kind !== "gemm" && net !== "fc";
}
