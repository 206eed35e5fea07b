/** A contender in a page of its own: `start(folder, options)`, then `call(method, argument)`. */
import { Session } from "./session.js";

const modules = {
  "jax/gemm": () => import("./jax/gemm.js"),
  "jax/infer": () => import("./jax/infer.js"),
  "jax/train": () => import("./jax/train.js"),
  "litert/infer": () => import("./litert/infer.js"),
  "micro-kernel/gemm": () => import("./micro-kernel/gemm.js"),
  "ort/gemm": () => import("./ort/gemm.js"),
  "ort/infer": () => import("./ort/infer.js"),
  "ort/train": () => import("./ort/train.js"),
  "ours/gemm": () => import("./ours/gemm.js"),
  "ours/infer": () => import("./ours/infer.js"),
  "ours/train": () => import("./ours/train.js"),
  "pure-js/gemm": () => import("./pure-js/gemm.js"),
  "pure-js/infer": () => import("./pure-js/infer.js"),
  "pure-js/train": () => import("./pure-js/train.js"),
  "tfjs/gemm": () => import("./tfjs/gemm.js"),
  "tfjs/infer": () => import("./tfjs/infer.js"),
  "tfjs/train": () => import("./tfjs/train.js"),
};

let session;

globalThis.start = (folder, options) => {
  session = new Session((kind) => modules[`${folder}/${kind}`](), options);
};

globalThis.call = async ({ method, argument }) => {
  try {
    return { value: await session[method](argument) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
};
