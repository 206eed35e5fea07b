// Which weights start at 0 so that a residual block starts as its shortcut.
import { describe, expect, it } from "vitest";
import {
  createModel,
  Linear,
  plainTwin,
  ReLU,
  Residual,
  residualMLP,
  residualTwin,
  Sequential,
} from "../../support/stubbed.js";

const [WIDTH, DEPTH, CLASSES] = [16, 50, 4];

function plainNet(init: "he" | "default") {
  const hidden = Array.from({ length: DEPTH }, () => [new Linear(WIDTH, WIDTH, { init }), new ReLU()]);
  return new Sequential(...hidden.flat(), new Linear(WIDTH, CLASSES, { init }));
}

const options = { inputShape: [WIDTH], threads: 1, seed: 5 };
const largest = (values: Float32Array) => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);

describe("zeroInit", () => {
  it("starts the last weight of the main branch at 0 and nothing else", async () => {
    const main = new Sequential(new Linear(WIDTH, WIDTH), new ReLU(), new Linear(WIDTH, WIDTH));
    const model = await createModel(new Residual(main, { zeroInit: true }), options);
    const state = model.stateDict();
    expect(largest(state.get("main.2.weight")!.data)).toBe(0);
    expect(largest(state.get("main.0.weight")!.data)).toBeGreaterThan(0);
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
