// MobileNetV2 of an ONNX file, with a new head, learns two kinds of pictures: in Node and, in a worker, in Chromium.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadImageFolder } from "../../../src/faces/data.js";
import {
  AdamW,
  cacheFeatures,
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  freeze,
  Linear,
  loadModel,
  replaceHead,
  Sequential,
  unfreeze,
} from "../../../src/hosts/node/index.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { drawFolders, KINDS } from "../../support/photos.js";
import { launch, NO_BROWSER, servePackage } from "../browser/chromium.js";

const file = new URL("../../../../shared/data/mobilenet-v2/mobilenet_v2_imagenet.onnx", import.meta.url);
/** To -1 … 1, as this network takes them, at a third of the side that it was trained on. */
const TRANSFORM = { resize: [96, 96] as const, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

describe.skipIf(!existsSync(file))("fine-tuning MobileNetV2 (skipped without ../shared/data/mobilenet-v2)", () => {
  let folder: string;
  let paths: Record<string, string[]>;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "resnet-wasm-photos-"));
    paths = drawFolders(folder, { train: 24, held: 16 });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("tells pictures apart that it has not seen, in Node, on cached features or in place", async () => {
    const { network: whole, state } = importOnnx(readFileSync(file), { inputShape: [96, 96, 3] });
    const { network, head } = replaceHead(whole, { classes: 2 });
    const train = await loadImageFolder(join(folder, "train"), { transform: TRANSFORM });
    const held = await loadImageFolder(join(folder, "held"), { transform: TRANSFORM, classNames: train.classNames });
    const options = { inputShape: [96, 96, 3], transform: TRANSFORM, classNames: train.classNames, seed: 2 };
    const model = await createModel(network, options);
    model.loadStateDict(state, { skip: head });
    freeze(model, /./);
    unfreeze(model, head);
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new AdamW({ lr: 5e-3 }) });
    const before = (await trainer.evaluate(held)).accuracy!;
    await trainer.fit(train, { epochs: 12, batchSize: 16 });
    const after = (await trainer.evaluate(held)).accuracy!;
    expect(before).toBeLessThan(0.85);
    expect(after).toBeGreaterThan(0.9);
    // What has been trained, saved and loaded tells a picture's kind.
    const tuned = await loadModel(await model.save());
    for (const kind of KINDS) {
      const [{ name }] = await tuned.classify(readFileSync(join(folder, `held/${kind}/0.png`)), { topK: 1 });
      expect(name).toBe(kind);
    }
    // The same on features computed once: the head alone, a product of the pooled image.
    const [features, unseen] = await Promise.all(
      [train, held].map((data) => cacheFeatures(model, data, { layer: "GlobalAveragePool_97" })),
    );
    expect(features!.inputShape).toEqual([1, 1, 1280]);
    const small = await createModel(new Sequential(new Flatten(), new Linear(1280, 2)), {
      inputShape: [1, 1, 1280],
      seed: 3,
    });
    const quick = createTrainer(small, { loss: crossEntropy(), optimizer: new AdamW({ lr: 5e-3 }) });
    await quick.fit(features!, { epochs: 12, batchSize: 16 });
    expect((await quick.evaluate(unseen!)).accuracy!).toBeGreaterThan(0.9);
  }, 240_000);

  describe.skipIf(NO_BROWSER)(`in Chromium (${NO_BROWSER || "found"})`, () => {
    let browser: Browser;
    let server: Server;
    let url: string;
    beforeAll(async () => {
      browser = await launch();
      const all = Object.values(paths).flat();
      const files = new Map(all.map((path) => [`/photos/${path}`, readFileSync(join(folder, path))]));
      files.set("/net.onnx", readFileSync(file));
      ({ server, url } = await servePackage({}, files));
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    it("tells them apart in a worker, too", async () => {
      const page = await browser.newPage();
      await page.goto(url);
      const accuracies = await page.evaluate(fineTuneThere, [paths, KINDS, TRANSFORM] as const);
      expect(accuracies[0]).toBeLessThan(0.85);
      expect(accuracies[1]).toBeGreaterThan(0.9);
    }, 240_000);
  });
});

type Given = readonly [paths: Record<string, string[]>, kinds: readonly string[], transform: object];

/** Runs in the page, on the built package. Gives the accuracy on pictures held out, before and after. */
async function fineTuneThere([paths, kinds, transform]: Given): Promise<[number, number]> {
  const load = new Function("path", "return import(path)");
  const entry = (name: string) => load(new URL(`/dist/${name}.js`, location.origin).href);
  const [{ AdamW, crossEntropy, replaceHead }, worker, { importOnnx }, data] = await Promise.all(
    ["index.browser", "worker", "onnx.browser", "data"].map(entry),
  );
  const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const datasetOf = async (part: string) => {
    const pictures = await Promise.all(
      paths[part]!.map(async (path) =>
        data.transformImage(await data.decodeImage(await bytes(`/photos/${path}`)), transform),
      ),
    );
    const size = pictures[0].data.length;
    const x = new Float32Array(pictures.length * size);
    for (const [i, picture] of pictures.entries()) x.set(picture.data, i * size);
    const y = Int32Array.from(paths[part]!, (path) => kinds.findIndex((kind) => path.includes(kind)));
    return data.arrayDataset({ x, y, inputShape: [96, 96, 3], classes: 2 });
  };
  const { network: whole, state } = importOnnx(await bytes("/net.onnx"), { inputShape: [96, 96, 3] });
  const { network, head } = replaceHead(whole, { classes: 2 });
  const model = await worker.createModel(network, { inputShape: [96, 96, 3], seed: 2 });
  await model.loadStateDict(state, { skip: head });
  await worker.freeze(model, /./);
  await worker.unfreeze(model, head);
  const trainer = await worker.createTrainer(model, { loss: crossEntropy(), optimizer: new AdamW({ lr: 5e-3 }) });
  const [train, held] = await Promise.all([datasetOf("train"), datasetOf("held")]);
  const before = await trainer.evaluate(held);
  await trainer.fit(train, { epochs: 12, batchSize: 16 });
  const after = await trainer.evaluate(held);
  await model.dispose();
  return [before.accuracy, after.accuracy];
}
