import { channelsFirst, channelsLast, networkData } from "../data.js";
import { networkModel } from "./model.js";
import { loadOrt, sessionOptions } from "./runtime.js";

export async function create(task, { native = false }) {
  const { ort, version } = await loadOrt(native);
  const { net, parameters, x } = networkData(task);
  const session = await ort.InferenceSession.create(networkModel(net, parameters, task.batch), sessionOptions(native));
  const { shape } = net.ops[0];
  const dims = [task.batch, ...(shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape)];
  const feeds = { x: new ort.Tensor("float32", channelsFirst(x, shape), dims) };
  return {
    version,
    run: () => session.run(feeds),
    output: ({ y }) => channelsLast(y.data, net.ops.at(-1).shape),
    dispose: () => session.release(),
  };
}
