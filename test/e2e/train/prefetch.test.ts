// Batches from worker threads: those of the dataset itself, in a fit too, ahead of who asks, and errors as they are.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.js";
import {
  arrayDataset,
  augment,
  colorJitter,
  horizontalFlip,
  loadImageFolder,
  map,
  mixup,
  normalise,
  prefetch,
  randomResizedCrop,
  subset,
} from "../../../src/faces/data.js";
import { createTrainer, crossEntropy, Flatten, Linear, Sequential, SGD } from "../../../src/hosts/node/index.js";
import { build, weightBits } from "../../support/setups.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const worker = join(root, "dist/data-worker.node.js");
const transform = { resize: 20, crop: 16, mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.3] };
let folder: string;

beforeAll(() => {
  if (!existsSync(worker)) throw new Error("dist/ is missing: npm test builds it, npm run build does");
  folder = mkdtempSync(join(tmpdir(), "resnet-wasm-prefetch-"));
  for (const name of ["smooth", "half"]) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < 6; i++) cpSync(join(root, "test/golden/images", `${name}.jpg`), join(folder, name, `${i}.jpg`));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const changed = async () =>
  augment(
    await loadImageFolder(folder, { transform }),
    [randomResizedCrop(), horizontalFlip(), colorJitter({ brightness: 0.3 })],
    {
      seed: 3,
    },
  );

function batch(dataset: Dataset, indices: number[], epoch: number) {
  const x = new Float32Array(indices.length * 768);
  const y = new (dataset.targets === "class" ? Int32Array : Float32Array)(indices.length * 2);
  dataset.get(indices, x, y, epoch);
  return { x, y };
}

describe("prefetch", () => {
  it("gives the batches of the dataset, those that come after, too", async () => {
    const plain = subset(await changed(), [11, 0, 5, 7, 3, 2, 9, 1]);
    const ahead = prefetch(plain, { worker, workers: 2 });
    const asked: [number[], number[]][] = [
      [
        [0, 5, 2],
        [1, 3, 4, 6],
      ],
      [[1, 3, 4], [6]],
      [[6], []],
    ];
    for (const epoch of [0, 4])
      for (const [indices, next] of asked) {
        await ahead.prefetch?.(indices, epoch, next);
        const own = batch(ahead, indices, epoch);
        expect(own).toEqual(batch(plain, indices, epoch));
        expect(own.x.some((value) => value !== 0)).toBe(true);
      }
    // What nobody has asked for is made here.
    expect(batch(ahead, [2, 1], 9)).toEqual(batch(plain, [2, 1], 9));
    expect(ahead.classNames).toEqual(["half", "smooth"]);
  });

  it("trains a network as the dataset itself does, mixed and stopped in between", async () => {
    const train = async (dataset: Dataset) => {
      const model = await build(new Sequential(new Flatten(), new Linear(768, 2)), [16, 16, 3]);
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.01 }) });
      const options = { epochs: 3, batchSize: 5, mix: mixup() };
      await trainer.fit(dataset, { ...options, maxSteps: 4 });
      await trainer.fit(dataset, options);
      return { bits: weightBits(model), evaluation: await trainer.evaluate(dataset, { batchSize: 5 }) };
    };
    const plain = await changed();
    expect(await train(prefetch(plain, { worker, ahead: 3 }))).toEqual(await train(plain));
  });

  it("takes arrays and what is normalised, and hands over errors of files", async () => {
    const x = Float32Array.from({ length: 4 * 768 }, (_, i) => i % 7);
    const arrays = arrayDataset({ x, y: [0, 1, 1, 0], inputShape: [16, 16, 3], classes: 2, weights: [1, 2, 3, 4] });
    const plain = normalise(arrays, { mean: [1], std: [2] });
    const ahead = prefetch(plain, { worker });
    await ahead.prefetch?.([3, 1], 0);
    expect(batch(ahead, [3, 1], 0)).toEqual(batch(plain, [3, 1], 0));
    const weights = new Float32Array(2);
    ahead.getWeights?.([3, 1], weights);
    expect([...weights]).toEqual([4, 2]);

    const broken = mkdtempSync(join(tmpdir(), "resnet-wasm-prefetch-"));
    mkdirSync(join(broken, "a"));
    writeFileSync(join(broken, "a/1.jpg"), "no picture");
    const bad = prefetch(await loadImageFolder(broken, { transform }), { worker });
    await expect(bad.prefetch?.([0], 0)).rejects.toThrow("file expected JPEG or PNG");
    const fewer = prefetch(await loadImageFolder(broken, { transform }), { worker });
    writeFileSync(join(broken, "a/0.jpg"), "another");
    await expect(fewer.prefetch?.([0], 0)).rejects.toThrow("the 1 pictures that it had");
    rmSync(broken, { recursive: true });
    const none = prefetch(plain, { worker: join(broken, "none.js") });
    await expect(none.prefetch?.([0], 0)).rejects.toThrow("none.js");
  });

  it("refuses functions that no other thread has", async () => {
    const own = map(await changed(), (sample) => sample);
    expect(() => prefetch(own)).toThrow("prefetch: dataset expected one that the library made");
    expect(() => prefetch(own, { workers: 0 })).toThrow("workers expected");
  });

  it("keeps no process alive, and finds its program in the package", () => {
    const program = `
      const { loadImageFolder, prefetch } = await import(${JSON.stringify(pathToFileURL(join(root, "dist/data.js")).href)});
      const photos = prefetch(await loadImageFolder(${JSON.stringify(folder)}, { transform: ${JSON.stringify(transform)} }));
      await photos.prefetch([0, 1], 0, [2, 3, 4, 5, 6, 7]);
      const x = new Float32Array(1536);
      photos.get([0, 1], x, new Int32Array(2), 0);
      console.log(x.some((value) => value !== 0));`;
    const text = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(text).toBe("true\n");
  });
});
