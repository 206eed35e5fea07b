/**
 * The networks as plain lists of operations with PyTorch's names, each contender builds them from: `ops[i]` computes value
 * i from earlier values. Shapes are without the batch, images [h, w, c].
 */
class Recorder {
  ops = [];
  parameters = [];

  constructor(name, shape) {
    this.name = name;
    this.push("input", [], shape);
  }

  push(kind, inputs, shape, attributes = {}) {
    return this.ops.push({ kind, inputs, shape, ...attributes }) - 1;
  }

  parameter(name, shape, low, high) {
    this.parameters.push({ name, shape, low, high });
  }

  /** Square kernels, padded to keep the size at stride 1; no bias. */
  conv(x, name, out, kernel, stride = 1) {
    const [h, w, c] = this.ops[x].shape;
    const bound = Math.sqrt(6 / (c * kernel * kernel)); // He: ReLU keeps the variance
    this.parameter(`${name}.weight`, [out, c, kernel, kernel], -bound, bound);
    const shape = [Math.ceil(h / stride), Math.ceil(w / stride), out];
    return this.push("conv", [x], shape, { name, kernel, stride, pad: (kernel - 1) / 2 });
  }

  norm(x, name) {
    const { shape } = this.ops[x];
    const ranges = { weight: [0.5, 1], bias: [-0.2, 0.2], running_mean: [-0.2, 0.2], running_var: [0.7, 1.3] };
    for (const [part, range] of Object.entries(ranges)) this.parameter(`${name}.${part}`, [shape[2]], ...range);
    return this.push("norm", [x], shape, { name, epsilon: 1e-5 });
  }

  linear(x, name, out) {
    const [n] = this.ops[x].shape;
    const bound = 1 / Math.sqrt(n);
    this.parameter(`${name}.weight`, [out, n], -bound, bound);
    this.parameter(`${name}.bias`, [out], -bound, bound);
    return this.push("linear", [x], [out], { name });
  }

  relu(x) {
    return this.push("relu", [x], this.ops[x].shape);
  }

  add(x, y) {
    return this.push("add", [x, y], this.ops[x].shape);
  }

  maxPool(x) {
    const [h, w, c] = this.ops[x].shape;
    return this.push("maxPool", [x], [h / 2, w / 2, c]); // 3x3, stride 2, padding 1
  }

  globalPool(x) {
    return this.push("globalPool", [x], [this.ops[x].shape[2]]);
  }

  /** He et al.'s option A: every other pixel, and as many channels of zeros on each side as are missing. */
  padShortcut(x, channels) {
    const [h, w, c] = this.ops[x].shape;
    return this.push("padShortcut", [x], [h / 2, w / 2, channels], { added: (channels - c) / 2 });
  }
}

/** torchvision's ResNets: v1.5, the stride on the 3x3 convolution. */
function resnet(name, counts, bottleneck) {
  const r = new Recorder(name, [224, 224, 3]);
  let x = r.maxPool(r.relu(r.norm(r.conv(0, "conv1", 64, 7, 2), "bn1")));
  counts.forEach((count, stage) => {
    const width = 64 << stage;
    const out = bottleneck ? 4 * width : width;
    for (let i = 0; i < count; i++) {
      const at = `layer${stage + 1}.${i}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const sizes = bottleneck ? [[width, 1, 1], [width, 3, stride], [out, 1, 1]] : [[width, 3, stride], [out, 3, 1]]; // biome-ignore format: one line a kind of block
      let y = x;
      sizes.forEach(([channels, kernel, step], j) => {
        y = r.norm(r.conv(y, `${at}.conv${j + 1}`, channels, kernel, step), `${at}.bn${j + 1}`);
        if (j < sizes.length - 1) y = r.relu(y);
      });
      const projects = i === 0 && (stage > 0 || bottleneck);
      if (projects) x = r.norm(r.conv(x, `${at}.downsample.0`, out, 1, stride), `${at}.downsample.1`);
      x = r.relu(r.add(y, x));
    }
  });
  r.linear(r.globalPool(x), "fc", 1000);
  return r;
}

function cifarResNet20() {
  const r = new Recorder("resnet20", [32, 32, 3]);
  let x = r.relu(r.norm(r.conv(0, "conv1", 16, 3), "bn1"));
  for (const [stage, channels] of [16, 32, 64].entries())
    for (let i = 0; i < 3; i++) {
      const at = `layer${stage + 1}.${i}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const y = r.relu(r.norm(r.conv(x, `${at}.conv1`, channels, 3, stride), `${at}.bn1`));
      const z = r.norm(r.conv(y, `${at}.conv2`, channels, 3), `${at}.bn2`);
      x = r.relu(r.add(z, stride === 2 ? r.padShortcut(x, channels) : x));
    }
  r.linear(r.globalPool(x), "fc", 10);
  return r;
}

/** 784-128, eight blocks relu(x + W2 relu(W1 x)), 10 classes. */
function residualMlp() {
  const r = new Recorder("fc", [784]);
  let x = r.relu(r.linear(0, "0", 128));
  for (let b = 0; b < 8; b++) {
    const y = r.linear(r.relu(r.linear(x, `${b + 2}.main.0`, 128)), `${b + 2}.main.2`, 128);
    x = r.relu(r.add(y, x));
  }
  r.linear(x, "10", 10);
  return r;
}

/** One convolution, `size` x `size` pixels. */
function convolution([size, channels, out, kernel, stride]) {
  const r = new Recorder("conv", [size, size, channels]);
  r.conv(0, "conv", out, kernel, stride);
  return r;
}

const networks = {
  resnet18: () => resnet("resnet18", [2, 2, 2, 2], false),
  resnet50: () => resnet("resnet50", [3, 4, 6, 3], true),
  resnet20: cifarResNet20,
  fc: residualMlp,
  conv: convolution,
};

/** The network of a case, { net, conv? }. */
export const network = ({ net, conv }) => networks[net](conv);

/** Multiply-adds of one example. */
export const macs = ({ ops }) =>
  ops.reduce((sum, { kind, inputs, shape, kernel }) => {
    if (kind === "linear") return sum + shape[0] * ops[inputs[0]].shape[0];
    if (kind === "conv") return sum + shape[0] * shape[1] * shape[2] * kernel * kernel * ops[inputs[0]].shape[2];
    return sum;
  }, 0);

export const size = (shape) => shape.reduce((a, b) => a * b, 1);
