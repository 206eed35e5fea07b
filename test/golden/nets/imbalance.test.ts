// Few positives: weights of classes raise the recall as they do in PyTorch, loss by loss.
import { describe, expect, it } from "vitest";
import {
  bceWithLogits,
  createTrainer,
  crossEntropy,
  Linear,
  ReLU,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";
import { build, setWeights } from "../../support/setups.js";
import { uniform } from "../generator.js";
import { readJson } from "../load.js";

interface Imbalance {
  samples: number;
  features: number;
  width: number;
  lr: number;
  momentum: number;
  /** Which samples are positive, 3 %. */
  positives: number[];
  runs: { name: string; loss: string; options: object; losses: number[]; recall: number; float32Error: number }[];
}

const golden = readJson<Imbalance>("imbalance.json");
const { samples, features, width, lr, momentum, positives } = golden;
const losses = { crossEntropy, bceWithLogits };

describe.each(golden.runs)("$name", ({ loss, options, losses: expected, recall }) => {
  it("follows PyTorch's losses, and finds as many of the positives", async () => {
    const outputs = loss === "crossEntropy" ? 2 : 1;
    const network = new Sequential(new Linear(features, width), new ReLU(), new Linear(width, outputs));
    const model = await build(network, [features]);
    const weight = (name: string, shape: number[]) => ({
      data: uniform(
        `imbalance/${name}`,
        shape.reduce((a, b) => a * b),
        0.35,
      ),
      shape,
    });
    setWeights(model, {
      "0.weight": weight("0.weight", [width, features]),
      "0.bias": weight("0.bias", [width]),
      "2.weight": weight("2.weight", [outputs, width]),
      "2.bias": weight("2.bias", [outputs]),
    });
    const x = uniform("imbalance/x", samples * features);
    const labels = new Int32Array(samples);
    for (const i of positives) labels[i] = 1;
    const trainer = createTrainer(model, {
      loss: losses[loss as keyof typeof losses](options),
      optimizer: new SGD({ lr, momentum }),
    });
    for (const [step, golden] of expected.entries())
      expect(Math.abs(trainer.step(x, labels).loss - golden), `step ${step}`).toBeLessThan(5e-6);
    const { data } = model.predict(x);
    const isFound = (i: number) => (outputs === 2 ? data[2 * i + 1] > data[2 * i] : data[i] > 0);
    expect(positives.filter(isFound).length / positives.length).toBe(recall);
  });
});

it("is what the weights are for: a recall of 1 in place of 0", () => {
  expect(golden.runs.map(({ name, recall }) => [name, recall])).toEqual([
    ["crossEntropy", 0],
    ["crossEntropy by classes", 1],
    ["bceWithLogits", 0],
    ["bceWithLogits by positives", 1],
  ]);
});
