// The shortcuts of options A and B, for images and for features.
import { describe, expect, it } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  type Layer,
  Linear,
  PadShortcut,
  ReLU,
  Residual,
  type ResidualOptions,
  Sequential,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { maxDifference } from "../../golden/load.js";
import { count } from "../../support/nets.js";
import { build, setups, setWeights } from "../../support/setups.js";

const conv = (from: number, to: number, stride = 1) =>
  new Conv2d(from, to, { kernelSize: 3, stride, padding: 1, bias: false });
/** Convolution, norm, ReLU. */
const unit = (from: number, to: number, stride = 1) => [conv(from, to, stride), new BatchNorm2d(to), new ReLU()];

describe("PadShortcut", () => {
  it.each([
    ["split", 1],
    ["append", 1],
    ["split", 2],
    ["append", 3],
  ] as const)("%s, stride %d: pixels, zeros and gradient", async (side, stride) => {
    const [n, h, w, c, out] = [2, 5, 7, 3, 8];
    const front = side === "split" ? 2 : 0; // floor((8 - 3) / 2)
    const [oh, ow] = [Math.ceil(h / stride), Math.ceil(w / stride)];
    const x = uniform("pad/x", n * h * w * c);
    const dy = uniform("pad/dy", n * oh * ow * out);
    const y = new Float32Array(dy.length);
    const dx = new Float32Array(x.length);
    for (let i = 0; i < n * oh * ow * c; i++) {
      const [k, j, r, b] = [i % c, Math.floor(i / c) % ow, Math.floor(i / c / ow) % oh, Math.floor(i / c / ow / oh)];
      const from = ((b * h + r * stride) * w + j * stride) * c + k;
      const to = ((b * oh + r) * ow + j) * out + front + k;
      y[to] = x[from];
      dx[from] = dy[to];
    }
    for (const setup of setups) {
      const model = await build(new PadShortcut(c, out, { stride, side }), [h, w, c], setup);
      expect(model.forward(x)).toEqual({ data: y, shape: [n, oh, ow, out] });
      expect(model.backward(dy)).toEqual({ data: dx, shape: [n, h, w, c] });
      model.dispose();
    }
  });

  it.each([
    ["split", [0, 0, 1, 2, 3, 0, 0, 0]],
    ["append", [1, 2, 3, 0, 0, 0, 0, 0]],
  ] as const)("%s: features", async (side, expected) => {
    const model = await build(new PadShortcut(3, 8, { side }), [3]);
    expect([...model.forward([1, 2, 3]).data]).toEqual(expected);
    expect([...model.backward([0, 1, 2, 3, 4, 5, 6, 7]).data]).toEqual(side === "split" ? [2, 3, 4] : [0, 1, 2]);
  });
});

describe("Residual", () => {
  const image = (stride: number) => new Sequential(...unit(4, 8, stride), conv(8, 8), new BatchNorm2d(8));
  const features = new Sequential(new Linear(6, 5), new ReLU(), new Linear(5, 10));
  it.each([
    ["pad, images, stride 2", image(2), [7, 6, 4], { shortcut: "pad" }, 0],
    ["pad, images, stride 1", image(1), [7, 6, 4], { shortcut: "pad" }, 0],
    ["projection, images, stride 2", image(2), [7, 6, 4], { shortcut: "projection" }, 4 * 8 + 16],
    ["projection, images, stride 1", image(1), [7, 6, 4], { shortcut: "projection" }, 4 * 8 + 16],
    ["append, images", image(2), [7, 6, 4], { shortcut: new PadShortcut(4, 8, { stride: 2, side: "append" }) }, 0],
    ["pad, features", features, [6], { shortcut: "pad" }, 0],
    ["projection, features", features, [6], { shortcut: "projection" }, 60],
  ] as [string, Layer, number[], ResidualOptions, number][])("%s", async (_, main, inputShape, options, added) => {
    const residual = new Residual(main, options);
    expect(count(residual, inputShape).parameters).toBe(count(main, inputShape).parameters + added);
    const names = count(residual, inputShape).state.map(({ name }) => name);
    expect(names.every((name) => name.startsWith("main.") || (added > 0 && name.startsWith("shortcut.")))).toBe(true);

    // The output is the sum of both branches, each a network of its own with the same weights.
    const [whole, branch] = [await build(residual, inputShape), await build(main, inputShape)];
    const own = whole.stateDict();
    setWeights(
      branch,
      Object.fromEntries([...branch.stateDict().keys()].map((name) => [name, own.get(`main.${name}`)!])),
    );
    const x = uniform("residual/x", 2 * inputShape.reduce((a, b) => a * b, 1));
    const dy = uniform("residual/dy", whole.predict(x).data.length);
    const skip = whole.predict(x).data.map((v, i) => v - branch.predict(x).data[i]);
    expect(Math.max(...skip.map(Math.abs))).toBeGreaterThan(0.1);
    whole.forward(x);
    branch.forward(x);
    const [dx, dxMain] = [whole.backward(dy).data, branch.backward(dy).data];
    for (const [name, gradient] of branch.gradients()) {
      const difference = maxDifference(whole.gradients().get(`main.${name}`)!.data, gradient.data);
      expect(difference, name).toBeLessThan(1e-5 * Math.max(1, ...gradient.data.map(Math.abs)));
    }
    // What is left of dx came through the shortcut, which is linear: <dy, skip> = <its dx, x>, but for a norm's mean.
    const shortcutDx = dx.map((v, i) => v - dxMain[i]);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
    expect(Math.abs(dot(dy, skip) - dot(shortcutDx, x))).toBeLessThan(1e-3);
    whole.dispose();
    branch.dispose();
  });
});
