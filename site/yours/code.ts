/** Programs that do what the page does, for Node: the same network, options and data from files. A test runs them. */
import type { Duration, Kind } from "./worker/protocol.js";
import { STEPS } from "./worker/protocol.js";

const KEEP = `import { writeFile } from "node:fs/promises";
import { exportOnnx } from "resnet-wasm/onnx";
import { compileModel } from "resnet-wasm/standalone";
`;
const SAVE = `
await writeFile("yours.safetensors", await model.save());
await writeFile("yours.onnx", exportOnnx(model));
await writeFile("yours.wasm", compileModel(model));
`;

/** The loop that pictures and sensors share. */
const loop = (steps: number, data: string) => `
const [train, held] = split(all, 0.8, { seed: 1, stratify: true });
const epochs = Math.max(1, Math.round(${steps} / Math.ceil(train.length / 16)));
const tMax = epochs * Math.max(1, Math.floor(train.length / 16));
const trainer = createTrainer(model, {
  loss: crossEntropy(),
  optimizer: new AdamW({ lr: 2e-3 }),
  schedule: cosineAnnealing({ tMax }),
  clipGradNorm: 1,
});
await trainer.fit(${data}, { epochs, batchSize: 16, dropLast: train.length > 16, validation: held });
const { accuracy, metrics } = await trainer.evaluate(held, { metrics: [confusionMatrix(), mistakes()] });
console.log(accuracy, metrics.confusionMatrix, metrics.mistakes);
`;

const pictures = (
  steps: number,
) => `${KEEP}import { AdamW, cifarResNet, cosineAnnealing, createModel, createTrainer, crossEntropy } from "resnet-wasm";
import { augment, loadImageFolder, randomCrop, split } from "resnet-wasm/data";
import { confusionMatrix, mistakes } from "resnet-wasm/metrics";

// pictures/<kind>/<name>.jpg or .png
const transform = { resize: [32, 32], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const all = await loadImageFolder("pictures", { transform });
const { classes, classNames } = all;
const model = await createModel(cifarResNet(8, { classes }), { inputShape: [32, 32, 3], seed: 1, classNames, transform });
${loop(steps, "augment(train, [randomCrop({ padding: 3 })])")}${SAVE}`;

const table = (target: string) => `${KEEP}import { readFile } from "node:fs/promises";
import { trainTable } from "resnet-wasm/recipes";

const csv = await readFile("yours.csv", "utf8");
const { model, evaluation, report } = await trainTable(csv, { target: ${JSON.stringify(target)}, repeats: 1, epochs: 60 });
console.log(evaluation.metrics, report.text);
${SAVE}`;

const sensor = (steps: number) => `${KEEP}import { readFile } from "node:fs/promises";
import { AdamW, cosineAnnealing, createModel, createTrainer, crossEntropy, resnet1d } from "resnet-wasm";
import { arrayDataset, augment, channelStatistics, jitter, normalise, readCsv, scaling, split } from "resnet-wasm/data";
import { confusionMatrix, mistakes } from "resnet-wasm/metrics";

// One row a moment, a column for each reading, a last column with the name of what is happening.
const { columns } = readCsv(await readFile("readings.csv", "utf8"));
const labels = columns.at(-1).text;
const channels = columns.slice(0, -1);
const classNames = [...new Set(labels)];
const length = 32; // rows of a window; windows overlap by half, and hold one kind each
const begins = labels.flatMap((name, i) => (i % 16 === 0 && labels.slice(i, i + length).every((own) => own === name) && i + length <= labels.length ? [i] : []));
const x = begins.flatMap((at) => Array.from({ length }, (_, row) => channels.map(({ numbers }) => numbers[at + row])).flat());
const y = begins.map((at) => classNames.indexOf(labels[at]));

const inputShape = [length, channels.length];
const windows = arrayDataset({ x, y, inputShape, classes: classNames.length, classNames });
const statistics = channelStatistics(windows);
const all = normalise(windows, statistics);
const network = resnet1d({ in: channels.length, classes: classNames.length, channels: [16, 32, 32] });
const transform = { channels: channels.map(({ name }) => name), mean: [...statistics.mean], std: [...statistics.std] };
const model = await createModel(network, { inputShape, seed: 1, classNames, transform });
${loop(steps / 2, "augment(train, [jitter({ std: 0.05 }), scaling({ std: 0.1 })])")}${SAVE}`;

const network = (file: string) => {
  const isOnnx = /\.onnx$/i.test(file);
  const reading = isOnnx
    ? `const pretrained = await loadOnnx(await readFile(${JSON.stringify(file)}));
const transform = { resize: pretrained.inputShape.slice(0, 2), mean: IMAGENET_TRANSFORM.mean, std: IMAGENET_TRANSFORM.std };`
    : `const transform = IMAGENET_TRANSFORM;
const pretrained = await createModel(resnet18(), { inputShape: [224, 224, 3], transform });
pretrained.loadStateDict(readPytorch(await readFile(${JSON.stringify(file || "resnet18.pth")})).tensors);`;
  const imports = isOnnx
    ? `import { loadOnnx } from "resnet-wasm/onnx";`
    : `import { createModel, resnet18 } from "resnet-wasm";
import { readPytorch } from "resnet-wasm/pytorch";`;
  return `${KEEP}import { readFile } from "node:fs/promises";
${imports}
import { IMAGENET_TRANSFORM, loadImageFolder } from "resnet-wasm/data";
import { fineTune } from "resnet-wasm/recipes";

${reading}
const pictures = await loadImageFolder("pictures", { transform }); // pictures/<kind>/<name>.jpg or .png
const { model, evaluation } = await fineTune(pretrained, pictures, { batchSize: 16 });
console.log(evaluation.accuracy, evaluation.metrics.confusionMatrix);
${SAVE}`;
};

export interface Chosen {
  duration: Duration;
  /** Column that a table's network says. */
  target: string;
  /** Name of the file that is fine-tuned. */
  file: string;
}

export function codeOf(kind: Kind, { duration, target, file }: Chosen): string {
  const steps = STEPS[duration];
  return { pictures: pictures(steps), table: table(target), sensor: sensor(steps), network: network(file) }[kind];
}
