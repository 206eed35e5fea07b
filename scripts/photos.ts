// A folder of JPEGs of 500x375 while ResNet-18 trains on one thread at 224x224: decoded and augmented in a worker thread, against
// samples that are in memory, in turns: node scripts/run.js scripts/photos.ts [--count 2000] [--steps 8] [--rounds 3]. Wants the package in
// dist/. Exit code 1 below 0.9 of the speed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import jpeg from "jpeg-js";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "2000" },
    steps: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
  },
});
const [count, steps, rounds] = [values.count, values.steps, values.rounds].map(Number);
type Main = typeof import("../src/hosts/node/index.js");
const { createModel, createTrainer, crossEntropy, resnet18, SGD } = (await import(
  fromRoot("dist/index.node.js")
)) as Main;
const data = (await import(fromRoot("dist/data.js"))) as typeof import("../src/faces/data.js");

const BATCH = 16;
const folder = mkdtempSync(join(tmpdir(), "resnet-wasm-photos-"));
try {
  writePhotos();
  const photos = await data.loadImageFolder(folder, { transform: data.IMAGENET_TRANSFORM, cacheBytes: 0 });
  const augmented = data.augment(photos, [data.randomResizedCrop(), data.horizontalFlip()]);
  const ahead = data.prefetch(augmented);
  const x = new Float32Array(BATCH * steps * 224 * 224 * 3);
  const y = new Int32Array(BATCH * steps);
  photos.get([...y.keys()], x, y);
  const decoded = data.arrayDataset({ x, y, inputShape: [224, 224, 3], classes: 2, classNames: ["a", "b"] });

  const model = await createModel(resnet18({ classes: 2 }), { inputShape: [224, 224, 3], threads: 1 });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.01 }) });
  const secondsOf = async (dataset: typeof decoded) => {
    const started = performance.now();
    await trainer.fit(dataset, { batchSize: BATCH, maxSteps: steps, epochs: 1000 });
    return (performance.now() - started) / 1000;
  };
  await secondsOf(data.take(decoded, BATCH * 2)); // kernels and plans
  await secondsOf(data.take(ahead, BATCH * 2)); // the worker
  let [memory, files] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    memory += await secondsOf(decoded);
    files += await secondsOf(ahead);
  }
  const speed = (seconds: number) => `${((BATCH * steps * rounds) / seconds).toFixed(2)} pictures a second`;
  console.log(
    `decoded: ${speed(memory)}; from ${count} JPEGs: ${speed(files)}; ${(memory / files).toFixed(3)} of the speed`,
  );
  process.exitCode = memory / files < 0.9 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Smooth colours and noise, as photographs have: some 50 KB each. */
function writePhotos(): void {
  const [width, height] = [500, 375];
  const pixels = Buffer.alloc(width * height * 4);
  for (const name of ["a", "b"]) mkdirSync(join(folder, name));
  let state = 1;
  for (let i = 0; i < 20; i++) {
    for (let at = 0; at < pixels.length; at++) {
      const [px, py] = [(at >> 2) % width, Math.floor((at >> 2) / width)];
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      pixels[at] = 128 + 90 * Math.sin(px / (20 + i) + (at & 3)) * Math.cos(py / (30 + i)) + (state >>> 27);
    }
    const { data: bytes } = jpeg.encode({ width, height, data: pixels }, 85);
    for (let k = i; k < count; k += 20) writeFileSync(join(folder, "ab"[k % 2], `${k}.jpg`), bytes);
  }
}
