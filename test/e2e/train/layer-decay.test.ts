// layerDecay: which parameters are a layer, and how far a step moves them.
import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  createModel,
  createTrainer,
  Linear,
  layerDecay,
  resnet18,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";

describe("layerDecay", () => {
  it("makes a group of each block, the head at the full rate", async () => {
    const model = await createModel(resnet18({ classes: 3 }), { inputShape: [32, 32, 3] });
    const groups = layerDecay(model.stateDict(), { decay: 0.5 });
    const blocks = [1, 2, 3, 4].flatMap((layer) => [0, 1].map((block) => `layer${layer}.${block}`));
    expect(groups.map(({ match }) => match)).toEqual(["conv1", "bn1", ...blocks, "fc"]);
    expect(groups.map(({ lrScale }) => lrScale)).toEqual(Array.from({ length: 11 }, (_, i) => 2 ** (i - 10)));
    createTrainer(model, { optimizer: new SGD({ lr: 0.1 }), groups });
    model.dispose();
  });

  it("moves each layer by its share of the rate", async () => {
    const network = new Sequential(new Linear(2, 2), new Linear(2, 2), new Linear(2, 1));
    const model = await createModel(network, { inputShape: [2], seed: 1 });
    const before = model.stateDict();
    const groups = layerDecay(before, { decay: 0.1 });
    const trainer = createTrainer(model, { optimizer: new SGD({ lr: 0.5 }), groups });
    model.forward([[1, 2]], { training: true });
    model.backward([[1]]);
    const gradients = model.gradients();
    trainer.applyGradients();
    for (const [name, { data }] of model.stateDict()) {
      const rate = 0.5 * 0.1 ** (2 - Number(name[0]));
      const expected = before.get(name)?.data.map((w, i) => w - rate * (gradients.get(name)?.data[i] ?? Number.NaN));
      for (const [i, w] of data.entries()) expect(w).toBeCloseTo(expected?.[i] ?? Number.NaN, 6);
    }
  });

  it("takes layers of one's own, and refuses what is none", () => {
    const state = new Map(
      ["stem.a.weight", "stem.b.weight", "head.weight"].map((name) => [name, { data: [1], shape: [1] }]),
    );
    const layerOf = (name: string) => name.split(".")[0];
    expect(layerDecay(state, { decay: 0.5, layerOf })).toEqual([
      { match: "stem", lrScale: 0.5 },
      { match: "head", lrScale: 1 },
    ]);
    for (const junk of [undefined, 5, "x"]) expect(() => layerDecay(junk as never)).toThrow(ArgumentError);
    for (const junk of [{ decay: 0 }, { decay: 1.5 }, { layerOf: 5 }, { deacy: 1 }, { layerOf: () => 5 }])
      expect(() => layerDecay(state, junk as never)).toThrow(ArgumentError);
  });
});
