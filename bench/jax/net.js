/** The networks in jax-js. Functions take ownership of their arguments: every value but the last use goes on as `.ref`. */
import { channelsFirst } from "../data.js";
import { jax } from "./backend.js";

const { lax, nn, numpy: np } = jax;

const images = (x) => x.reshape([1, -1, 1, 1]);

/** Normalises over all axes but the second. */
function batchNorm(x, weight, bias, mean, variance, epsilon) {
  const scale = weight.div(np.sqrt(variance.add(epsilon)));
  return x.sub(images(mean)).mul(images(scale)).add(images(bias));
}

const rules = {
  conv: ({ name, stride, pad }, get, x) =>
    lax.convGeneralDilated(x, get(`${name}.weight`), [stride, stride], [pad, pad]),
  norm({ name, epsilon }, get, x, training) {
    const [weight, bias] = [get(`${name}.weight`), get(`${name}.bias`)];
    if (!training) return batchNorm(x, weight, bias, get(`${name}.running_mean`), get(`${name}.running_var`), epsilon);
    const mean = np.mean(x.ref, [0, 2, 3]);
    const variance = np.mean(np.square(x.ref.sub(images(mean.ref))), [0, 2, 3]);
    return batchNorm(x, weight, bias, mean, variance, epsilon);
  },
  linear: ({ name }, get, x) => np.matmul(x, get(`${name}.weight`).transpose()).add(get(`${name}.bias`)),
  relu: (_, _get, x) => nn.relu(x),
  add: (_, _get, x, _training, y) => x.add(y),
  // After a ReLU: padding with zeros is padding with minus infinity.
  maxPool: (_, _get, x) =>
    lax.reduceWindow(np.pad(x, [[0, 0], [0, 0], [1, 1], [1, 1]]), (window) => np.max(window), [3, 3], [2, 2]), // biome-ignore format: one line
  globalPool: (_, _get, x) => np.mean(x, [2, 3]),
  padShortcut({ added }, _get, x) {
    const [n, c, h, w] = x.shape;
    const half = x.reshape([n, c, h / 2, 2, w / 2, 2]).slice([], [], [], 0, [], 0);
    return np.pad(half, [[0, 0], [added, added], [0, 0], [0, 0]]); // biome-ignore format: one line
  },
};

/** Values by name, each given out as often as it is asked for. Takes ownership of x, not of the parameters. */
export function forward(ops, parameters, x, training) {
  const uses = ops.map(() => 0);
  for (const { inputs } of ops) for (const i of inputs) uses[i]++;
  const values = [x];
  const take = (i) => (--uses[i] > 0 ? values[i].ref : values[i]);
  for (const [i, op] of ops.entries()) {
    if (i === 0) continue;
    const [first, second] = op.inputs.map(take);
    values.push(rules[op.kind](op, (name) => parameters[name].ref, first, training, second));
  }
  return values.at(-1);
}

/** Arrays of the bench's data, images [n, c, h, w]. */
export function arrays({ net, parameters, x }, batch) {
  const { shape } = net.ops[0];
  const dims = [batch, ...(shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape)];
  return {
    x: np.array(channelsFirst(x, shape)).reshape(dims),
    parameters: Object.fromEntries(
      [...parameters].map(([name, { shape, data }]) => [name, np.array(data).reshape(shape)]),
    ),
  };
}
