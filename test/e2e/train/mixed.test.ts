// Batches that fit itself mixes: as augment does it, and resumed exactly.
import { describe, expect, it } from "vitest";
import { augment, cutmix, mixup } from "../../../src/faces/data.js";
import { createTrainer, crossEntropy, Linear, memoryStore, SGD } from "../../../src/hosts/node/index.js";
import { createTrainer as createWorkerTrainer } from "../../../src/hosts/node/worker.js";
import { blobs } from "../../support/datasets.js";
import { build, weightBits } from "../../support/setups.js";
import { openModel } from "../worker/open.js";

const data = blobs(70);
const open = async () => {
  const model = await build(new Linear(4, 3), [4]);
  return { model, trainer: createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) }) };
};

describe("fit with mix", () => {
  it("does what augment does", async () => {
    const [one, other, plain] = [await open(), await open(), await open()];
    await one.trainer.fit(data, { epochs: 3, batchSize: 16, mix: mixup({ alpha: 0.4 }), validation: data });
    await other.trainer.fit(augment(data, [mixup({ alpha: 0.4 })]), { epochs: 3, batchSize: 16 });
    await plain.trainer.fit(data, { epochs: 3, batchSize: 16 });
    expect(weightBits(one.model)).toEqual(weightBits(other.model));
    expect(weightBits(one.model)).not.toEqual(weightBits(plain.model));
    await expect(one.trainer.fit(data, { mix: "mixup" as never })).rejects.toThrow("fit: mix expected mixup()");
    await expect(one.trainer.fit(data, { mix: cutmix() })).rejects.toThrow("cutmix: inputShape expected");
  });

  it("goes on after an interruption as if there had been none, and only with the same", async () => {
    const whole = await open();
    const options = { epochs: 4, batchSize: 16, mix: [mixup({ alpha: 0.4, p: 0.8 })] };
    await whole.trainer.fit(data, options);
    const store = memoryStore();
    const killed = await open();
    await killed.trainer.fit(data, { ...options, maxSteps: 7, resume: { store, every: 1 } });
    const next = await open();
    await next.trainer.fit(data, { ...options, resume: store });
    expect(weightBits(next.model)).toEqual(weightBits(whole.model));

    const others = memoryStore();
    await (await open()).trainer.fit(data, { ...options, maxSteps: 7, resume: { store: others, every: 1 } });
    const again = async (mix: object) => (await open()).trainer.fit(data, { ...options, ...mix, resume: others });
    await expect(again({ mix: mixup({ alpha: 0.9, p: 0.8 }) })).rejects.toThrow("alpha expected 0.9, got 0.4");
    await expect(again({ mix: undefined })).rejects.toThrow("targets expected");
  });
});

it("mixes in a worker as here", async () => {
  const here = await open();
  await here.trainer.fit(data, { epochs: 2, batchSize: 16, mix: mixup() });
  const there = await openModel(new Linear(4, 3), { inputShape: [4] });
  try {
    await there.loadStateDict((await open()).model.stateDict());
    const trainer = await createWorkerTrainer(there, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
    await trainer.fit(data, { epochs: 2, batchSize: 16, mix: mixup() });
    expect((await there.stateDict()).get("weight")?.data).toEqual(here.model.stateDict().get("weight")?.data);
  } finally {
    await there.dispose();
  }
});
