// MobileNetV2 with ImageNet's weights on photographs, in float32 and in eight bits:
//   node scripts/run.js scripts/int8-photographs.ts [--data ../shared/data] [--ranges mse] [--first] [--calibrate cifar | photographs]
// Exit code 1 where a first class differs or its probability by more than 0.08. Wants the package in dist/.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: fromRoot("../shared/data") },
    ranges: { type: "string" },
    first: { type: "boolean", default: false },
    calibrate: { type: "string", default: "cifar" },
    samples: { type: "string", default: "64" },
    layers: { type: "boolean", default: false },
  },
});
const { loadOnnx } = (await import(fromRoot("dist/onnx.node.js"))) as typeof import("../src/hosts/node/onnx.js");
const { quantize } = (await import(
  fromRoot("dist/quantize.node.js")
)) as typeof import("../src/hosts/node/quantize.js");
const data = (await import(fromRoot("dist/data.js"))) as typeof import("../src/faces/data.js");

const folder = join(values.data, "mobilenet-v2");
const transform = { resize: [224, 224], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
const model = await loadOnnx(readFileSync(join(folder, "mobilenet_v2_imagenet.onnx")), {
  transform,
  classNames: readFileSync(join(folder, "labels.txt"), "utf8").trim().split("\n"),
  threads: 1,
});
const names = ["bird", "cat", "dragonfly", "grace_hopper"];
const photographs = names.map((name) => new Blob([readFileSync(join(folder, `${name}.png`))]));

/** Pictures as the model takes them, one after the other. */
async function inputs(): Promise<Float32Array> {
  const size = 224 * 224 * 3;
  if (values.calibrate === "photographs") {
    const all = await Promise.all(
      photographs.map(async (blob) =>
        data.transformImage(await data.decodeImage(new Uint8Array(await blob.arrayBuffer())), transform),
      ),
    );
    const x = new Float32Array(all.length * size);
    all.forEach((picture, i) => {
      x.set(picture.data, i * size);
    });
    return x;
  }
  const cifar = await data.loadCifar(join(values.data, "cifar-10"), { train: true });
  const n = Number(values.samples);
  const x = new Float32Array(n * size);
  const small = new Float32Array(3072);
  for (let i = 0; i < n; i++) {
    cifar.get([i * 37], small, new Int32Array(1));
    const pixels = Uint8Array.from(small, (p) => Math.round(p * 255));
    const picture = { data: new Uint8Array(32 * 32 * 4), width: 32, height: 32 };
    for (let p = 0; p < 1024; p++) picture.data.set([...pixels.subarray(3 * p, 3 * p + 3), 255], 4 * p);
    x.set(data.transformImage({ ...picture, channels: 4 } as never, transform).data, i * size);
  }
  return x;
}

const before = await model.classify(photographs, { topK: 1 });
const calibration = await inputs();
for (const ranges of values.ranges ? [values.ranges] : ["minmax", "percentile", "mse"]) {
  const quantized = await quantize(model, calibration, { ranges: ranges as "mse", threads: 1, first: values.first });
  const after = await quantized.classify(photographs, { topK: 1 });
  let worst = 0;
  let same = 0;
  for (const [i, [found]] of after.entries()) {
    const [expected] = before[i];
    const difference = Math.abs(found.probability - expected.probability);
    worst = Math.max(worst, difference);
    if (found.index === expected.index) same++;
    console.log(
      `  ${names[i].padEnd(13)} ${expected.name} ${expected.probability.toFixed(3)} -> ${found.name} ${found.probability.toFixed(3)}`,
    );
  }
  const { report } = quantized;
  const integers = report?.layers.filter(({ precision }) => precision === "int8").length;
  console.log(
    `${ranges}: ${same} of ${names.length} first classes the same, probabilities within ${worst.toFixed(3)}; ` +
      `${integers} of ${report?.layers.length} products on integers, error ${report?.error.toFixed(4)}`,
  );
  if (values.layers) for (const layer of report?.layers ?? []) console.log("  ", JSON.stringify(layer));
  if (same < names.length || worst > 0.08) process.exitCode = 1;
}
