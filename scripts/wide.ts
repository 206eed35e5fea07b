/**
 * Wide kernels against the usual ones, in processes of their own, in turns: the flag holds for all that a process compiles.
 *
 *   npm run build && node scripts/run.js scripts/wide.ts [--node <Node 24 or later>] [--rounds 5] [--only ResNet-50]
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: {
    node: { type: "string", default: fromRoot("test/e2e/runtimes/node_modules/node26/bin/node") },
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
  },
});
if (!existsSync(values.node)) throw new Error(`no ${values.node}: npm ci --prefix test/e2e/runtimes, or give --node`);

/** [network, shape of a sample, samples, training, times as fast as without at least] */
const TASKS: Record<string, [string, number[], number, boolean, number]> = {
  "ResNet-50, one picture": ["resnet50()", [224, 224, 3], 1, false, 1.5],
  "ResNet-18, one picture": ["resnet18()", [224, 224, 3], 1, false, 1],
  "MobileNetV2, one picture": ["mobilenetV2()", [224, 224, 3], 1, false, 1],
  "ConvNeXt atto, one picture": ['convnext("atto")', [224, 224, 3], 1, false, 1],
  "ResNet-20, training 128": ["cifarResNet(20)", [32, 32, 3], 128, true, 1.25],
};

/** Gives the least time of some runs (ms). */
const PROGRAM = `
import { cifarResNet, convnext, createModel, createTrainer, crossEntropy, mobilenetV2, resnet18, resnet50, SGD } from "LIBRARY";
const [inputShape, n, train, wide] = ARGUMENTS;
const model = await createModel(NETWORK, { inputShape, threads: 1, seed: 1, wide });
const data = Float32Array.from({ length: n * inputShape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));
const labels = Int32Array.from({ length: n }, (_, i) => i % 10);
const trainer = train && createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 1e-3 }) });
let best = Infinity;
for (const end = performance.now() + 1500; performance.now() < end; ) {
  const start = performance.now();
  trainer ? trainer.step(data, labels) : model.predict({ data, shape: [n, ...inputShape] });
  best = Math.min(best, performance.now() - start);
}
console.log(best);
`;

function time(network: string, ...given: unknown[]): number {
  const library = new URL(`file://${fromRoot("dist/index.node.js")}`).href;
  const program = PROGRAM.replace("LIBRARY", library)
    .replace("NETWORK", network)
    .replace("ARGUMENTS", JSON.stringify(given));
  return Number(execFileSync(values.node, ["--input-type=module", "-e", program], { encoding: "utf8" }));
}

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1];

for (const [name, [network, shape, n, train, least]] of Object.entries(TASKS).filter(([each]) =>
  each.includes(values.only),
)) {
  const ratios: number[] = [];
  let best = [Infinity, Infinity];
  for (let round = 0; round < Number(values.rounds); round++) {
    const times = [false, true].map((wide) => time(network, shape, n, train, wide));
    ratios.push(times[0] / times[1]);
    best = best.map((ms, i) => Math.min(ms, times[i]));
  }
  const ratio = median(ratios);
  if (ratio < least) process.exitCode = 1;
  const times = best.map((ms) => `${ms.toFixed(1)} ms`);
  console.log(`${name}: ${times[0]}, wide ${times[1]}: ${ratio.toFixed(2)} times as fast (at least ${least})`);
}
