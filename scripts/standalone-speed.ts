// Compiled modules against the library on one thread, in turns: medians of many, as a ratio.
import { compileModel } from "../src/faces/standalone.js";
import { cifarResNet, createModel, type Layer, mobilenetV2, residualMLP, resnet18 } from "../src/hosts/node/index.js";

const RUNS = 60;
const NETWORKS: [name: string, network: Layer, inputShape: number[]][] = [
  ["residual MLP", residualMLP({ in: 20, out: 5, width: 64, blocks: 4, norm: "batch" }), [20]],
  ["ResNet-20", cifarResNet(20), [32, 32, 3]],
  ["ResNet-18, 96 x 96", resnet18(), [96, 96, 3]],
  ["MobileNetV2, 224 x 224", mobilenetV2(), [224, 224, 3]],
];

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1];

let slower = 0;
for (const [name, network, inputShape] of NETWORKS) {
  const model = await createModel(network, { inputShape, seed: 1, threads: 1, relaxedSimd: false });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(compileModel(model)));
  const { memory, input, run } = exports as { memory: WebAssembly.Memory } & Record<string, (n?: number) => number>;
  const data = new Float32Array(inputShape.reduce((a, b) => a * b, 1)).fill(0.3);
  const ways = [
    () => model.predict({ data, shape: [1, ...inputShape] }),
    () => {
      new Float32Array(memory.buffer, input(), data.length).set(data);
      run(1);
    },
  ];
  const times: number[][] = [[], []];
  for (let i = 0; i < RUNS; i++)
    ways.forEach((way, which) => {
      const start = performance.now();
      way();
      if (i >= RUNS / 4) times[which].push(performance.now() - start);
    });
  const [library, compiled] = times.map(median);
  if (compiled > 1.1 * library) slower++;
  console.log(
    `${name}: library ${library.toFixed(3)} ms, compiled ${compiled.toFixed(3)} ms, ${(compiled / library).toFixed(2)}`,
  );
  model.dispose();
}
console.log(`${NETWORKS.length - slower} within 10 %, ${slower} slower`);
process.exitCode = slower > 0 ? 1 : 0;
