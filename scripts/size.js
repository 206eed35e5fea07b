// What users download, minified and gzipped: each case is bundled from dist/ by esbuild as an app would be, and counts the
// files that it loads: the app, its static imports, and one variant of the kernels, which is fetched behind them.
// Fails above a budget.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const dist = fileURLToPath(new URL("../dist", import.meta.url));

const cases = {
  "main entry, everything": { code: `export * from "./index.browser.js";`, kernels: "simd", budget: 67_500 },
  "convolutions and training": {
    code: `import { cifarResNet, createModel, createTrainer, crossEntropy, SGD } from "./index.browser.js";
      const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
      export const fit = (data) => trainer.fit(data, { epochs: 1, batchSize: 128 });`,
    kernels: "simd",
    budget: 67_500,
  },
  "a saved model from the main entry": {
    code: `import { loadModel } from "./index.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    kernels: "simd",
    budget: 53_500,
  },
  "inference of a saved model": {
    code: `import { loadModel } from "./inference.browser.js";
      export const classify = async (bytes, x) => (await loadModel(bytes)).predict(x);`,
    kernels: "inference-simd",
    budget: 40_000,
  },
};

const gzipped = (contents) => gzipSync(contents, { level: 9 }).length;

for (const [name, { code, kernels, budget }] of Object.entries(cases)) {
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
  const kernelBytes = size.get(outputs.find(([path]) => path.includes(`/${kernels}-`))[0]);
  const total = codeBytes + kernelBytes;
  if (total > budget) process.exitCode = 1;
  console.log(`${name}: ${codeBytes} B code + ${kernelBytes} B kernels = ${total} B gzipped (budget ${budget})`);
}
