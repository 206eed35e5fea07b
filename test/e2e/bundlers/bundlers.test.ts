// The packed package in small apps, each built with a bundler as its users run it, loaded, and held against the result of
// the package without a bundler: the same bits. `npm run test:bundlers` installs the bundlers.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packed, packAndInstall, root } from "../package/pack.js";
import { hasChromium, visit } from "./page.js";
import { configure, startWorkerd, workerdBinary } from "./workerd.js";

const tools = join(root, "test/e2e/bundlers/node_modules");
const installed = existsSync(join(tools, "wrangler"));
const missing = installed ? "" : " (skipped: the bundlers are not installed; npm run test:bundlers does it)";
const noBrowser = hasChromium ? "" : " (skipped: no /usr/bin/chromium)";

interface Outcome {
  y: number[];
  pixels: number[];
  threads: number;
  why: string;
}

const PIXELS = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30];
const PNG = encode({ data: Uint8Array.from(PIXELS), width: 2, height: 2, channels: 3, depth: 8 });

/** A training that is large enough for threads, and a picture. */
const WORK = `
import { decodeImage } from "resnet-wasm/data";
import { createModel, createTrainer, crossEntropy, Linear, ReLU, Residual, Sequential, SGD } from "resnet-wasm";

export async function work(options) {
  const block = new Residual(new Sequential(new Linear(256, 256), new ReLU(), new Linear(256, 256)));
  const network = new Sequential(new Linear(64, 256), new ReLU(), block, new Linear(256, 10));
  const model = await createModel(network, { inputShape: [64], seed: 3, relaxedSimd: false, ...options });
  const x = Float32Array.from({ length: 64 * 64 }, (_, i) => ((i * 37) % 101) / 101);
  const labels = Int32Array.from({ length: 64 }, (_, i) => i % 10);
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
  for (let i = 0; i < 5; i++) trainer.step(x, labels);
  const y = [...model.predict(x.subarray(0, 128)).data];
  const { threads, why } = model.info;
  model.dispose();
  const { data } = await decodeImage(Uint8Array.of(${PNG.join()}));
  return { y, pixels: [...data], threads, why };
}
`;
const OWN_WORKER = `() => new Worker(new URL("resnet-wasm/thread", import.meta.url))`;
const FILES = {
  "work.js": WORK,
  "process.js": `import { work } from "./work.js"; console.log(JSON.stringify(await work({ threads: 2 })));`,
  "page.js": `import { work } from "./work.js"; globalThis.outcome = work({ threads: 2 });`,
  "page-own-worker.js": `import { work } from "./work.js"; globalThis.outcome = work({ threads: 2, createWorker: ${OWN_WORKER} });`,
  "worker.js": `import { work } from "./work.js"; export default { fetch: async () => Response.json(await work({})) };`,
  "index.html": `<!doctype html><title>app</title><script type="module" src="./page-own-worker.js"></script>`,
  "vite.config.js": `export default { base: "./" };`,
  "wrangler.json": JSON.stringify({ name: "app", main: "worker.js", compatibility_date: "2026-04-01" }),
};

describe.skipIf(!installed)(`bundlers${missing}`, { timeout: 240_000 }, () => {
  let packed: Packed;
  let expected: Outcome;
  const run = (program: string, ...args: string[]): string =>
    execFileSync(process.execPath, [program, ...args], {
      cwd: packed.app,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" },
    });
  const outcomeOf = (program: string): Outcome => JSON.parse(run(program));
  const folder = (name: string): string => {
    const path = join(packed.app, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const page = (out: string, script: string) =>
    writeFileSync(
      join(out, "index.html"),
      `<!doctype html><title>app</title><script type="module" src="${script}"></script>`,
    );

  beforeAll(() => {
    packed = packAndInstall();
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(packed.app, name), text);
    expected = outcomeOf("process.js");
  });
  afterAll(() => packed?.remove());

  const expectSame = (outcome: Outcome, threads: number) => {
    expect(outcome.threads, outcome.why).toBe(threads);
    expect(outcome.y).toEqual(expected.y);
    expect(outcome.pixels).toEqual(PIXELS);
  };
  /** Of the kernels, only what the model needs is fetched. */
  const expectOneVariant = (fetched: string[]) => {
    expect(fetched.filter((path) => readMark(path, "simd")).length).toBeGreaterThan(0);
    expect(fetched.filter((path) => readMark(path, "relaxed"))).toEqual([]);
  };
  const readMark = (path: string, variant: string) => new RegExp(`(^|[^a-z])${variant}-`).test(path);

  it("none: Node runs the package as it is", () => {
    expect(expected.threads).toBe(2);
    expect(expected.y.length).toBe(20);
    expect(expected.y.every(Number.isFinite)).toBe(true);
  });

  it("esbuild for Node", async () => {
    const out = folder("esbuild-node");
    const entryPoints = [join(packed.app, "process.js")];
    await build({
      entryPoints,
      outfile: join(out, "app.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
      minify: true,
    });
    expectSame(outcomeOf(join(out, "app.mjs")), 2);
  });

  it.skipIf(!hasChromium)(`esbuild for browsers${noBrowser}`, async () => {
    const out = folder("esbuild-browser");
    const entryPoints = [join(packed.app, "page.js")];
    await build({ entryPoints, outdir: out, bundle: true, splitting: true, format: "esm", minify: true });
    page(out, "./page.js");
    const { outcome, fetched } = await visit<Outcome>(out);
    expectSame(outcome, 2);
    expectOneVariant(fetched);
  });

  it.skipIf(!hasChromium)(
    `esbuild for browsers, the page's own worker file under a strict policy${noBrowser}`,
    async () => {
      const out = folder("esbuild-strict");
      const contents = FILES["page.js"].replace("threads: 2", `threads: 2, workerUrl: "./thread.js"`);
      await build({
        stdin: { contents, resolveDir: packed.app },
        outfile: join(out, "app.js"),
        bundle: true,
        format: "esm",
      });
      cpSync(join(packed.app, "node_modules/resnet-wasm/dist/thread.js"), join(out, "thread.js"));
      page(out, "./app.js");
      expectSame((await visit<Outcome>(out, { strict: true })).outcome, 2);
    },
  );

  const webpack = (name: string, entry: string, target: string) => {
    const out = folder(name);
    const config = {
      mode: "production",
      context: packed.app,
      entry: `./${entry}`,
      target,
      output: { path: out, filename: "app.mjs", module: true, publicPath: target === "web" ? "auto" : "" },
      experiments: { outputModule: true },
      optimization: { chunkIds: "named" },
      performance: { hints: false },
    };
    writeFileSync(
      join(packed.app, `${name}.mjs`),
      `import { createRequire } from "node:module";
const webpack = createRequire(${JSON.stringify(`${tools}/`)})("webpack");
webpack(${JSON.stringify(config)}, (error, stats) => {
  if (!error && !stats.hasErrors() && !stats.hasWarnings()) return;
  console.error(error ?? stats.toString());
  process.exitCode = 1;
});`,
    );
    run(join(packed.app, `${name}.mjs`));
    return out;
  };

  it("webpack for Node", () => {
    expectSame(outcomeOf(join(webpack("webpack-node", "process.js", "node20"), "app.mjs")), 2);
  });

  it.skipIf(!hasChromium)(`webpack for browsers, the worker found by its constructor call${noBrowser}`, async () => {
    const out = webpack("webpack-web", "page-own-worker.js", "web");
    page(out, "./app.mjs");
    const { outcome, fetched } = await visit<Outcome>(out, { strict: true });
    expectSame(outcome, 2);
    expectOneVariant(fetched);
  });

  it.skipIf(!hasChromium)(`Vite, the worker found by its constructor call${noBrowser}`, async () => {
    run(join(tools, "vite/bin/vite.js"), "build", "--logLevel", "warn");
    const { outcome, fetched } = await visit<Outcome>(join(packed.app, "dist"), { strict: true });
    expectSame(outcome, 2);
    expectOneVariant(fetched);
  });

  it("wrangler, run by workerd", async () => {
    const out = folder("wrangler");
    run(join(tools, "wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--outdir", out);
    const names = readdirSync(out);
    expect(names.filter((name) => name.endsWith(".wasm")).length).toBe(1);
    // The kernels are that file; the script, which holds what is loaded on demand too, has no second copy as text.
    expect(readFileSync(join(out, "worker.js")).length).toBeLessThan(420_000);
    const workerd = await startWorkerd(configure(out, "worker.js"));
    try {
      const response = await fetch(workerd.url);
      const text = await response.text();
      expect(response.status, text).toBe(200);
      expectSame(JSON.parse(text), 1);
    } finally {
      workerd.stop();
    }
    expect(workerdBinary).toBeDefined();
  });
});
