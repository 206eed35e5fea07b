// Whole networks in eight bits beside float32, batch 1, in turns, best of many, processor time (of one thread; of more, elapsed time): ResNet-50,
// ResNet-18, MobileNetV2, ResNet-20 with weights by a seed:
//   node scripts/run.js scripts/int8-nets.ts [--rounds 40] [--only resnet50] [--first] [--tune] [--threads 1] [--plain]
// "--plain" leaves out the instruction of processors with VNNI.
// Exit code 1 where ResNet-50 is below 1.4 times the speed with relaxed SIMD, or with VNNI and "--first" below 2.8 times. Wants the package in dist/.
import { parseArgs } from "node:util";
import { CONTROL } from "../src/abi/control.js";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "40" },
    only: { type: "string" },
    threads: { type: "string", default: "1" },
    first: { type: "boolean", default: false },
    tune: { type: "boolean", default: false },
    plain: { type: "boolean", default: false },
    layers: { type: "boolean", default: false },
  },
});
type Main = typeof import("../src/hosts/node/index.js");
const { cifarResNet, createModel, mobilenetV2, resnet18, resnet50 } = (await import(
  fromRoot("dist/index.node.js")
)) as Main;
const { quantize } = (await import(
  fromRoot("dist/quantize.node.js")
)) as typeof import("../src/hosts/node/quantize.js");

const networks = {
  resnet50: [() => resnet50(), 224],
  resnet18: [() => resnet18(), 224],
  mobilenetV2: [() => mobilenetV2(), 224],
  resnet20: [() => cifarResNet(20), 32],
} as const;
const threads = Number(values.threads);
/** Milliseconds. */
const clock = (): number => {
  if (threads > 1) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let [ratio50, bar] = [Infinity, 1.4];
for (const [name, [make, size]] of Object.entries(networks)) {
  if (values.only !== undefined && !values.only.split(",").includes(name)) continue;
  const model = await createModel(make(), { inputShape: [size, size, 3], threads });
  const x = Float32Array.from({ length: 4 * size * size * 3 }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011));
  const quantized = await quantize(model, x, { threads, first: values.first, tune: values.tune });
  const control = new Int32Array(quantized.engine.executor.memory.memory.buffer, CONTROL.vnni, 1);
  if (values.plain) control[0] = 0;
  const way = control[0] === 1 ? "with VNNI" : "without VNNI";
  const one = x.subarray(0, size * size * 3);
  for (let i = 0; i < 5; i++) for (const each of [model, quantized]) each.predict(one);
  const least = [Infinity, Infinity];
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, each] of [model, quantized].entries()) {
      const start = clock();
      each.predict(one);
      least[i] = Math.min(least[i], clock() - start);
    }
  const ratio = least[0] / least[1];
  if (name === "resnet50") [ratio50, bar] = [ratio, control[0] === 1 && values.first ? 2.8 : 1.4];
  const { report } = quantized;
  const integers = report?.layers.filter(({ precision }) => precision === "int8").length;
  console.log(
    `${name.padEnd(12)} ${ratio.toFixed(2)} times as fast (${least.map((ms) => ms.toFixed(2)).join(" -> ")} ms), ${integers} of ${report?.layers.length} products ` +
      `on integers, error ${report?.error.toFixed(4)}, ${((100 * (report?.bytes.after ?? 0)) / (report?.bytes.before ?? 1)).toFixed(1)} % of the bytes; ` +
      `${way}; ${quantized.info.why}`,
  );
  if (values.layers) for (const layer of report?.layers ?? []) console.log("  ", JSON.stringify(layer));
  for (const each of [model, quantized]) each.dispose();
}
if (process.versions.node >= "24" && ratio50 < bar) process.exitCode = 1;
