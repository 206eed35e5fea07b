// torchvision's ResNets against PyTorch: names, logits, gradients and running statistics of a training step.
import { describe, expect, it } from "vitest";
import {
  createModel,
  type Model,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
} from "../../../src/hosts/node/index.js";
import { count, crossEntropyDx, relativeError, withCounters } from "../../support/nets.js";
import { fingerprintDifference, maxDifference, nchwToNhwc, nhwcToNchw } from "../load.js";
import { type LogitCase, loadGradients, loadLogits } from "../load-nets.js";

const NETS = { resnet18, resnet34, resnet50, resnet101, resnet152 };

/** The bar for logits: 1e-5 of the largest one, and 2e-5. Measured: between 4e-7 (ResNet-18) and 2.9e-5 (-152) of 3.3e-4. */
function expectLogits(model: Model, golden: LogitCase): void {
  const { shape, logits } = golden;
  const { data } = model.predict(nchwToNhwc(golden.x(), shape), { batchSize: shape[0] });
  const largest = logits.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const error = maxDifference(data, logits.data);
  expect(error, shape.join("x")).toBeLessThanOrEqual(1e-5 * largest + 2e-5);
}

describe.each(["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"] as const)("%s", (name) => {
  it("has torchvision's names and logits", async () => {
    const { state, cases } = loadLogits(name);
    const network = NETS[name]();
    expect(count(network, [224, 224, 3]).state).toEqual(withCounters(state));
    const sizes = [...new Set(cases.map(({ shape }) => `${shape[2]} ${shape[3]}`))];
    for (const size of sizes) {
      const [h, w] = size.split(" ").map(Number);
      // Two threads and the direct algorithm where they are cheap; test/golden/ops has all ways for every convolution.
      const ways = name === "resnet18" && h === 192 ? (["speed", "memory"] as const) : (["speed"] as const);
      for (const prefer of ways) {
        const model = await createModel(network, {
          inputShape: [h, w, 3],
          prefer,
          threads: h === 192 ? 2 : 1,
          relaxedSimd: false,
        });
        expect(model.loadStateDict(state)).toEqual({ missing: [], unexpected: [] });
        for (const golden of cases.filter(({ shape }) => shape[2] === h && shape[3] === w)) expectLogits(model, golden);
        model.dispose();
      }
    }
  }, 300_000);
});

// Over whole tensors, the L2 norms of the errors are at most 5e-6 (ResNet-18) and 2.0e-5 (ResNet-50) of the gradients',
// 2.8e-6 and 1.7e-5 without Winograd; PyTorch's float32 has 2.8e-6 and 1.5e-5.
describe.each(["resnet18", "resnet50"] as const)("%s in training", (name) => {
  it("has PyTorch's loss, gradients and running statistics", async () => {
    const { state, shape, x, labels, loss, gradients, runningStatistics } = loadGradients(name);
    const [n, c, h, w] = shape;
    const model = await createModel(NETS[name](), { inputShape: [h, w, c], threads: 1, relaxedSimd: false });
    model.loadStateDict(state);
    const logits = model.forward(nchwToNhwc(x, shape), { training: true });
    const found = crossEntropyDx(logits.data, labels, 1000);
    expect(Math.abs(found.loss - loss)).toBeLessThan(1e-5 * loss);
    const dx = model.backward(found.dx);
    const actual = new Map([...model.gradients()].map(([key, { data }]) => [key, data]));
    actual.set("input", nhwcToNchw(dx.data, [n, h, w, c]));
    expect([...actual.keys()].sort()).toEqual(gradients.map((g) => g.name).sort());
    for (const g of gradients) expect(relativeError(actual.get(g.name)!, g), g.name).toBeLessThan(1e-4);
    const after = model.stateDict();
    for (const r of runningStatistics) {
      expect(fingerprintDifference(after.get(r.name)!.data, r), r.name).toBeLessThan(1e-5);
    }
    model.dispose();
  }, 120_000);
});
