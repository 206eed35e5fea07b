// node lacking.js <global> <folder>: calls every part of the package in a process that lacks it, as jsdom, worklets or pages without https
// do. Prints what becomes of each.
import { readFileSync } from "node:fs";

const [lacking, files] = process.argv.slice(2);
/** Made where nothing is missing. */
const given = (name) => new Uint8Array(readFileSync(`${files}/${name}`));
const [saved, checkpoint, onnx, pth, png, zipped] = ["saved", "checkpoint", "onnx", "pth", "png", "zipped"].map(given);
delete globalThis[lacking];

const seen = {};
async function attempt(name, task) {
  try {
    await task();
    seen[name] = "fine";
  } catch (error) {
    seen[name] = `${error?.name}: ${error?.message}`;
  }
}

let model;
let trainer;
const names = ["index.node", "inference.node", "data", "pytorch", "onnx.node", "worker.node", "doctor", "progress"];
const entries = {};
for (const name of names)
  await attempt(`import ${name}`, async () => {
    entries[name] = await import(`../../../dist/${name}.js`);
  });
const { "index.node": main, "inference.node": inference, data } = entries;
const dataset = () =>
  data.arrayDataset({ x: new Float32Array(64), y: new Int32Array(16), inputShape: [4], classes: 2 });
const network = () => new main.Linear(4, 2);

await attempt("createModel", async () => {
  model = await main.createModel(network(), { inputShape: [4] });
});
await attempt("threads", async () => {
  const threaded = await main.createModel(network(), { inputShape: [4], threads: { force: 2 } });
  threaded.predict(new Float32Array(4));
  threaded.dispose();
});
await attempt("loadModel", () => main.loadModel(saved));
await attempt("inference", async () => (await inference.loadModel(saved)).predict(new Float32Array(4)));
await attempt("readCsv", () => {
  const table = data.readCsv("a,b\n1,2\n3,4\n5,6\n", { target: "b" });
  const transform = data.fitTable(table);
  data.TableTransform.fromJSON(transform.toJSON()).transform(table);
});
await attempt("gunzip", () => data.gunzip(zipped));
await attempt("sha256Hex", () => data.sha256Hex(new Uint8Array(3)));
await attempt("decodeImage", () => data.decodeImage(png));
await attempt("memoryStore", () => main.memoryStore().write("a", new Uint8Array(2)));
await attempt("readPytorch", () => entries.pytorch.readPytorch(pth));
await attempt("importOnnx", () => entries["onnx.node"].importOnnx(onnx));
await attempt("writeSafetensors", () => main.writeSafetensors({ a: { data: new Float32Array(1), shape: [1] } }));
if (model) {
  trainer = main.createTrainer(model, { loss: main.crossEntropy(), optimizer: new main.SGD({ lr: 0.1 }) });
  await attempt("fit", () => trainer.fit(dataset(), { epochs: 2, maxSteps: 3, validation: dataset() }));
  await attempt("step", () => trainer.step(new Float32Array(8), [0, 1]));
  await attempt("evaluate", () => trainer.evaluate(dataset()));
  await attempt("save", () => model.save());
  await attempt("load", () => trainer.load(checkpoint));
  await attempt("predict", () => model.predict(new Float32Array(4)));
  await attempt("profile", () => model.profile(new Float32Array(4), { repetitions: 2 }));
  await attempt("exportOnnx", () => entries["onnx.node"].exportOnnx(model));
}
console.log(JSON.stringify(seen));
process.exit(0);
