// What residual twins compute; test/unit/nn/twins.test.ts has their structure and their names.
import { describe, expect, it } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  cifarResNet,
  Flatten,
  type Layer,
  Linear,
  MaxPool2d,
  plainTwin,
  ReLU,
  Residual,
  residualTwin,
  resnet18,
  Sequential,
  Tanh,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { maxDifference } from "../../golden/load.js";
import { count } from "../../support/nets.js";
import { build } from "../../support/setups.js";

const IMAGE = [8, 8, 4];
const conv = (from: number, to: number, stride = 1) =>
  new Conv2d(from, to, { kernelSize: 3, stride, padding: 1, bias: false });
/** Convolution, norm, ReLU. */
const unit = (from: number, to: number, stride = 1) => [conv(from, to, stride), new BatchNorm2d(to), new ReLU()];

async function outputs(network: Layer, inputShape: number[], x: Float32Array<ArrayBuffer>): Promise<Float32Array> {
  const model = await build(network, inputShape, undefined, 3);
  const { data } = model.forward(x, { training: true });
  model.dispose();
  return data;
}

const shapes = (network: Layer, inputShape: number[]) =>
  count(network, inputShape).state.map(({ shape }) => String(shape));

const linear = (from: number, to = from) => new Linear(from, to);

describe("residualTwin of features", () => {
  it("computes x + main(x)", async () => {
    const plain = new Sequential(linear(5), new Tanh(), linear(5), new ReLU());
    const [residual, straight] = [await build(residualTwin(plain), [5]), await build(plain, [5])];
    const main = await build(new Sequential(linear(5), new Tanh(), linear(5)), [5]);
    const x = uniform("twins/x", 50);
    const sum = main.predict(x).data.map((v, i) => Math.max(0, v + x[i]));
    expect(maxDifference(residual.predict(x).data, sum)).toBeLessThan(1e-6);
    expect(straight.predict(x).data).toEqual(main.predict(x).data.map((v) => Math.max(0, v)));
  });

  it("starts blocks of He layers as their shortcuts, so that depth does not explode", async () => {
    const he = () => new Linear(6, 6, { init: "he" });
    const plain = new Sequential(...Array.from({ length: 10 }, () => [he(), new ReLU()]).flat());
    const x = uniform("twins/x", 60).map(Math.abs);
    const model = await build(residualTwin(plain), [6]);
    expect(model.predict(x).data).toEqual(x);
    const moved = await build(residualTwin(plain, { zeroInitResidual: false }), [6]);
    expect(moved.predict(x).data).not.toEqual(x);
  });
});

describe("plainTwin of images", () => {
  it.each([
    ["cifarResNet(20)", cifarResNet(20), [32, 32, 3]],
    ["pre-activation", cifarResNet(20, { preActivation: true }), [32, 32, 3]],
    ["option B", cifarResNet(20, { shortcut: "projection" }), [32, 32, 3]],
    ["resnet18", resnet18({ classes: 3 }), [64, 64, 3]],
  ] as [string, Layer, number[]][])(
    "%s keeps all names but the projections', and computes something else",
    async (_, network, inputShape) => {
      const plain = plainTwin(network);
      const kept = count(network, inputShape).state.filter(({ name }) => !name.includes("downsample"));
      expect(count(plain, inputShape).state).toEqual(kept);
      const x = uniform("twins/x", 2 * inputShape.reduce((a, b) => a * b, 1));
      expect(maxDifference(await outputs(network, inputShape, x), await outputs(plain, inputShape, x))).toBeGreaterThan(
        1e-3,
      );
      expect(plainTwin(plain).toJSON()).toEqual(plain.toJSON());
    },
  );
});

describe("residualTwin of images", () => {
  const plain = new Sequential(
    ...unit(4, 16),
    ...unit(16, 16),
    ...unit(16, 16),
    new MaxPool2d({ kernelSize: 2 }),
    ...unit(16, 16),
    ...unit(16, 16),
    ...unit(16, 32, 2),
    ...unit(32, 32),
    new Flatten(),
    new Linear(128, 5),
  );

  it("adds skips where the shape stays; the same weights in the same order", async () => {
    const twin = residualTwin(plain);
    const skips = twin.layers.filter(([, layer]) => layer instanceof Residual).length;
    expect(skips).toBe(2);
    expect(shapes(twin, IMAGE)).toEqual(shapes(plain, IMAGE));
    const x = uniform("twins/x", 3 * 8 * 8 * 4);
    expect(maxDifference(await outputs(twin, IMAGE, x), await outputs(plain, IMAGE, x))).toBeGreaterThan(1e-3);
    const back = plainTwin(twin);
    expect(back.toJSON()).toEqual(plain.toJSON());
    expect(await outputs(back, IMAGE, x)).toEqual(await outputs(plain, IMAGE, x));
  });

  it("adds projections where the shape changes", () => {
    const twin = residualTwin(plain, { shortcut: "projection" });
    // Before the pool 4 → 16, after it 16 → 16 and 16 → 32 with half the side; the odd unit stays.
    expect(twin.layers.filter(([, layer]) => layer instanceof Residual).length).toBe(3);
    const added = 4 * 16 + 2 * 16 + 16 * 32 + 2 * 32;
    expect(count(twin, IMAGE).parameters).toBe(count(plain, IMAGE).parameters + added);
    expect(plainTwin(twin).toJSON()).toEqual(plain.toJSON());
  });
});
