/** Training as users write it, with TensorFlow.js' own gradients and optimiser. */
import { networkData, transpose } from "../data.js";
import { loadTf, padding, version } from "./backend.js";

export async function create(task, { backend }) {
  const tf = await loadTf(backend);
  const { net, parameters, x, labels } = networkData(task);
  const variables = new Map();
  for (const [name, { shape, data }] of parameters) {
    if (name.includes("running_")) continue;
    if (shape.length === 4) {
      const [out, c, kh, kw] = shape;
      const filter = transpose(transpose(data, out, c, kh * kw), 1, out, c * kh * kw);
      variables.set(name, tf.variable(tf.tensor4d(filter, [kh, kw, c, out])));
    } else if (shape.length === 2)
      variables.set(name, tf.variable(tf.tensor2d(transpose(data, 1, ...shape), [shape[1], shape[0]])));
    else variables.set(name, tf.variable(tf.tensor1d(data)));
  }
  const get = (op, part) => variables.get(`${op.name}.${part}`);
  const rules = {
    conv: (op, x) => tf.conv2d(x, get(op, "weight"), op.stride, padding(op)),
    norm(op, x) {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(x, mean, variance, get(op, "bias"), get(op, "weight"), op.epsilon);
    },
    linear: (op, x) => tf.add(tf.matMul(x, get(op, "weight")), get(op, "bias")),
    relu: (_, x) => tf.relu(x),
    add: (_, x, y) => tf.add(x, y),
    globalPool: (_, x) => tf.mean(x, [1, 2]),
    // stridedSlice has no gradient; a pool of one pixel takes the same values.
    padShortcut: ({ added }, x) => tf.pad(tf.avgPool(x, 1, 2, "valid"), [[0, 0], [0, 0], [0, 0], [added, added]]), // biome-ignore format: one line
  };
  const forward = (input) => {
    const values = [];
    for (const op of net.ops)
      values.push(op.kind === "input" ? input : rules[op.kind](op, ...op.inputs.map((i) => values[i])));
    return values.at(-1);
  };
  const optimizer = tf.train.momentum(task.lr, task.momentum);
  const classes = net.ops.at(-1).shape[0];

  return {
    version,
    run() {
      const loss = tf.tidy(() => {
        const input = tf.tensor(x, [task.batch, ...net.ops[0].shape]);
        const target = tf.oneHot(tf.tensor1d(labels, "int32"), classes).toFloat();
        const cost = () => tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(forward(input)), target), 1)));
        return optimizer.minimize(cost, true, [...variables.values()]);
      });
      const value = loss.dataSync()[0];
      loss.dispose();
      return value;
    },
    dispose() {
      optimizer.dispose();
      tf.dispose([...variables.values()]);
    },
  };
}
