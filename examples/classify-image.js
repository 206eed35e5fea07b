// @ts-check
// Loads torchvision's weights of a network, from a safetensors file or a .pth, and classifies pictures.
//
//   node examples/classify-image.js <resnet18, mobilenet_v2, …> <weights.safetensors or .pth> <image.jpg or .png>...
import { readFileSync } from "node:fs";
import {
  convnext,
  createModel,
  densenet,
  efficientnet,
  mobilenetV2,
  mobilenetV3,
  readSafetensors,
  regnet,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50_32x4d,
  wide_resnet50_2,
} from "resnet-wasm";
import { decodeImage, IMAGENET_TRANSFORM, transformImage } from "resnet-wasm/data";
import { readPytorch } from "resnet-wasm/pytorch";

const networks = {
  ...{ resnet18, resnet34, resnet50, resnet101, resnet152, resnext50_32x4d, wide_resnet50_2 },
  mobilenet_v2: () => mobilenetV2(),
  mobilenet_v3_small: () => mobilenetV3("small"),
  mobilenet_v3_large: () => mobilenetV3("large"),
  efficientnet_b0: () => efficientnet("b0"),
  convnext_tiny: () => convnext("tiny"),
  regnet_y_400mf: () => regnet("y_400mf"),
  densenet121: () => densenet(121),
};
const [name = "", weights, ...images] = process.argv.slice(2);
if (!(name in networks) || !weights || images.length === 0) {
  console.error("usage: node examples/classify-image.js <network> <weights.safetensors or .pth> <image>...");
  console.error(`networks: ${Object.keys(networks).join(", ")}`);
  process.exit(2);
}

const network = networks[/** @type {keyof typeof networks} */ (name)]();
const model = await createModel(network, { inputShape: [224, 224, 3], transform: IMAGENET_TRANSFORM });
const read = /\.pth?$/.test(weights) ? readPytorch : readSafetensors;
model.loadStateDict(read(readFileSync(weights), { fileName: weights }).tensors);

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
