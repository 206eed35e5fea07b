// Residual blocks that start as their shortcuts: without it, deep twins with He initialisation overflow.
import { describe, expect, it } from "vitest";
import {
  createModel,
  createTrainer,
  crossEntropy,
  Linear,
  plainTwin,
  ReLU,
  Residual,
  residualMLP,
  residualTwin,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";

const [WIDTH, DEPTH, CLASSES] = [16, 50, 4];

function plainNet(init: "he" | "default") {
  const hidden = Array.from({ length: DEPTH }, () => [new Linear(WIDTH, WIDTH, { init }), new ReLU()]);
  return new Sequential(...hidden.flat(), new Linear(WIDTH, CLASSES, { init }));
}

const options = { inputShape: [WIDTH], threads: 1, seed: 5 };
const batch = 32;
const x = Float32Array.from({ length: batch * WIDTH }, (_, i) => Math.sin(i * i));
const labels = Int32Array.from({ length: batch }, (_, i) => i % CLASSES);
const largest = (values: Float32Array) => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);

describe("zeroInit", () => {
  it("starts the last weight of the main branch at 0 and nothing else", async () => {
    const main = new Sequential(new Linear(WIDTH, WIDTH), new ReLU(), new Linear(WIDTH, WIDTH));
    const model = await createModel(new Residual(main, { zeroInit: true }), options);
    const state = model.stateDict();
    expect(largest(state.get("main.2.weight")!.data)).toBe(0);
    expect(largest(state.get("main.0.weight")!.data)).toBeGreaterThan(0);
  });

  it("makes a block whose biases are 0 equal to its shortcut at first", async () => {
    const main = new Sequential(
      new Linear(WIDTH, WIDTH, { init: "he" }),
      new ReLU(),
      new Linear(WIDTH, WIDTH, { init: "he" }),
    );
    const model = await createModel(new Residual(main, { zeroInit: true }), options);
    expect(model.predict(x).data).toEqual(x);
  });

  it("keeps a residual twin of 50 He-initialised layers trainable, which overflows without", async () => {
    const losses = async (zeroInitResidual?: boolean) => {
      const model = await createModel(residualTwin(plainNet("he"), { zeroInitResidual }), options);
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.01, momentum: 0.9 }) });
      return Array.from({ length: 150 }, () => trainer.step(x, labels).loss);
    };
    const trained = await losses();
    expect(trained[149]).toBeLessThan(0.5 * trained[0]);
    await expect(losses(false)).rejects.toThrow(/expected finite numbers/);
  });

  it("is left out where the initialisation is PyTorch's, unless asked for", () => {
    const blocks = (net: Sequential) =>
      net.layers.map(([, layer]) => layer).filter((layer) => layer instanceof Residual);
    const all = (net: Sequential, zeroInit: boolean) => blocks(net).every((block) => block.zeroInit === zeroInit);
    expect(blocks(residualTwin(plainNet("default")))).toHaveLength(DEPTH / 2);
    expect(all(residualTwin(plainNet("default")), false)).toBe(true);
    expect(all(residualTwin(plainNet("default"), { zeroInitResidual: true }), true)).toBe(true);
    expect(all(residualTwin(plainNet("he")), true)).toBe(true);
    expect(all(residualTwin(plainNet("he"), { zeroInitResidual: false }), false)).toBe(true);
    expect(all(residualMLP({ in: 4, out: 2, init: "he" }), true)).toBe(true);
    expect(all(residualMLP({ in: 4, out: 2 }), false)).toBe(true);
  });

  it("goes when the plain twin is taken: its weights start as they always did", () => {
    const plain = plainNet("he");
    expect(plainTwin(residualTwin(plain)).toJSON()).toEqual(plain.toJSON());
  });

  it("refuses a main branch without a weight, with the layer's path", async () => {
    const network = new Sequential(new Residual(new ReLU(), { zeroInit: true }));
    await expect(createModel(network, options)).rejects.toThrow(
      /0: main expected a layer with a weight, for zeroInit, got none/,
    );
  });
});
