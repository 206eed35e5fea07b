// What every platform is given, by the entries of this thread: README's page trains, its model is saved and loaded, a picture
// is decoded, and each further entry does its work. Numbers come back as hashes of their bits.
import { createModel, createTrainer, crossEntropy, loadModel, residualMLP, SGD } from "resnet-wasm";
import { decodeImage, glyphs } from "resnet-wasm/data";
import { imagenetNames } from "resnet-wasm/imagenet";
import { loadModel as loadPredictor } from "resnet-wasm/inference";
import { f1 } from "resnet-wasm/metrics";
import { exportOnnx, loadOnnx } from "resnet-wasm/onnx";
import { readPytorch } from "resnet-wasm/pytorch";
import { loadModel as loadQuantized, quantize } from "resnet-wasm/quantize";
import { trainTable } from "resnet-wasm/recipes";
import { compileModel } from "resnet-wasm/standalone";
import { PICTURE, PTH, TABLE } from "./files.js";

/** FNV-1a over bytes. */
export function hash({ buffer, byteOffset, byteLength }) {
  let value = 0x811c9dc5;
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16);
}

/** Of all weights. */
export const hashOf = (state) => hash(Float32Array.from([...state.values()].flatMap(({ data }) => [...data])));

/** The samples of README's page. */
export const samples = () => glyphs({ count: 2000, seed: 1 });

const OPTIONS = { threads: 1, relaxedSimd: false };
export const network = () => residualMLP({ in: 784, width: 64, blocks: 4, out: 10 });
export const modelOptions = { inputShape: [784], ...OPTIONS };
export const trainerOptions = () => ({ loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
export const input = () => Float32Array.from({ length: 784 }, (_, i) => (i % 17) / 17);

export async function work() {
  const model = await createModel(network(), modelOptions);
  const trainer = createTrainer(model, trainerOptions());
  const { epochs } = await trainer.fit(samples(), { epochs: 3, batchSize: 64 });
  const losses = epochs.map(({ loss }) => Number(loss.toFixed(3)));
  const saved = await model.save();
  const outputs = async (given) => hash((await given).predict(input()).data);
  const { metrics } = await trainer.evaluate(samples(), { metrics: [f1()] });
  const { report } = await trainTable(TABLE, {
    target: "kind",
    folds: 2,
    repeats: 1,
    epochs: 1,
    width: 8,
    print: null,
  });
  const bytes = compileModel(model);
  const eight = await quantize(model, samples(), { samples: 64, ...OPTIONS });
  return {
    losses,
    weights: hashOf(model.stateDict()),
    loaded: await outputs(loadModel(saved, OPTIONS)),
    picture: hash((await decodeImage(PICTURE)).data),
    inference: await outputs(loadPredictor(saved, OPTIONS)),
    onnx: await outputs(loadOnnx(await exportOnnx(model), OPTIONS)),
    pytorch: hashOf(readPytorch(PTH).tensors),
    metrics: Number(metrics.f1.toFixed(3)),
    recipes: report.columns.map(({ name, use }) => `${name}: ${use}`).join(),
    standalone: hash(bytes),
    quantized: await outputs(eight),
    quantizedAgain: await outputs(loadQuantized(await eight.save(), OPTIONS)),
    imagenet: imagenetNames[0],
  };
}
