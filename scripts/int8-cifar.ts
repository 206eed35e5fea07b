// ResNet-20 and -56 on CIFAR-10 in eight bits: accuracy on the 10,000 test images before and after, at least the bars of docs/quantize.md:
//   node scripts/run.js scripts/int8-cifar.ts [--data ../shared/data] [--only 20] [--ranges mse] [--samples 512] [--first] [--images 10000]
// Exit code 1 where more than 0.2 points are lost. Wants the package in dist/.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: fromRoot("../shared/data") },
    only: { type: "string" },
    ranges: { type: "string" },
    samples: { type: "string", default: "512" },
    images: { type: "string", default: "10000" },
    first: { type: "boolean" },
    float: { type: "boolean" },
  },
});
type Main = typeof import("../src/hosts/node/index.js");
type Quantize = typeof import("../src/hosts/node/quantize.js");
const { cifarResNet, createModel, readSafetensors } = (await import(fromRoot("dist/index.node.js"))) as Main;
const data = (await import(fromRoot("dist/data.js"))) as typeof import("../src/faces/data.js");
const { loadModel, quantize } = (await import(fromRoot("dist/quantize.node.js"))) as Quantize;

const pixels = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const folder = join(values.data, "cifar-10");
const [train, test] = await Promise.all(
  [true, false].map(async (isTrain) => data.normalise(await data.loadCifar(folder, { train: isTrain }), pixels)),
);
const images = data.take(test, Number(values.images));
const networks = [
  { depth: 20 as const, file: "resnet20-12fca82f" },
  { depth: 56 as const, file: "resnet56-4bfd9763" },
].filter(({ depth }) => values.only === undefined || Number(values.only) === depth);
let worst = 0;
for (const { depth, file } of networks) {
  const model = await createModel(cifarResNet(depth), { inputShape: [32, 32, 3] });
  const { tensors } = readSafetensors(readFileSync(join(values.data, "cifar10-resnets", `${file}.safetensors`)));
  model.loadStateDict(tensors, { rename: (name) => name.replace(/^linear/, "fc") });
  for (const ranges of values.ranges ? [values.ranges] : ["minmax", "percentile", "mse"]) {
    const start = performance.now();
    const quantized = await quantize(model, train, {
      ranges: ranges as "mse",
      samples: Number(values.samples),
      validation: images,
      first: values.first ?? false,
    });
    const { report } = quantized;
    if (!report?.accuracy) throw new Error("no accuracy");
    const { before, after } = report.accuracy;
    const lost = 100 * (before - after);
    worst = Math.max(worst, lost);
    const file = await quantized.save();
    const again = await loadModel(file);
    const x = new Float32Array(8 * 3072).map((_, i) => Math.sin(i));
    const [a, b] = [quantized.predict(x), again.predict(x)];
    const same = a.data.every((value, i) => Object.is(value, b.data[i]));
    const integers = report.layers.filter(({ precision }) => precision === "int8").length;
    const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
    console.log(
      `ResNet-${depth} ${ranges.padEnd(10)} ${percent(before)} -> ${percent(after)} (${lost.toFixed(2)} points lost), ` +
        `agreement ${percent(report.agreement)}, error ${report.error.toFixed(4)}, ${integers} of ${report.layers.length} ` +
        `products on integers, ${file.length} bytes, loaded again ${same ? "the same" : "DIFFERENT"}, ` +
        `${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
    if (!same) process.exitCode = 1;
  }
}
if (worst > 0.2) process.exitCode = 1;
console.log(`at most ${worst.toFixed(2)} points lost`);
