// Well-formed arguments, which the fuzzer of arguments damages one at a time. What stands here for no function is looked for
// among `plausible` ones.
import { readFileSync } from "node:fs";

type Module = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: exports are found by looking, without their types
type Any = any;

/** What calls work on; made anew where a call has used it up. */
export interface World {
  main: Any;
  data: Any;
  onnx: Any;
  model: Any;
  images: Any;
  trainer: Any;
  predictor: Any;
  remote: Any;
  remoteTrainer: Any;
  dataset: Any;
  pictures: Any;
  saved: Uint8Array;
  checkpoint: Uint8Array;
  network: Any;
  table: Any;
  transform: Any;
  /** What own layers are given. */
  builder: Any;
  files: Record<"pytorch" | "onnx" | "picture" | "safetensors", Uint8Array>;
  /** Stops what goes on for longer than a call may take. */
  stop: AbortController;
}

const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => ((i * 7) % 11) / 11);

export async function makeWorld(entries: Record<string, Module>, root: URL): Promise<World> {
  const { main, data, onnx, inference, worker } = entries as Record<string, Any>;
  const { Linear, ReLU, Sequential, Conv2d, BatchNorm2d, AdaptiveAvgPool2d, Flatten } = main;
  const network = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3));
  const options = { inputShape: [4], threads: 1, classNames: ["a", "b", "c"] };
  const model = await main.createModel(network, options);
  const head = [new AdaptiveAvgPool2d(1), new Flatten(), new Linear(2, 2)];
  const images = await main.createModel(
    new Sequential(new Conv2d(3, 2, { kernelSize: 3, padding: 1 }), new BatchNorm2d(2), new ReLU(), ...head),
    { inputShape: [4, 4, 3], threads: 1 },
  );
  const optimizer = new main.SGD({ lr: 0.01 });
  const trainer = main.createTrainer(model, { loss: main.crossEntropy(), optimizer });
  const saved = await model.save();
  const dataset = data.arrayDataset({ x: numbers(32), y: [0, 1, 2, 0, 1, 2, 0, 1], classes: 3, inputShape: [4] });
  const pictures = data.arrayDataset({ x: numbers(192), y: [0, 1, 0, 1], classes: 2, inputShape: [4, 4, 3] });
  const table = data.readCsv("a,b,t\n1,x,2\n2,y,3\n3,x,5\n4,y,8\n", { target: "t" });
  const remote = worker && (await worker.createModel(network, options));
  let builder: Any;
  class Probe extends main.Layer {
    type = "Probe";
    args = () => [];
    record(b: Any, given: Any) {
      builder = b;
      return given;
    }
  }
  (await main.createModel(new Probe(), { inputShape: [4, 4, 3] })).dispose();
  const golden = JSON.parse(readFileSync(new URL("test/golden/images/pictures.json", root), "utf8"));
  const [picture] = Object.values<{ file: string }>(golden.files);
  return {
    ...{ main, data, onnx, model, images, trainer, dataset, pictures, saved, network, table, remote, builder },
    predictor: await inference.loadModel(saved, { threads: 1 }),
    remoteTrainer: remote && (await worker.createTrainer(remote, { loss: main.crossEntropy(), optimizer })),
    checkpoint: await trainer.save(),
    transform: data.fitTable(table),
    files: {
      pytorch: new Uint8Array(readFileSync(new URL("test/golden/pytorch/checkpoint.pth", root))),
      onnx: onnx.exportOnnx(images),
      picture: Uint8Array.from(Buffer.from(picture!.file, "base64")),
      safetensors: main.writeSafetensors(model.stateDict()),
    },
    stop: new AbortController(),
  };
}

const picture = (): object => ({ data: new Uint8Array(48).fill(9), width: 4, height: 4 });
const x = (): Float32Array => numbers(8);
const images = (): Float32Array => numbers(96);
const labels = (): number[] => [0, 2];

const fit = (w: World): unknown[] => [
  w.dataset,
  { epochs: 1, batchSize: 4, signal: w.stop.signal, maxSteps: 3, validation: w.dataset, onStep: () => {} },
];

/** By the names of subjects; functions of several entries stand once, without the entry. */
export const BASES: Readonly<Record<string, (w: World) => unknown[]>> = {
  createModel: (w) => [w.network, { inputShape: [4], threads: 1 }],
  loadModel: (w) => [w.saved.slice(), { threads: 1 }],
  createTrainer: (w) => [
    w.model,
    {
      loss: w.main.mse(),
      optimizer: new w.main.Adam(),
      schedule: w.main.constant(),
      groups: [{ match: "0", lrScale: 2 }],
    },
  ],
  "worker: createTrainer": (w) => [w.remote, { loss: w.main.mse(), optimizer: new w.main.Adam() }],
  freeze: (w) => [w.model, /weight/],
  unfreeze: (w) => [w.model, "0"],
  "worker: freeze": (w) => [w.remote, "0"],
  "worker: unfreeze": (w) => [w.remote, "0"],
  activations: (w) => [w.model, x(), ["0"]],
  "worker: activations": (w) => [w.remote, x(), ["0"]],
  gradCam: (w) => [w.images, images(), { layer: "0", target: 1 }],
  "worker: gradCam": (w) => [w.remote, x(), { layer: "0", target: 1 }],
  gradcheck: (w) => [w.model, { seed: 1 }],
  cacheFeatures: (w) => [w.model, w.dataset, { layer: "0", batchSize: 4 }],
  readSafetensors: (w) => [w.files.safetensors.slice(), {}],
  readSafetensorsStream: (w) => [new Blob([w.files.safetensors as Uint8Array<ArrayBuffer>]).stream(), {}],
  writeSafetensors: (w) => [w.model.stateDict(), { metadata: { a: "b" }, dtype: "F16" }],
  registerLayer: () => ["Junk", class {}],
  layerFromJSON: (w) => [JSON.parse(JSON.stringify(w.network))],
  residualTwin: (w) => [w.network, { every: 1 }],
  plainTwin: (w) => [w.network],
  readPytorch: (w) => [w.files.pytorch.slice(), {}],
  importOnnx: (w) => [w.files.onnx.slice(), {}],
  loadOnnx: (w) => [w.files.onnx.slice(), { threads: 1 }],
  exportOnnx: (w) => [w.images, { opset: 17 }],
  doctor: () => [{ reading: false }],
  progressBar: () => [{ stream: { isTTY: false, columns: 80, write: () => true } }],
  oneCycle: () => [{ totalSteps: 10 }],
  decodeImage: (w) => [w.files.picture.slice(), {}],
  toImage: () => [picture(), {}],
  transformImage: () => [picture(), { mean: [0, 0, 0], std: [1, 1, 1], resize: [4, 4], crop: 4 }],
  transformedShape: () => [{ mean: [0, 0, 0], std: [1, 1, 1], resize: [4, 4] }, 8, 8],
  resizeImage: () => [picture(), 2, 2],
  arrayDataset: () => [{ x: numbers(32), y: [0, 1, 2, 0, 1, 2, 0, 1], classes: 3, inputShape: [4] }],
  readCsv: () => ["a,b\n1,x\n2,y\n", { target: "b", missing: ["x"], ignore: [] }],
  makeTable: (w) => [w.table.columns, w.table.target, "number", { where: "test" }],
  fitTable: (w) => [w.table, { scaling: "quantile" }],
  splitTable: (w) => [w.table, 0.5, { seed: 1 }],
  tableRows: (w) => [w.table, [0, 1]],
  "data: TableTransform.fromJSON": (w) => [w.transform.toJSON()],
  "new data: TableTransform": (w) => [w.transform.toJSON()],
  augment: (w) => [w.pictures, [w.data.horizontalFlip(), w.data.randomCrop({ padding: 1 })], { seed: 1 }],
  withRows: (w) => [w.dataset],
  subset: (w) => [w.dataset, [0, 1, 2]],
  split: (w) => [w.dataset, 0.5, { seed: 1 }],
  mapInputs: (w) => [w.dataset, (input: Float32Array) => input, [4]],
  normalise: (w) => [w.pictures, { mean: [0, 0, 0], std: [1, 1, 1] }],
  channelStatistics: (w) => [w.pictures],
  glyphs: () => [{ length: 4, seed: 1 }],
  gunzip: () => [Uint8Array.from(Buffer.from("H4sIAAAAAAAAA0tMBABtGJbnAgAAAA==", "base64")), "a.gz", 100],
  readIdx: () => [Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6), "a"],
  readCifar: () => [new Uint8Array(3073), {}],
  sha256Hex: () => [new Uint8Array(4)],
  loadMnist: () => ["/nowhere", { split: "train" }],
  loadCifar: () => ["/nowhere", { split: "train" }],
  loadImageFolder: () => ["/nowhere", { transform: { mean: [0], std: [1], resize: [4, 4] } }],
  "new main: Sequential": (w) => [{ a: new w.main.Linear(2, 2), b: new w.main.ReLU() }, { names: { b: "" } }],
  "new main: Residual": (w) => [new w.main.Linear(4, 4), { shortcut: "projection", activation: new w.main.ReLU() }],
  "model.predict": () => [x(), { batchSize: 1 }],
  "model.classify": () => [picture(), { topK: 1 }],
  "images.classify": () => [picture(), { topK: 1 }],
  "model.forward": () => [x(), { training: true }],
  "model.backward": () => [numbers(6)],
  "model.loadStateDict": (w) => [w.model.stateDict(), { strict: true }],
  "model.memoryPlan": () => [{ batchSize: 2, training: true }],
  "model.profile": () => [x(), { repetitions: 1 }],
  "model.save": () => [{ dtype: "F16" }],
  "trainer.step": () => [x(), labels()],
  "trainer.fit": fit,
  "trainer.evaluate": (w) => [w.dataset, { batchSize: 2, signal: w.stop.signal }],
  "trainer.load": (w) => [w.checkpoint.slice(), { override: ["lr"] }],
  "remote.predict": () => [x(), { batchSize: 1 }],
  "remote.classify": () => [picture(), {}],
  "remote.forward": () => [x(), { training: true }],
  "remote.backward": () => [numbers(6)],
  "remote.loadStateDict": (w) => [w.model.stateDict(), {}],
  "remote.profile": () => [x(), { repetitions: 1 }],
  "remote.activations": () => [x(), ["0"]],
  "remoteTrainer.step": () => [x(), labels()],
  "remoteTrainer.fit": fit,
  "remoteTrainer.evaluate": (w) => [w.dataset, { batchSize: 2 }],
  "remoteTrainer.load": (w) => [w.checkpoint.slice(), {}],
  conv2d: (w) => [w.builder, 0, 0, {}],
  concat: (w) => [w.builder, [0, 0], 1],
  slice: (w) => [w.builder, 0, { axis: 1 }],
  pad: (w) => [
    w.builder,
    0,
    [
      [0, 0],
      [1, 1],
    ],
  ],
  transpose: (w) => [w.builder, 0, [0, 1, 2, 3]],
  recalibrate: (w) => [w.images, w.pictures, {}],
  "worker: recalibrate": (w) => [w.remote, w.dataset, {}],
  "builder.child": (w) => ["a", new w.main.ReLU(), 0],
  "builder.parameter": () => ["w", [2, 2], { init: "he" }],
  "builder.buffer": () => ["r", [2], 1],
  "builder.linear": () => [0, 0, 0],
  "builder.dropout": () => [0, 0.5, 1],
  "builder.reshape": () => [0, [1, 48]],
  "builder.adaptiveAvgPool2d": () => [0, [1, 1]],
  "dataset.get": () => [[0, 1], new Float32Array(8), new Int32Array(2)],
  "transform.transform": (w) => [w.table],
  "transform.inputs": (w) => [w.table],
  "transform.inverse": () => [[1, 2]],
};

/** Arguments that many functions take somewhere. */
export const PLAUSIBLE: readonly ((w: World) => unknown)[] = [
  () => 1,
  () => 2,
  () => 4,
  () => 20,
  () => 0.5,
  () => ({}),
  () => ({ p: 0.5 }),
  () => ({ lr: 0.1 }),
  () => ({ kernelSize: 3 }),
  () => ({ stride: 2 }),
  () => ({ size: 2 }),
  () => ({ padding: 1 }),
  () => ({ classes: 3 }),
  () => ({ in: 4, width: 4, out: 2, blocks: 1 }),
  () => ({ brightness: 0.1 }),
  () => [2, 4],
  () => [[2, 4], 0.1],
  () => "small",
  () => "b0",
  (w) => new w.main.ReLU(),
  (w) => new w.main.Linear(4, 4),
  (w) => w.network,
  (w) => w.model,
  (w) => w.dataset,
  x,
];
