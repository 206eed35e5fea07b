/**
 * A network as a plain list of operations with PyTorch's names: `ops[i]` computes value i from earlier values. Shapes are
 * without the batch, images [h, w, c].
 */
export class Recorder {
  ops = [];
  parameters = [];

  /** `same`: Keras' padding, with the odd pixel after the image; else PyTorch's, alike on both sides. */
  constructor(name, shape, { epsilon = 1e-5, same = false } = {}) {
    this.name = name;
    this.epsilon = epsilon;
    this.same = same;
    this.push("input", [], shape);
  }

  push(kind, inputs, shape, attributes = {}) {
    return this.ops.push({ kind, inputs, shape, ...attributes }) - 1;
  }

  shape(x) {
    return this.ops[x].shape;
  }

  parameter(name, shape, low, high) {
    this.parameters.push({ name, shape, low, high });
  }

  /** [before, after] of each axis, where the size is kept or divided by the stride. */
  #padding(size, kernel, stride) {
    if (!this.same) return [(kernel - 1) / 2, (kernel - 1) / 2];
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }

  /** Square kernels. `pad`: [before, after]. */
  conv(x, name, out, kernel, { stride = 1, groups = 1, bias = false, pad } = {}) {
    const [h, w, c] = this.shape(x);
    const padding = pad ?? this.#padding(h, kernel, stride);
    const bound = Math.sqrt(6 / ((c / groups) * kernel * kernel)); // He: ReLU keeps the variance
    this.parameter(`${name}.weight`, [out, c / groups, kernel, kernel], -bound, bound);
    if (bias) this.parameter(`${name}.bias`, [out], -0.1, 0.1);
    const size = (n) => Math.floor((n + padding[0] + padding[1] - kernel) / stride) + 1;
    return this.push("conv", [x], [size(h), size(w), out], { name, kernel, stride, groups, bias, pad: padding });
  }

  /** BatchNorm. */
  norm(x, name) {
    const shape = this.shape(x);
    const ranges = { weight: [0.5, 1], bias: [-0.2, 0.2], running_mean: [-0.2, 0.2], running_var: [0.7, 1.3] };
    for (const [part, range] of Object.entries(ranges)) this.parameter(`${name}.${part}`, [shape.at(-1)], ...range);
    return this.push("norm", [x], shape, { name, epsilon: this.epsilon });
  }

  /** LayerNorm of the channels. */
  layerNorm(x, name) {
    const shape = this.shape(x);
    const ranges = { weight: [0.5, 1], bias: [-0.2, 0.2] };
    for (const [part, range] of Object.entries(ranges)) this.parameter(`${name}.${part}`, [shape.at(-1)], ...range);
    return this.push("layerNorm", [x], shape, { name, epsilon: this.epsilon });
  }

  linear(x, name, out) {
    const [n] = this.shape(x);
    const bound = 1 / Math.sqrt(n);
    this.parameter(`${name}.weight`, [out, n], -bound, bound);
    this.parameter(`${name}.bias`, [out], -bound, bound);
    return this.push("linear", [x], [out], { name });
  }

  /** relu, relu6, hardswish, hardsigmoid, silu, sigmoid, gelu, softmax. */
  activation(x, kind) {
    return this.push(kind, [x], this.shape(x));
  }

  relu(x) {
    return this.activation(x, "relu");
  }

  add(x, y) {
    return this.push("add", [x, y], this.shape(x));
  }

  /** Each channel of the image times its gate [1, 1, c]. */
  gate(x, gates) {
    return this.push("gate", [x, gates], this.shape(x));
  }

  /** Each channel times a parameter [c]. */
  layerScale(x, name) {
    const shape = this.shape(x);
    this.parameter(name, [shape.at(-1)], 0.1, 0.5);
    return this.push("layerScale", [x], shape, { name });
  }

  maxPool(x) {
    const [h, w, c] = this.shape(x);
    return this.push("maxPool", [x], [h / 2, w / 2, c]); // 3x3, stride 2, padding 1
  }

  /** The mean of the image, [1, 1, c]. */
  mean(x) {
    return this.push("mean", [x], [1, 1, this.shape(x)[2]]);
  }

  /** The same as [c]. */
  globalPool(x) {
    return this.push("globalPool", [x], [this.shape(x)[2]]);
  }

  /** He et al.'s option A: every other pixel, and as many channels of zeros on each side as are missing. */
  padShortcut(x, channels) {
    const [h, w, c] = this.shape(x);
    return this.push("padShortcut", [x], [h / 2, w / 2, channels], { added: (channels - c) / 2 });
  }
}
