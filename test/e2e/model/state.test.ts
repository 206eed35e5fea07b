// State dicts and files of trained models; test/unit/model/state.test.ts has names, mismatches and JSON.
import { describe, expect, it } from "vitest";
import {
  createTrainer,
  crossEntropy,
  loadModel,
  type Model,
  readSafetensors,
  SGD,
  tabularResNet,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { build, weightBits } from "../../support/setups.js";

const net = () => tabularResNet({ in: 5, out: 3, d: 8, blocks: 2 });

/** A model with weights and statistics that training has moved. */
async function trained(seed = 1): Promise<Model> {
  const model = await build(net(), [5], undefined, seed);
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
  for (let step = 0; step < 3; step++) trainer.step(uniform(`state/${step}`, 50), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
  return model;
}

describe("stateDict", () => {
  it("goes around: as a Map, as a record, with plain arrays", async () => {
    const model = await trained();
    const bits = weightBits(model);
    const state = model.stateDict();
    const plain = Object.fromEntries([...state].map(([name, { data, shape }]) => [name, { data: [...data], shape }]));
    for (const form of [state, Object.fromEntries(state), plain]) {
      const other = await build(net(), [5], undefined, 9);
      expect(weightBits(other)).not.toBe(bits);
      expect(other.loadStateDict(form)).toEqual({ missing: [], unexpected: [] });
      expect(weightBits(other)).toBe(bits);
      const x = uniform("state/x", 40);
      expect(other.predict(x)).toEqual(model.predict(x));
    }
  });

  it("is a copy, and prediction follows what is loaded", async () => {
    const model = await trained();
    const x = uniform("state/x", 60);
    const before = model.predict(x);
    const state = model.stateDict();
    for (const { data } of state.values()) data.fill(0);
    expect(model.predict(x)).toEqual(before);
    model.loadStateDict(state);
    expect([...model.predict(x).data].every((v) => v === 0)).toBe(true);
  });
});

describe("files", () => {
  it("restore the model, and saving that gives the same bytes", async () => {
    const model = await trained();
    const bytes = await model.save();
    for (const form of [bytes, bytes.buffer, new Uint8Array([1, 2, 3, ...bytes]).subarray(3)]) {
      const loaded = await loadModel(form, { relaxedSimd: false });
      expect(Buffer.compare(await loaded.save(), bytes)).toBe(0);
      expect(loaded.inputShape).toEqual([5]);
      expect(loaded.predict(uniform("state/x", 40))).toEqual(model.predict(uniform("state/x", 40)));
    }
    const { tensors } = readSafetensors(bytes);
    expect([...tensors.keys()].toSorted()).toEqual([...model.stateDict().keys()].toSorted());
    expect([...tensors.get("output.normalization.num_batches_tracked")!.data]).toEqual([3]);
  });
});
