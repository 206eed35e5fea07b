/**
 * Inference as in a converted graph model: BatchNorm folded into the convolutions, bias, ReLU and ReLU6 fused into them, other
 * functions as the operations that the converter has for them. (A layers model does each as a pass of its own and is slower.)
 */
import { networkData, transpose } from "../data.js";
import { loadTf, padding, version } from "./backend.js";

/** Filters [out, in, kh, kw] → [kh, kw, in, out] (depthwise [kh, kw, in, 1]), scaled by the BatchNorm after them; and its bias. */
function fold({ name, bias: hasBias, groups }, norm, parameters) {
  const { shape, data } = parameters.get(`${name}.weight`);
  const [out, c, kh, kw] = shape;
  const scaled = Float32Array.from(data);
  const bias = hasBias ? Float32Array.from(parameters.get(`${name}.bias`).data) : new Float32Array(out);
  if (norm) {
    const part = (key) => parameters.get(`${norm.name}.${key}`).data;
    const [weight, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(part);
    const perFilter = c * kh * kw;
    for (let o = 0; o < out; o++) {
      const scale = weight[o] / Math.sqrt(variance[o] + norm.epsilon);
      for (let i = 0; i < perFilter; i++) scaled[o * perFilter + i] *= scale;
      bias[o] = shift[o] + (bias[o] - mean[o]) * scale;
    }
  }
  const filter = transpose(transpose(scaled, out, c, kh * kw), 1, out, kh * kw * c);
  return { filter, shape: groups > 1 ? [kh, kw, out, 1] : [kh, kw, c, out], bias };
}

const FUSED = new Set(["relu", "relu6"]);

/** The operations with each conv-norm-relu, conv-norm and linear-relu as one. */
function fuse({ ops }) {
  const uses = ops.map(() => []);
  for (const [i, { inputs }] of ops.entries()) for (const x of inputs) uses[x].push(i);
  const only = (i, fits) => (uses[i].length === 1 && fits(ops[uses[i][0]].kind) ? uses[i][0] : -1);
  const steps = new Map();
  const fused = new Set();
  for (const [i, op] of ops.entries()) {
    if (op.kind === "input" || fused.has(i)) continue;
    let last = i;
    const norm = op.kind === "conv" ? only(i, (kind) => kind === "norm") : -1;
    if (norm >= 0) last = norm;
    const relu = op.kind === "conv" || op.kind === "linear" ? only(last, (kind) => FUSED.has(kind)) : -1;
    if (relu >= 0) last = relu;
    for (const j of [norm, relu]) if (j >= 0) fused.add(j);
    steps.set(last, {
      ...op,
      at: last,
      norm: norm >= 0 ? ops[norm] : null,
      activation: relu >= 0 ? ops[relu].kind : "linear",
    });
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
    } else if (step.kind === "layerScale") step.weight = tf.tensor1d(parameters.get(step.name).data);
    else if (step.kind === "layerNorm")
      for (const part of ["weight", "bias"]) step[part] = tf.tensor1d(parameters.get(`${step.name}.${part}`).data);
  }
  const rules = {
    conv({ filter, bias, stride, activation, groups, ...op }, x) {
      const convolve = groups > 1 ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
      return convolve({ x, filter, strides: stride, pad: padding({ stride, ...op }), bias, activation });
    },
    layerNorm({ weight, bias, epsilon }, x) {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), weight), bias);
    },
    linear: ({ weight, bias, activation }, x) => tf.fused.matMul({ a: x, b: weight, bias, activation }),
    relu: (_, x) => tf.relu(x),
    relu6: (_, x) => tf.relu6(x),
    hardswish: (_, x) => tf.mul(x, tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6)),
    hardsigmoid: (_, x) => tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6),
    sigmoid: (_, x) => tf.sigmoid(x),
    silu: (_, x) => tf.mul(x, tf.sigmoid(x)),
    gelu: (_, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    softmax: (_, x) => tf.softmax(x),
    add: (_, x, y) => tf.add(x, y),
    gate: (_, x, y) => tf.mul(x, y),
    layerScale: ({ weight }, x) => tf.mul(x, weight),
    mean: (_, x) => tf.mean(x, [1, 2], true),
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
