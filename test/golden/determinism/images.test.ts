// One seed, one weight hash after 50 training steps of ResNet-20: any number of threads, any version of Node.
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { cifarResNet, createTrainer, crossEntropy, SGD } from "../../../src/hosts/node/index.js";
import { build } from "../../support/setups.js";
import { images, indices } from "../generator.js";
import { nchwToNhwc } from "../load.js";

const BATCH = 8;
const SHAPE = [BATCH, 3, 32, 32];

/** Change it only together with a reason why weights have to change; it holds for every machine. */
const GOLDEN = "3aaf6006a34f35001ab0dfe98df42df7d5abb6d2ae306deee88e6584094885a2";

it.each([1, 2])("50 steps with %d threads end in the golden weights", async (threads) => {
  const model = await build(cifarResNet(20), [32, 32, 3], { threads, relaxedSimd: false }, 2015);
  const optimizer = new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 1e-4, nesterov: true });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer });
  for (let step = 0; step < 50; step++) {
    const x = nchwToNhwc(images(`hash/x${step % 8}`, SHAPE), SHAPE);
    const { loss } = trainer.step(x, indices(`hash/y${step % 8}`, BATCH, 10));
    expect(loss).toBeGreaterThan(0);
  }
  const hash = createHash("sha256");
  for (const { data } of model.stateDict().values()) hash.update(new Uint8Array(data.buffer));
  hash.update(new Uint8Array(model.predict(nchwToNhwc(images("hash/p", SHAPE), SHAPE)).data.buffer));
  expect(hash.digest("hex")).toBe(GOLDEN);
  model.dispose();
});
