// resnet-wasm/worker in small apps: bundlers find the worker's file by its constructor call, or it is copied.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packed, packAndInstall, root } from "../package/pack.js";
import { hasChromium, visit } from "./page.js";

const tools = join(root, "test/e2e/bundlers/node_modules");
const missing = !existsSync(join(tools, "vite"))
  ? "skipped: the bundlers are not installed; npm run test:bundlers does it"
  : hasChromium
    ? ""
    : "skipped: no /usr/bin/chromium";

interface Outcome {
  y: number[];
  threads: number;
}

const work = (entry: string) => `
import { crossEntropy, Linear, ReLU, Residual, Sequential, SGD } from "resnet-wasm";
import { createModel, createTrainer } from "${entry}";

export async function work(options) {
  const block = new Residual(new Sequential(new Linear(256, 256), new ReLU(), new Linear(256, 256)));
  const network = new Sequential(new Linear(64, 256), new ReLU(), block, new Linear(256, 10));
  const model = await createModel(network, { inputShape: [64], seed: 3, relaxedSimd: false, ...options });
  const x = Float32Array.from({ length: 64 * 64 }, (_, i) => ((i * 37) % 101) / 101);
  const labels = Int32Array.from({ length: 64 }, (_, i) => i % 10);
  const trainer = await createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05 }) });
  for (let i = 0; i < 5; i++) await trainer.step(x, labels);
  const { data } = await model.predict(x.slice(0, 128));
  const { threads } = model.info;
  await model.dispose();
  return { y: [...data], threads };
}
`;
const page = (options = "") =>
  `import { work } from "./there.js"; globalThis.outcome = work({ threads: 2${options} });`;
const html = (script: string) => `<!doctype html><title>app</title><script type="module" src="${script}"></script>`;
const FILES = {
  "here.js": work("resnet-wasm"),
  "there.js": work("resnet-wasm/worker"),
  "process.js": `import { work } from "./here.js"; console.log(JSON.stringify(await work({ threads: 2 })));`,
  "process-worker.js": `import { work } from "./there.js"; console.log(JSON.stringify(await work({ threads: 2 })));`,
  "page.js": page(),
  "page-own.js": page(`, worker: "./own/model-worker.js"`),
  "index.html": html("./page.js"),
  "vite.config.js": `export default { base: "./" };`,
};

describe.skipIf(missing)(`resnet-wasm/worker, bundled${missing && ` (${missing})`}`, () => {
  let packed: Packed;
  let expected: Outcome;
  const run = (program: string, ...args: string[]): string =>
    execFileSync(process.execPath, [program, ...args], { cwd: packed.app, encoding: "utf8" });
  const folder = (name: string): string => {
    const path = join(packed.app, name);
    mkdirSync(path, { recursive: true });
    return path;
  };

  beforeAll(() => {
    packed = packAndInstall();
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(packed.app, name), text);
    expected = JSON.parse(run("process.js"));
  });
  afterAll(() => packed?.remove());

  it("none: Node runs the package as it is", () => {
    expect(expected.y.every(Number.isFinite)).toBe(true);
    expect(JSON.parse(run("process-worker.js"))).toEqual(expected);
  });

  it("Vite", async () => {
    run(join(tools, "vite/bin/vite.js"), "build", "--logLevel", "warn");
    expect((await visit<Outcome>(join(packed.app, "dist"), { strict: true })).outcome).toEqual(expected);
  });

  it("webpack", async () => {
    const out = folder("webpack");
    const config = {
      mode: "production",
      context: packed.app,
      entry: "./page.js",
      target: "web",
      output: { path: out, filename: "app.mjs", module: true, publicPath: "auto" },
      experiments: { outputModule: true },
      performance: { hints: false },
    };
    writeFileSync(
      join(packed.app, "webpack.mjs"),
      `import { createRequire } from "node:module";
const webpack = createRequire(${JSON.stringify(`${tools}/`)})("webpack");
webpack(${JSON.stringify(config)}, (error, stats) => {
  if (!error && !stats.hasErrors() && !stats.hasWarnings()) return;
  console.error(error ?? stats.toString());
  process.exitCode = 1;
});`,
    );
    run(join(packed.app, "webpack.mjs"));
    writeFileSync(join(out, "index.html"), html("./app.mjs"));
    expect((await visit<Outcome>(out, { strict: true })).outcome).toEqual(expected);
  });

  it("esbuild, with a copy of the worker's file", async () => {
    const out = folder("esbuild");
    const entryPoints = [join(packed.app, "page-own.js")];
    await build({ entryPoints, outdir: out, bundle: true, splitting: true, format: "esm", minify: true });
    const file = "model-worker.js";
    cpSync(join(packed.app, "node_modules/resnet-wasm/dist", file), join(folder("esbuild/own"), file));
    writeFileSync(join(out, "index.html"), html("./page-own.js"));
    expect((await visit<Outcome>(out, { strict: true })).outcome).toEqual(expected);
  });
});
