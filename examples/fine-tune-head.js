// @ts-check
// Fine-tunes a new head: a pretrained backbone runs once for each image, the head trains on what it says, and the whole
// network with its new head is saved in PyTorch's names.
//
//   node examples/fine-tune-head.js <folder of images by class> <torchvision resnet18.safetensors> <output.safetensors>
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import {
  AdamW,
  cacheFeatures,
  createModel,
  createTrainer,
  crossEntropy,
  freeze,
  Linear,
  readSafetensors,
  resnet18,
} from "resnet-wasm";
import { IMAGENET_TRANSFORM, loadImageFolder } from "resnet-wasm/data";

const [folder, weights, output] = process.argv.slice(2);
if (!folder || !weights || !output) {
  console.error("usage: node examples/fine-tune-head.js <image folder> <weights.safetensors> <output.safetensors>");
  process.exit(2);
}

const images = await loadImageFolder(folder, { transform: IMAGENET_TRANSFORM });
const classes = images.classes;
const model = await createModel(resnet18({ classes }), { inputShape: [224, 224, 3], transform: IMAGENET_TRANSFORM });

// Everything but the head comes from the file; the head of another number of classes stays as it was drawn.
const { tensors } = readSafetensors(readFileSync(weights), { fileName: weights });
model.loadStateDict(tensors, { skip: "fc" });
freeze(model, (name) => !name.startsWith("fc."));

const features = await cacheFeatures(model, images, { layer: "flatten" });
const head = await createModel(new Linear(512, classes), { inputShape: [512] });
const trainer = createTrainer(head, { loss: crossEntropy(), optimizer: new AdamW({ lr: 1e-2 }) });
await trainer.fit(features, { epochs: 50, batchSize: 16 });

const state = [...head.stateDict()].map(([name, tensor]) => /** @type {const} */ ([`fc.${name}`, tensor]));
model.loadStateDict(new Map(state), { strict: false });
const { accuracy = 0 } = await trainer.evaluate(features);
console.log(`${images.length} images of ${images.classNames.join(", ")}: ${(100 * accuracy).toFixed(1)} % right`);

// Written whole or not at all.
writeFileSync(`${output}.part`, await model.save());
renameSync(`${output}.part`, output);
