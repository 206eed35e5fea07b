/** The same numbers for every contender, in every process. */
import { network, size } from "./nets.js";

/** mulberry32 */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function uniform(next, n, low, high) {
  const values = new Float32Array(n);
  for (let i = 0; i < n; i++) values[i] = low + (high - low) * next();
  return values;
}

/** a [m, k] and b [k, n] of a matrix product. */
export function matrices({ m, n, k }) {
  const next = random(1);
  return { a: uniform(next, m * k, -1, 1), b: uniform(next, k * n, -1, 1) };
}

/**
 * What a network of ../shared/data/litert has for a parameter: kernel[i] = ((7 i mod 31) - 15) / 15 sqrt(6 / fanIn) in Keras'
 * order (height, width, in, out; depthwise: height, width, channels), biases 0, BatchNorms the identity, epsilon included.
 */
function formula({ name, shape, scale = 1 }, epsilon) {
  const values = new Float32Array(size(shape));
  if (name.endsWith("running_var")) return values.fill(1 - epsilon);
  if (shape.length === 1) return values.fill(name.endsWith("weight") ? 1 : 0);
  const [out, c, kh = 1, kw = 1] = shape;
  const taps = kh * kw;
  const bound = scale * Math.sqrt(6 / (c * taps));
  for (let o = 0; o < out; o++)
    for (let i = 0; i < c; i++)
      for (let tap = 0; tap < taps; tap++)
        values[(o * c + i) * taps + tap] = ((((7 * ((tap * c + i) * out + o)) % 31) - 15) / 15) * bound;
  return values;
}

/** Those of the outputs given there: x[i] = sin(0.01 i). */
function formulaData(task, net) {
  const parameters = new Map(net.parameters.map((p) => [p.name, { shape: p.shape, data: formula(p, net.epsilon) }]));
  return {
    net,
    parameters,
    x: Float32Array.from({ length: task.batch * size(net.ops[0].shape) }, (_, i) => Math.sin(0.01 * i)),
  };
}

/** Network, parameters by name as { shape, data }, input x [batch, ...], labels. */
export function networkData(task) {
  const net = network(task);
  if (task.keras) return formulaData(task, net);
  const next = random(2);
  const parameters = new Map(
    net.parameters.map(({ name, shape, low, high }) => [name, { shape, data: uniform(next, size(shape), low, high) }]),
  );
  const x = uniform(next, task.batch * size(net.ops[0].shape), -1, 1);
  const classes = size(net.ops.at(-1).shape);
  const labels = Int32Array.from({ length: task.batch }, () => Math.floor(next() * classes));
  return { net, parameters, x, labels };
}

/** [rows, cols] → [cols, rows], for each of `n` matrices that follow one another. */
export function transpose(data, n, rows, cols) {
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++) {
    const at = i * rows * cols;
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) out[at + c * rows + r] = data[at + r * cols + c];
  }
  return out;
}

/** Images [n, h, w, c] → [n, c, h, w]; other shapes as they are. */
export function channelsFirst(data, shape) {
  return shape.length === 3 ? transpose(data, data.length / size(shape), shape[0] * shape[1], shape[2]) : data;
}

/** And back. */
export function channelsLast(data, shape) {
  return shape.length === 3 ? transpose(data, data.length / size(shape), shape[2], shape[0] * shape[1]) : data;
}
