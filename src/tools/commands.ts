/** All commands of `resnet-wasm`, in the order of its help. Each is a file in commands/, loaded when it is asked for. */
import type { CommandEntry } from "./command.js";

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  info: {
    summary: "what is in a file: a saved model, a checkpoint, weights, an ONNX network",
    load: async () => (await import("./commands/info.js")).info,
  },
  convert: {
    summary: "from ONNX, PyTorch and safetensors files to ONNX and safetensors",
    load: async () => (await import("./commands/convert.js")).convert,
  },
  classify: {
    summary: "the most probable classes of pictures",
    load: async () => (await import("./commands/classify.js")).classify,
  },
  predict: {
    summary: "all pictures of a folder or list, in parts that machines share",
    load: async () => (await import("./commands/predict.js")).predict,
  },
  merge: {
    summary: "the results of all parts as one file",
    load: async () => (await import("./commands/merge.js")).merge,
  },
  compile: {
    summary: "a network as one .wasm that any WebAssembly host runs",
    load: async () => (await import("./commands/compile.js")).compile,
  },
  quantize: {
    summary: "a network of pictures in eight bits",
    load: async () => (await import("./commands/quantize.js")).quantize,
  },
  train: {
    summary: "a model of a csv file, or of a folder of pictures by class",
    load: async () => (await import("./commands/train.js")).train,
  },
  worker: {
    summary: "this machine as one of a cluster that trains together",
    load: async () => (await import("./commands/worker.js")).worker,
  },
  importmap: {
    summary: "an import map for pages without a bundler",
    load: async () => (await import("./commands/importmap.js")).importmap,
  },
  doctor: {
    summary: "what this machine and runtime offer, and how fast it is",
    load: async () => (await import("./commands/doctor.js")).doctorCommand,
  },
};
