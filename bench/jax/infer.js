import { channelsLast, networkData } from "../data.js";
import { compile, version } from "./backend.js";
import { arrays, forward } from "./net.js";

export function create(task) {
  const data = networkData(task);
  const { ops } = data.net;
  const { x, parameters } = arrays(data, task.batch);
  const predict = compile(task, (x, parameters) => {
    const y = forward(ops, parameters, x, false);
    for (const array of Object.values(parameters)) array.dispose();
    return y;
  });
  const refs = () => Object.fromEntries(Object.entries(parameters).map(([name, array]) => [name, array.ref]));
  return {
    version,
    run: () => predict(x.ref, refs()).data(),
    output: (y) => channelsLast(y, ops.at(-1).shape),
  };
}
