import { matrices } from "../data.js";
import { productModel } from "./model.js";
import { loadOrt, sessionOptions } from "./runtime.js";

export async function create(task, { native = false }) {
  const { ort, version } = await loadOrt(native);
  const session = await ort.InferenceSession.create(productModel(task), sessionOptions(native));
  const data = matrices(task);
  const feeds = {
    a: new ort.Tensor("float32", data.a, [task.m, task.k]),
    b: new ort.Tensor("float32", data.b, [task.k, task.n]),
  };
  return { version, run: () => session.run(feeds), output: ({ y }) => y.data, dispose: () => session.release() };
}
