// @ts-check
// Makes the file that the worker holds: a CIFAR ResNet with its weights, its architecture and how images are prepared.
//
//   node examples/edge/pack-model.js <weights.safetensors> [output] [depth]
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cifarResNet, createModel, readSafetensors } from "resnet-wasm";

const beside = fileURLToPath(new URL("model.safetensors", import.meta.url));
const [weights, output = beside, depth = "20"] = process.argv.slice(2);
if (!weights) {
  console.error("usage: node examples/edge/pack-model.js <weights.safetensors> [output] [depth]");
  process.exit(2);
}

const transform = { resize: [32, 32], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const model = await createModel(cifarResNet(Number(depth)), { inputShape: [32, 32, 3], transform });
const { tensors } = readSafetensors(readFileSync(weights), { fileName: weights });
// Some published weights call the last layer "linear".
model.loadStateDict(tensors, { rename: (name) => name.replace(/^linear\./, "fc.") });
const bytes = await model.save();
writeFileSync(output, bytes);
console.log(`${output}: ${bytes.length} bytes, ${model.memoryPlan({ batchSize: 1, training: false }).total} in use`);
