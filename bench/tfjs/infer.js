/**
 * Inference as in a converted graph model: BatchNorm folded into the convolutions, bias and ReLU fused into them. (A layers
 * model does each of them as a pass of its own and is slower.)
 */
import { networkData, transpose } from "../data.js";
import { loadTf, version } from "./backend.js";

/** Filters [out, in, kh, kw] → [kh, kw, in, out], scaled by the BatchNorm after them; and its bias. */
function fold({ name }, norm, parameters) {
  const { shape, data } = parameters.get(`${name}.weight`);
  const [out, c, kh, kw] = shape;
  const scaled = Float32Array.from(data);
  const bias = new Float32Array(out);
  if (norm) {
    const part = (key) => parameters.get(`${norm.name}.${key}`).data;
    const [weight, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(part);
    const perFilter = c * kh * kw;
    for (let o = 0; o < out; o++) {
      const scale = weight[o] / Math.sqrt(variance[o] + norm.epsilon);
      for (let i = 0; i < perFilter; i++) scaled[o * perFilter + i] *= scale;
      bias[o] = shift[o] - mean[o] * scale;
    }
  }
  return { filter: transpose(transpose(scaled, out, c, kh * kw), 1, out, kh * kw * c), shape: [kh, kw, c, out], bias };
}

/** The operations with each conv-norm-relu, conv-norm and linear-relu as one. */
function fuse({ ops }) {
  const uses = ops.map(() => []);
  for (const [i, { inputs }] of ops.entries()) for (const x of inputs) uses[x].push(i);
  const only = (i, kind) => (uses[i].length === 1 && ops[uses[i][0]].kind === kind ? uses[i][0] : -1);
  const steps = new Map();
  const fused = new Set();
  for (const [i, op] of ops.entries()) {
    if (op.kind === "input" || fused.has(i)) continue;
    let last = i;
    const norm = op.kind === "conv" ? only(i, "norm") : -1;
    if (norm >= 0) last = norm;
    const relu = op.kind === "conv" || op.kind === "linear" ? only(last, "relu") : -1;
    if (relu >= 0) last = relu;
    for (const j of [norm, relu]) if (j >= 0) fused.add(j);
    steps.set(last, { ...op, at: last, norm: norm >= 0 ? ops[norm] : null, activation: relu >= 0 ? "relu" : "linear" });
  }
  return [...steps.values()];
}

export async function create(task, { backend }) {
  const tf = await loadTf(backend);
  const { net, parameters, x } = networkData(task);
  const steps = fuse(net);
  for (const step of steps) {
    if (step.kind === "conv") {
      const { filter, shape, bias } = fold(step, step.norm, parameters);
      step.filter = tf.tensor4d(filter, shape);
      step.bias = tf.tensor1d(bias);
    } else if (step.kind === "linear") {
      const { shape, data } = parameters.get(`${step.name}.weight`);
      step.weight = tf.tensor2d(transpose(data, 1, ...shape), [shape[1], shape[0]]);
      step.bias = tf.tensor1d(parameters.get(`${step.name}.bias`).data);
    }
  }
  const rules = {
    conv: ({ filter, bias, stride, activation }, x) =>
      tf.fused.conv2d({ x, filter, strides: stride, pad: padding(filter.shape[0], stride), bias, activation }),
    linear: ({ weight, bias, activation }, x) => tf.fused.matMul({ a: x, b: weight, bias, activation }),
    relu: (_, x) => tf.relu(x),
    add: (_, x, y) => tf.add(x, y),
    maxPool: (_, x) => tf.maxPool(x, 3, 2, [[0, 0], [1, 1], [1, 1], [0, 0]]), // biome-ignore format: one line
    globalPool: (_, x) => tf.mean(x, [1, 2]),
    padShortcut: ({ added }, x) =>
      tf.pad(tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, 2, 2, 1]), [[0, 0], [0, 0], [0, 0], [added, added]]), // biome-ignore format: one line
  };
  const input = [task.batch, ...net.ops[0].shape];
  return {
    version,
    run: () => {
      const result = tf.tidy(() => {
        const values = [tf.tensor(x, input)];
        for (const step of steps) values[step.at] = rules[step.kind](step, ...step.inputs.map((i) => values[i]));
        return values.at(-1);
      });
      const output = result.dataSync();
      result.dispose();
      return output;
    },
    dispose: () => tf.dispose(steps.flatMap(({ filter, weight, bias }) => [filter, weight, bias].filter(Boolean))),
  };
}

/** PyTorch's padding; "same" would put the odd pixel of a stride of 2 on the other side. */
function padding(kernel, stride) {
  const p = (kernel - 1) / 2;
  return stride === 1 ? "same" : [[0, 0], [p, p], [p, p], [0, 0]]; // biome-ignore format: one line
}
