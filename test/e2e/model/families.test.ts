// Small networks of each family: they learn, and what is saved of them gives the same bits in every entry.
import { describe, expect, it } from "vitest";
import { createModel, createTrainer, crossEntropy, loadModel, SGD } from "../../../src/hosts/node/index.js";
import * as inference from "../../../src/hosts/node/inference.js";
import { indices, uniform } from "../../golden/generator.js";
import { SMALL } from "../../support/families.js";
import { reopenModel } from "../worker/open.js";

const options = { threads: 1, relaxedSimd: false } as const;
const inputShape = [32, 40, 3];
const x = uniform("families/x", 8 * 32 * 40 * 3);
const labels = indices("families/labels", 8, 10);

describe.each(Object.entries(SMALL))("%s", (_, make) => {
  it("learns a batch by heart, and is loaded by every entry", async () => {
    const model = await createModel(make(), { inputShape, seed: 3, ...options });
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
    const losses = Array.from({ length: 80 }, () => trainer.step(x, labels).loss);
    expect(losses.at(-1)!).toBeLessThan(losses[0] / 2);
    const bytes = await model.save();
    const expected = model.predict(x);
    const again = await loadModel(bytes, options);
    expect(again.predict(x)).toEqual(expected);
    expect(again.network.toJSON()).toEqual(JSON.parse(JSON.stringify(model.network)));
    expect((await inference.loadModel(bytes, options)).predict(x)).toEqual(expected);
    const there = await reopenModel(bytes);
    expect(await there.predict(x)).toEqual(expected);
    there.dispose();
  });
});
