// CIFAR ResNets: training runs against PyTorch's float64, and real pretrained weights on the test images.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCifar } from "../../../src/faces/data.js";
import {
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  readSafetensors,
  SGD,
} from "../../../src/hosts/node/index.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { count, relativeError, withCounters } from "../../support/nets.js";
import { fingerprintDifference, maxDifference, nchwToNhwc } from "../load.js";
import { loadCifarTrajectory } from "../load-nets.js";
import { readNpz } from "./npz.js";

// At lr 0.001 the runs stay together: measured, losses differ by 3.1e-7 at most (PyTorch's own float32: 2.9e-7), gradients
// of the first step by 6.5e-6 with Winograd and 4.1e-6 without, weights at the end by 3.3e-6.
describe.each(["pad", "projection"] as const)("ResNet-20, shortcut %s, twenty SGD steps", (shortcut) => {
  it.each(shortcut === "pad" ? (["speed", "memory"] as const) : (["speed"] as const))(
    "follows PyTorch, prefer %s",
    async (prefer) => {
      const golden = loadCifarTrajectory(shortcut);
      const network = cifarResNet(20, { shortcut });
      expect(count(network, [32, 32, 3]).state).toEqual(withCounters(golden.state));
      const model = await createModel(network, { inputShape: [32, 32, 3], prefer, threads: 1, relaxedSimd: false });
      model.loadStateDict(golden.state);
      const { lr, momentum, weightDecay } = golden;
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr, momentum, weightDecay }) });
      for (let step = 0; step < golden.steps; step++) {
        const { x, shape, labels } = golden.batchOf(step);
        const { loss } = trainer.step(nchwToNhwc(x, shape), labels);
        expect(Math.abs(loss - golden.losses[step]), `loss of step ${step}`).toBeLessThan(1e-5);
        if (step > 0) continue;
        const gradients = model.gradients();
        for (const g of golden.gradients) {
          expect(relativeError(gradients.get(g.name)!.data, g), g.name).toBeLessThan(1e-4);
        }
      }
      const state = model.stateDict();
      for (const w of golden.finalState) {
        expect(fingerprintDifference(state.get(w.name)!.data, w), w.name).toBeLessThan(1e-4);
      }
      expect([...state.get("bn1.num_batches_tracked")!.data]).toEqual([golden.steps]);
      model.dispose();
    },
  );
});

const folder = new URL("../../../../shared/data/", import.meta.url);
const weights = (name: string) => new URL(`cifar10-resnets/${name}`, folder);
const testImages = new URL("cifar-10/test_batch.bin", folder);
const present = existsSync(weights("verify.json")) && existsSync(testImages);

/** (pixel / 255 - mean) / std of the images from `first` on, NHWC. */
function images(first: number, n: number, dataset: ReturnType<typeof readCifar>) {
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  const x = new Float32Array(n * 32 * 32 * 3);
  const labels = new Int32Array(n);
  dataset.get(
    Array.from({ length: n }, (_, i) => first + i),
    x,
    labels,
  );
  return { x: x.map((v, i) => (v - mean[i % 3]) / std[i % 3]), labels };
}

describe.skipIf(!present)(`pretrained on CIFAR-10${present ? "" : " (skipped: ../shared/data is absent)"}`, () => {
  it.each([
    ["resnet20-12fca82f", 20, 91.73],
    ["resnet56-4bfd9763", 56, 93.39],
  ] as const)(
    "%s",
    async (name, depth, accuracy) => {
      const { tensors } = readSafetensors(readFileSync(weights(`${name}.safetensors`)));
      const model = await createModel(cifarResNet(depth), { inputShape: [32, 32, 3] });
      model.loadStateDict(tensors, { rename: (key) => key.replace(/^linear\./, "fc.") });
      const dataset = readCifar(readFileSync(testImages));
      expect(dataset.length).toBe(10_000);

      const exact = readNpz(readFileSync(weights(`${name}.logits64.npz`)));
      const first = images(0, 64, dataset);
      expect([...first.labels]).toEqual([...exact.get("labels")!]);
      const logits = model.predict(first.x);
      expect(maxDifference(logits.data, exact.get("logits")!)).toBeLessThan(5e-5);

      // The same network by PyTorch's exporter.
      const { network, state, inputShape } = importOnnx(readFileSync(weights(`${name}.onnx`)));
      const imported = await createModel(network, { inputShape });
      imported.loadStateDict(state);
      expect(maxDifference(imported.predict(first.x).data, exact.get("logits")!)).toBeLessThan(5e-5);
      imported.dispose();

      let right = 0;
      for (let at = 0; at < dataset.length; at += 500) {
        const { x, labels } = images(at, 500, dataset);
        const { data } = model.predict(x);
        labels.forEach((label, i) => {
          const row = data.subarray(i * 10, i * 10 + 10);
          if (row.indexOf(Math.max(...row)) === label) right++;
        });
      }
      expect(Math.abs(right / 100 - accuracy)).toBeLessThanOrEqual(0.03);
      model.dispose();
    },
    240_000,
  );
});
