// @ts-check
// Trains ResNet-20 on CIFAR-10 as He et al. did: SGD with momentum 0.9, weight decay 1e-4, learning rate 0.1, crops
// padded by 4 pixels, and horizontal flips; here with a cosine schedule over a few epochs.
//
//   node examples/cifar-resnet.js <folder with data_batch_*.bin and test_batch.bin> [epochs] [samples] [seed]
import { cifarResNet, cosineAnnealing, createModel, createTrainer, crossEntropy, SGD } from "resnet-wasm";
import { augment, horizontalFlip, loadCifar, normalise, randomCrop, subset } from "resnet-wasm/data";
import { progressBar } from "resnet-wasm/progress";

const [folder, epochs = "5", samples = "Infinity", seed = "0"] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node examples/cifar-resnet.js <CIFAR-10 folder> [epochs] [samples] [seed]");
  process.exit(2);
}

const pixels = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };
const all = await loadCifar(folder, { train: true });
const count = Math.min(Number(samples), all.length);
const train = subset(
  all,
  Uint32Array.from({ length: count }, (_, i) => i),
);
const test = normalise(await loadCifar(folder, { train: false }), pixels);
const augmented = augment(train, [randomCrop({ padding: 4 }), horizontalFlip()], { seed: Number(seed) });

const batchSize = 128;
const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3], seed: Number(seed) });
const trainer = createTrainer(model, {
  loss: crossEntropy(),
  optimizer: new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 1e-4 }),
  schedule: cosineAnnealing({ tMax: Number(epochs) * Math.ceil(count / batchSize) }),
});
await trainer.fit(normalise(augmented, pixels), { epochs: Number(epochs), batchSize, callbacks: [progressBar()] });
const { accuracy = 0, loss } = await trainer.evaluate(test);
console.log(`test accuracy ${(100 * accuracy).toFixed(2)} %, loss ${loss.toFixed(4)} (${model.info.why})`);
