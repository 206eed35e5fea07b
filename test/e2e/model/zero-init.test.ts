// Residual blocks that start as their shortcuts: without it, deep twins with He initialisation overflow.
import { describe, expect, it } from "vitest";
import {
  createModel,
  createTrainer,
  crossEntropy,
  Linear,
  ReLU,
  Residual,
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

describe("zeroInit", () => {
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
});
