// What users download, minified and gzipped: each case is bundled from dist/ by esbuild as an app would be, and counts the
// files that it loads: the app, its static imports, and what it fetches after them (the kernels of one group and variant,
// or the program of a worker). Told besides: what it fetches only for a call that the case does not make. Fails above a budget.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { fromRoot } from "./root.js";

const dist = fromRoot("dist");

interface Case {
  code: string;
  /** What it loads besides: the kernels' variant, a file, and parts on demand. */
  fetched: string;
  parts?: readonly string[];
  /** The case whose bytes do not count. */
  beyond?: string;
  budget: number;
}

/**
 * Bounds: what 0.1.0 had (57.5 KB for convolutions and training, 38.2 KB for inference), 0.7 KB for AssemblyScript's
 * loader, and what checks of arguments, data, saved files and checkpoints take since. What holds everything, such as a
 * worker's program, grows with what there is: its budget stands a little above.
 */
const cases: Record<string, Case> = {
  "convolutions and training": {
    code: `import { cifarResNet, createModel, createTrainer, crossEntropy, SGD } from "./index.browser.js";
      const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
      export const fit = (data) => trainer.fit(data, { epochs: 1, batchSize: 128 });`,
    fetched: "classic-simd",
    budget: 61_800,
  },
  "the main entry, everything": { code: `export * from "./index.browser.js";`, fetched: "simd", budget: 112_030 },
  "a saved model by the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "classic-simd",
    budget: 53_050,
  },
  "a saved model by the entry for inference": {
    code: `import { loadModel } from "./inference.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "inference-classic-simd",
    budget: 39_910,
  },
  "training in a worker": {
    code: `import { createModel, createTrainer } from "./worker.js";
      import { cifarResNet, crossEntropy, SGD } from "./index.browser.js";
      const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
      export const fit = (data) => trainer.fit(data, { epochs: 1, batchSize: 128 });`,
    fetched: "model-worker.js",
    budget: 161_350,
  },
  "decoding JPEG and PNG": {
    code: `import { decodeImage } from "./data.js";
      export const pixels = (bytes) => decodeImage(bytes);`,
    fetched: "decode",
    budget: 14_850,
  },
  "PyTorch's files, beyond a saved model by the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      import { readPytorch } from "./pytorch.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);
      export const read = (bytes) => readPytorch(bytes);`,
    fetched: "classic-simd",
    beyond: "a saved model by the main entry",
    budget: 5950,
  },
  "a network with weights of safetensors": {
    code: `import { cifarResNet, createModel, readSafetensors } from "./index.browser.js";
      export const open = async (bytes) => {
        const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
        model.loadStateDict(readSafetensors(bytes).tensors);
        return model;
      };`,
    fetched: "classic-simd",
    budget: 56_050,
  },
  "weights of PyTorch's files in their place": {
    code: `import { cifarResNet, createModel } from "./index.browser.js";
      import { readPytorch } from "./pytorch.js";
      export const open = async (bytes) => {
        const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
        model.loadStateDict(readPytorch(bytes).tensors);
        return model;
      };`,
    fetched: "classic-simd",
    beyond: "a network with weights of safetensors",
    budget: 2350,
  },
  "ONNX's files, beyond a saved model by the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      import { loadOnnx } from "./onnx.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);
      export const open = (bytes) => loadOnnx(bytes);`,
    fetched: "classic-simd",
    beyond: "a saved model by the main entry",
    // A classic file; others fetch the rest of the importer besides.
    budget: 15_070,
  },
  "any ONNX file, beyond a saved model by the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      import { loadOnnx } from "./onnx.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);
      export const open = (bytes) => loadOnnx(bytes);`,
    fetched: "classic-simd",
    parts: ["open"],
    beyond: "a saved model by the main entry",
    budget: 41_160,
  },
  "a saved network of a classic ONNX file by the entry for inference": {
    code: `import { loadModel } from "./inference.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "inference-further-simd",
    parts: ["fetch-network"],
    budget: 49_800,
  },
  "a saved network of most ONNX files by the entry for inference": {
    code: `import { loadModel } from "./inference.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "inference-further-simd",
    parts: ["fetch-network", "further-shapes"],
    budget: 55_340,
  },
  // The largest of the zoo: its PReLU takes all kernels.
  "a saved network with PReLU by the entry for inference": {
    code: `import { loadModel } from "./inference.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "inference-simd",
    parts: ["fetch-network", "further-shapes"],
    budget: 57_510,
  },
  "a saved network that takes all there is by the entry for inference": {
    code: `import { loadModel } from "./inference.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "inference-simd",
    parts: ["fetch-network", "further-shapes", "further-others"],
    budget: 66_670,
  },
  "writing ONNX's files, beyond a saved model by the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      import { exportOnnx } from "./onnx.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);
      export const write = (model) => exportOnnx(model);`,
    fetched: "classic-simd",
    beyond: "a saved model by the main entry",
    // A rule for each op that there is, those of signals and of windows among them.
    budget: 8850,
  },
};
/** What the case of each name came to. */
const totals = new Map<string, number>();

const gzipped = (contents: Uint8Array) => gzipSync(contents, { level: 9 }).length;

for (const [name, { code, fetched, parts = [], beyond, budget }] of Object.entries(cases)) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: dist },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "out",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const outputs = Object.entries(metafile.outputs).map(([path, { imports }], i) => ({
    path,
    bytes: gzipped(outputFiles[i].contents),
    imports: imports.filter(({ kind }) => kind === "import-statement").map((each) => each.path),
  }));
  const find = (part: string) => outputs.find(({ path }) => path.includes(part));
  const demanded = parts.map((part) => find(`/${part}-`)!);
  const loaded = new Set(outputs.filter(({ path }) => path.endsWith("/stdin.js")));
  // A set may grow while it is walked.
  for (const { imports } of loaded) for (const path of imports) loaded.add(find(path)!);
  for (const part of demanded) loaded.add(part);
  const later = outputs.filter((output) => !loaded.has(output) && !/(simd|relaxed)-/.test(output.path));
  const laterBytes = later.reduce((sum, { bytes }) => sum + bytes, 0);
  const codeBytes = [...loaded].reduce((sum, { bytes }) => sum + bytes, 0);
  const fetchedBytes = find(`/${fetched}-`)?.bytes ?? gzipped(readFileSync(join(dist, fetched)));
  const all = codeBytes + fetchedBytes;
  const base = beyond === undefined ? 0 : totals.get(beyond)!;
  totals.set(name, all);
  const total = all - base;
  if (total > budget) process.exitCode = 1;
  const sums = beyond ? `${all} B - ${base} B` : `${codeBytes} B + ${fetchedBytes} B (${fetched})`;
  console.log(`${name}: ${sums} = ${total} B gzipped (budget ${budget}); ${laterBytes} B on demand`);
}
