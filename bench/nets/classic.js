/** Residual networks as He et al. have them, and single convolutions. */
import { Recorder } from "./recorder.js";

/** torchvision's ResNets: v1.5, the stride on the 3x3 convolution; Keras has it on the first, as the paper does. */
function resnet(name, counts, bottleneck, keras = false) {
  const r = new Recorder(name, [224, 224, 3], keras ? { epsilon: 1.001e-5 } : {});
  let x = r.maxPool(r.relu(r.norm(r.conv(0, "conv1", 64, 7, { stride: 2 }), "bn1")));
  counts.forEach((count, stage) => {
    const width = 64 << stage;
    const out = bottleneck ? 4 * width : width;
    for (let i = 0; i < count; i++) {
      const at = `layer${stage + 1}.${i}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const [first, second] = keras ? [stride, 1] : [1, stride];
      const sizes = bottleneck ? [[width, 1, first], [width, 3, second], [out, 1, 1]] : [[width, 3, stride], [out, 3, 1]]; // biome-ignore format: one line a kind of block
      let y = x;
      sizes.forEach(([channels, kernel, step], j) => {
        y = r.norm(r.conv(y, `${at}.conv${j + 1}`, channels, kernel, { stride: step }), `${at}.bn${j + 1}`);
        if (j < sizes.length - 1) y = r.relu(y);
      });
      const projects = i === 0 && (stage > 0 || bottleneck);
      if (projects) x = r.norm(r.conv(x, `${at}.downsample.0`, out, 1, { stride }), `${at}.downsample.1`);
      x = r.relu(r.add(y, x));
    }
  });
  const y = r.linear(r.globalPool(x), "fc", 1000);
  if (keras) r.activation(y, "softmax");
  return r;
}

export const resnet18 = () => resnet("resnet18", [2, 2, 2, 2], false);
export const resnet50 = (keras) => resnet("resnet50", [3, 4, 6, 3], true, keras);

export function cifarResNet20() {
  const r = new Recorder("resnet20", [32, 32, 3]);
  let x = r.relu(r.norm(r.conv(0, "conv1", 16, 3), "bn1"));
  for (const [stage, channels] of [16, 32, 64].entries())
    for (let i = 0; i < 3; i++) {
      const at = `layer${stage + 1}.${i}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const y = r.relu(r.norm(r.conv(x, `${at}.conv1`, channels, 3, { stride }), `${at}.bn1`));
      const z = r.norm(r.conv(y, `${at}.conv2`, channels, 3), `${at}.bn2`);
      x = r.relu(r.add(z, stride === 2 ? r.padShortcut(x, channels) : x));
    }
  r.linear(r.globalPool(x), "fc", 10);
  return r;
}

/** 784-128, eight blocks relu(x + W2 relu(W1 x)), 10 classes. */
export function residualMlp() {
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
export function convolution([size, channels, out, kernel, stride]) {
  const r = new Recorder("conv", [size, size, channels]);
  r.conv(0, "conv", out, kernel, { stride });
  return r;
}
