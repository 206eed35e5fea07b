// Averages of weights and BatchNorm's statistics gathered anew, against torch.optim.swa_utils.
import { describe, expect, it } from "vitest";
import { arrayDataset } from "../../../src/faces/data.js";
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  createTrainer,
  ema,
  type Layer,
  Linear,
  mse,
  ReLU,
  recalibrate,
  Sequential,
  SGD,
  swa,
} from "../../../src/hosts/node/index.js";
import { build, setups, setWeights } from "../../support/setups.js";
import { uniform } from "../generator.js";
import { decodeTensor, type EncodedTensor, maxDifference, nchwToNhwc, readJson, tolerance } from "../load.js";

interface Goldens {
  averages: { type: "ema" | "swa"; options: never; n: number; steps: number; average: EncodedTensor }[];
  recalibrated: Record<"dense" | "images", Record<string, EncodedTensor>>;
}
const { averages, recalibrated } = readJson<Goldens>("averages.json");
const makers = { ema, swa };

describe.each(setups)("%o", (setup) => {
  it.each(averages)("$type $options", async ({ type, options, n, steps, average }) => {
    const model = await build(new Linear(n, 1, { bias: false }), [n], setup);
    setWeights(model, { weight: { data: uniform("average/w", n), shape: [1, n] } });
    const optimizer = new SGD({ lr: 0.1, momentum: 0.9 });
    const trainer = createTrainer(model, { loss: mse(), optimizer, ema: makers[type](options) });
    for (let step = 0; step < steps; step++) {
      model.forward(uniform(`average/g${step}`, n));
      model.backward([1]);
      trainer.applyGradients();
    }
    const golden = decodeTensor(average);
    const weight = trainer.emaStateDict().get("weight");
    expect(maxDifference(weight?.data ?? [], golden.data)).toBeLessThanOrEqual(tolerance(golden));
    model.dispose();
  });

  it.each<["dense" | "images", number[], Layer]>([
    [
      "dense",
      [6],
      new Sequential(new Linear(6, 5), new BatchNorm1d(5), new ReLU(), new BatchNorm1d(5, { momentum: 0.01 })),
    ],
    [
      "images",
      [4, 4, 2],
      new Sequential(new Conv2d(2, 3, { kernelSize: 3, padding: 1, bias: false }), new BatchNorm2d(3), new ReLU()),
    ],
  ])("recalibrate: %s", async (name, inputShape, network) => {
    const model = await build(network, inputShape, setup);
    const state = [...model.stateDict()].map(([key, { data, shape }]) => {
      const start = uniform(`recalibrate/${name}/${key}`, data.length);
      return [key, { data: start.map((value) => Math.fround(Math.abs(value)) + 0.1), shape }] as const;
    });
    model.loadStateDict(new Map(state));
    const [h, w, c] = inputShape;
    const flat = uniform(`recalibrate/${name}/x`, 40 * inputShape.reduce((a, b) => a * b, 1));
    const x = name === "images" ? nchwToNhwc(flat, [40, c, h, w]) : flat;
    const outputs = model.outputShape.reduce((a, b) => a * b, 1);
    const dataset = arrayDataset({
      x,
      y: new Float32Array(40 * outputs),
      inputShape,
      targetShape: [...model.outputShape],
    });
    await recalibrate(model, dataset, { batchSize: 16, shuffle: false });
    const after = model.stateDict();
    for (const [key, encoded] of Object.entries(recalibrated[name])) {
      const golden = decodeTensor(encoded);
      expect(maxDifference(after.get(key)?.data ?? [], golden.data), key).toBeLessThanOrEqual(tolerance(golden));
    }
    for (const [key, { data }] of after) if (key.endsWith("num_batches_tracked")) expect([...data]).toEqual([3]);
    model.dispose();
  });
});
