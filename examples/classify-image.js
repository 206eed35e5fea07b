// @ts-check
// Loads the weights of a torchvision ResNet from a safetensors file and classifies pictures.
//
//   node examples/classify-image.js <resnet18 … resnet152> <weights.safetensors> <image.jpg or .png>...
import { readFileSync } from "node:fs";
import { createModel, readSafetensors, resnet18, resnet34, resnet50, resnet101, resnet152 } from "resnet-wasm";
import { decodeImage, IMAGENET_TRANSFORM, transformImage } from "resnet-wasm/data";

const networks = { resnet18, resnet34, resnet50, resnet101, resnet152 };
const [name = "", weights, ...images] = process.argv.slice(2);
if (!(name in networks) || !weights || images.length === 0) {
  console.error("usage: node examples/classify-image.js <resnet18 … resnet152> <weights.safetensors> <image>...");
  process.exit(2);
}

const network = networks[/** @type {keyof typeof networks} */ (name)]();
const model = await createModel(network, { inputShape: [224, 224, 3], transform: IMAGENET_TRANSFORM });
model.loadStateDict(readSafetensors(readFileSync(weights), { fileName: weights }).tensors);

for (const path of images) {
  const { data } = transformImage(await decodeImage(readFileSync(path), path), IMAGENET_TRANSFORM);
  const logits = Array.from(model.predict(data).data);
  const best = logits.map((_, i) => i).sort((a, b) => logits[b] - logits[a]);
  console.log(
    path,
    best
      .slice(0, 5)
      .map((i) => `class ${i}: ${logits[i].toFixed(3)}`)
      .join(", "),
  );
}
