// What users download, minified and gzipped: each case is bundled from dist/ by esbuild as an app would be, and counts the
// files that it loads: the app, its static imports, and what it fetches behind them (one variant of the kernels, or the
// program of a worker). Fails above a budget.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const dist = fileURLToPath(new URL("../dist", import.meta.url));

/** The aims are 60 KB for convolutions and training, 40 KB for inference; budgets stand a little above what is reached. */
const cases = {
  "convolutions and training": {
    code: `import { cifarResNet, createModel, createTrainer, crossEntropy, SGD } from "./index.browser.js";
      const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
      export const fit = (data) => trainer.fit(data, { epochs: 1, batchSize: 128 });`,
    fetched: "simd",
    budget: 58_000,
  },
  "the main entry, everything": { code: `export * from "./index.browser.js";`, fetched: "simd", budget: 68_000 },
  "a saved model by the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "simd",
    budget: 53_000,
  },
  "a saved model by the entry for inference": {
    code: `import { loadModel } from "./inference.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    fetched: "inference-simd",
    budget: 38_500,
  },
  "training in a worker": {
    code: `import { createModel, createTrainer } from "./worker.js";
      import { cifarResNet, crossEntropy, SGD } from "./index.browser.js";
      const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
      export const fit = (data) => trainer.fit(data, { epochs: 1, batchSize: 128 });`,
    fetched: "model-worker.js",
    budget: 112_000,
  },
  "PyTorch's files, beyond a saved model by the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      import { readPytorch } from "./pytorch.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);
      export const read = (bytes) => readPytorch(bytes);`,
    fetched: "simd",
    beyond: "a saved model by the main entry",
    budget: 5200,
  },
};
/** What the case of each name came to. */
const totals = {};

const gzipped = (contents) => gzipSync(contents, { level: 9 }).length;

for (const [name, { code, fetched, beyond, budget }] of Object.entries(cases)) {
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
  const outputs = Object.entries(metafile.outputs);
  const size = new Map(outputFiles.map((file, i) => [outputs[i][0], gzipped(file.contents)]));
  const loaded = new Set();
  const load = (path) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: target, kind } of metafile.outputs[path].imports) if (kind === "import-statement") load(target);
  };
  load(outputs.find(([path]) => path.endsWith("/stdin.js"))[0]);
  const codeBytes = [...loaded].reduce((sum, path) => sum + size.get(path), 0);
  const chunk = outputs.find(([path]) => path.includes(`/${fetched}-`));
  const fetchedBytes = chunk ? size.get(chunk[0]) : gzipped(readFileSync(join(dist, fetched)));
  totals[name] = codeBytes + fetchedBytes;
  const total = totals[name] - (totals[beyond] ?? 0);
  if (total > budget) process.exitCode = 1;
  const parts = beyond ? `${totals[name]} B - ${totals[beyond]} B` : `${codeBytes} B + ${fetchedBytes} B (${fetched})`;
  console.log(`${name}: ${parts} = ${total} B gzipped (budget ${budget})`);
}
