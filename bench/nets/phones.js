/**
 * Networks made for phones, as torchvision and timm have them, with their names; for Keras' the same with its padding, its
 * epsilon and a softmax at the end.
 */
import { Recorder } from "./recorder.js";

const rounded = (channels) => Math.floor((channels + 4) / 8) * 8;

const inKeras = { same: true, epsilon: 1e-3 };
const ended = (r, y, keras) => {
  if (keras) r.activation(y, "softmax");
  return r;
};

/** A convolution, its norm and its activation; torchvision's names are a number each. */
function convNorm(r, x, name, out, kernel, { activation, ...options } = {}) {
  const y = r.norm(r.conv(x, `${name}.0`, out, kernel, options), `${name}.1`);
  return activation ? r.activation(y, activation) : y;
}

/** Sandler et al. 2018: [expansion, channels, blocks, stride of the first]. */
const V2 = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]]; // biome-ignore format: a table

export function mobilenetV2({ keras = false, size = 224, classes = 1000 } = {}) {
  const r = new Recorder("mobilenet_v2", [size, size, 3], keras ? inKeras : {});
  const activation = "relu6";
  let x = convNorm(r, 0, "features.0", 32, 3, { stride: 2, activation });
  let block = 0;
  for (const [expansion, out, count, first] of V2)
    for (let i = 0; i < count; i++) {
      const at = `features.${++block}.conv`;
      const from = r.shape(x)[2];
      const stride = i === 0 ? first : 1;
      let [y, part] = [x, 0];
      if (expansion > 1) y = convNorm(r, y, `${at}.${part++}`, from * expansion, 1, { activation });
      const groups = from * expansion;
      y = convNorm(r, y, `${at}.${part++}`, groups, 3, { stride, groups, activation });
      y = r.norm(r.conv(y, `${at}.${part}`, out, 1), `${at}.${part + 1}`);
      x = stride === 1 && from === out ? r.add(x, y) : y;
    }
  x = convNorm(r, x, `features.${block + 1}`, 1280, 1, { activation });
  return ended(r, r.linear(r.globalPool(x), "classifier.1", classes), keras);
}

/** Squeeze-and-excitation, its two layers 1x1 convolutions of the mean. */
function squeezeExcitation(r, x, name, squeeze, [inner, outer]) {
  const hidden = r.activation(r.conv(r.mean(x), `${name}.fc1`, squeeze, 1, { bias: true }), inner);
  return r.gate(x, r.activation(r.conv(hidden, `${name}.fc2`, r.shape(x)[2], 1, { bias: true }), outer));
}

/** An inverted residual with torchvision's names of MobileNetV3 and EfficientNet. `squeeze`: channels inside of it, or 0. */
function invertedResidual(r, x, name, { kernel, expanded, out, squeeze, gates, activation, stride }) {
  const from = r.shape(x)[2];
  let [y, part] = [x, 0];
  if (expanded !== from) y = convNorm(r, y, `${name}.${part++}`, expanded, 1, { activation });
  y = convNorm(r, y, `${name}.${part++}`, expanded, kernel, { stride, groups: expanded, activation });
  if (squeeze > 0) y = squeezeExcitation(r, y, `${name}.${part++}`, squeeze, gates);
  y = convNorm(r, y, `${name}.${part}`, out, 1);
  return stride === 1 && from === out ? r.add(x, y) : y;
}

/** Howard et al. 2019, table 2: kernel, channels inside and out, squeeze-and-excitation, activation, stride. */
const V3_SMALL = [
  [3, 16, 16, true, "relu", 2],
  [3, 72, 24, false, "relu", 2],
  [3, 88, 24, false, "relu", 1],
  [5, 96, 40, true, "hardswish", 2],
  [5, 240, 40, true, "hardswish", 1],
  [5, 240, 40, true, "hardswish", 1],
  [5, 120, 48, true, "hardswish", 1],
  [5, 144, 48, true, "hardswish", 1],
  [5, 288, 96, true, "hardswish", 2],
  [5, 576, 96, true, "hardswish", 1],
  [5, 576, 96, true, "hardswish", 1],
];

export function mobilenetV3Small({ keras = false } = {}) {
  const r = new Recorder("mobilenet_v3_small", [224, 224, 3], { ...inKeras, same: keras }); // torchvision's epsilon too
  const activation = "hardswish";
  let x = convNorm(r, 0, "features.0", 16, 3, { stride: 2, activation });
  for (const [i, [kernel, expanded, out, squeezes, activation, stride]] of V3_SMALL.entries()) {
    const squeeze = squeezes ? rounded(Math.max(8, expanded / 4)) : 0;
    const sizes = { kernel, expanded, out, squeeze, stride };
    const block = { ...sizes, activation, gates: ["relu", "hardsigmoid"] };
    x = invertedResidual(r, x, `features.${i + 1}.block`, block);
  }
  x = convNorm(r, x, "features.12", 576, 1, { activation });
  x = r.activation(r.linear(r.globalPool(x), "classifier.0", 1024), activation);
  return ended(r, r.linear(x, "classifier.3", 1000), keras);
}

/** Tan & Le 2019, table 1: expansion, kernel, stride of the first, channels, blocks. */
const B0 = [[1, 3, 1, 16, 1], [6, 3, 2, 24, 2], [6, 5, 2, 40, 2], [6, 3, 2, 80, 3], [6, 5, 1, 112, 3], [6, 5, 2, 192, 4], [6, 3, 1, 320, 1]]; // biome-ignore format: a table

export function efficientnetB0({ keras = false } = {}) {
  const r = new Recorder("efficientnet_b0", [224, 224, 3], keras ? inKeras : {});
  const activation = "silu";
  let x = convNorm(r, 0, "features.0", 32, 3, { stride: 2, activation });
  if (keras) r.parameters[0].scale = 1 / 255; // of the formula: Keras' network takes bytes
  for (const [stage, [expansion, kernel, first, out, count]] of B0.entries())
    for (let i = 0; i < count; i++) {
      const from = r.shape(x)[2];
      const sizes = { kernel, expanded: from * expansion, out, squeeze: from / 4, stride: i === 0 ? first : 1 };
      const block = { ...sizes, activation, gates: ["silu", "sigmoid"] };
      x = invertedResidual(r, x, `features.${stage + 1}.${i}.block`, block);
    }
  x = convNorm(r, x, "features.8", 1280, 1, { activation });
  return ended(r, r.linear(r.globalPool(x), "classifier.1", 1000), keras);
}

/** Liu et al. 2022, timm's smallest variant. */
export function convnextAtto() {
  const r = new Recorder("convnext_atto", [224, 224, 3], { epsilon: 1e-6 });
  const widths = [40, 80, 160, 320];
  const patches = (x, name, out, size) => r.conv(x, name, out, size, { stride: size, bias: true, pad: [0, 0] });
  let x = r.layerNorm(patches(0, "stem.0", widths[0], 4), "stem.1");
  for (const [stage, count] of [2, 2, 6, 2].entries()) {
    const [at, width] = [`stages.${stage}`, widths[stage]];
    if (stage > 0) x = patches(r.layerNorm(x, `${at}.downsample.0`), `${at}.downsample.1`, width, 2);
    for (let i = 0; i < count; i++) {
      const block = `${at}.blocks.${i}`;
      const y = r.layerNorm(r.conv(x, `${block}.conv_dw`, width, 7, { groups: width, bias: true }), `${block}.norm`);
      const hidden = r.activation(r.conv(y, `${block}.mlp.fc1`, 4 * width, 1, { bias: true }), "gelu");
      const branch = r.conv(hidden, `${block}.mlp.fc2`, width, 1, { bias: true });
      x = r.add(r.layerScale(branch, `${block}.gamma`), x);
    }
  }
  r.linear(r.layerNorm(r.globalPool(x), "head.norm"), "head.fc", 1000);
  return r;
}
