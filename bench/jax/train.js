import { networkData } from "../data.js";
import { compile, jax, version } from "./backend.js";
import { arrays, forward } from "./net.js";

export function create(task) {
  const { nn, numpy: np, valueAndGrad } = jax;
  const data = networkData(task);
  const { ops } = data.net;
  const { x, parameters } = arrays(data, task.batch);
  let trained = Object.fromEntries(Object.entries(parameters).filter(([name]) => !name.includes("running_")));
  let velocities = Object.fromEntries(Object.entries(trained).map(([name, p]) => [name, np.zeros(p.shape)]));
  const labels = np.array(Array.from(data.labels), { dtype: np.int32 });
  const target = nn.oneHot(labels, ops.at(-1).shape[0]);

  const loss = (parameters, x, target) => {
    const y = forward(ops, parameters, x, true);
    for (const array of Object.values(parameters)) array.dispose();
    return np.mean(nn.logSoftmax(y).mul(target).sum(-1)).neg();
  };
  const step = compile(task, (parameters, velocities, x, target) => {
    const refs = Object.fromEntries(Object.entries(parameters).map(([name, p]) => [name, p.ref]));
    const [value, gradients] = valueAndGrad(loss)(refs, x, target);
    const [next, moved] = [{}, {}];
    for (const [name, p] of Object.entries(parameters)) {
      const v = velocities[name].mul(task.momentum).add(gradients[name]);
      moved[name] = v.ref;
      next[name] = p.sub(v.mul(task.lr));
    }
    return [value, next, moved];
  });
  return {
    version,
    async run() {
      const [value, next, moved] = step(trained, velocities, x.ref, target.ref);
      [trained, velocities] = [next, moved];
      const [number] = await value.data();
      await jax.blockUntilReady(trained);
      return number;
    },
  };
}
