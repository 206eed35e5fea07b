// An app that only predicts carries no gradient, no loss and no optimiser: bundlers cut by what layers record.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The names of the ops in a file of `src/ops`. */
const opsOf = (file: string): string[] =>
  [...readFileSync(join(root, "src/ops", file), "utf8").matchAll(/^ {2}name: "(\w+)"/gm)].map(([, name]) => name);

const all = readdirSync(join(root, "src/ops")).flatMap(opsOf);
/** `conv2dDx` is what a transposed convolution does, which comes on demand and is given it. */
const gradients = all.filter((name) => /(Dx|Dw|Sums|columnSum)$/.test(name) && name !== "conv2dDx");
const training = [...gradients, "crossEntropy", "regressionLoss", ...opsOf("update.ts")];

/** What an app of this code loads at its start, as text: chunks that it fetches later are left out. */
async function bundle(code: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: join(root, "dist") },
    ...{ bundle: true, minify: true, splitting: true, format: "esm", platform: "browser", target: "es2022" },
    ...{ outdir: "out", write: false, metafile: true, logLevel: "error" },
  });
  const paths = Object.keys(metafile.outputs);
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: target, kind } of metafile.outputs[path].imports) if (kind === "import-statement") load(target);
  };
  load(paths.find((path) => path.endsWith("stdin.js"))!);
  return outputFiles
    .filter((_, i) => loaded.has(paths[i]))
    .map(({ text }) => text)
    .join("");
}

const opsIn = (text: string): string[] => all.filter((name) => new RegExp(`name:["'\`]${name}["'\`]`).test(text));

it("has what its layers record, and nothing of training", async () => {
  const ops = opsIn(await bundle(`import { loadModel } from "./inference.browser.js"; globalThis.load = loadModel;`));
  expect(ops).toEqual(expect.arrayContaining(["linear", "conv2d", "batchNorm", "maxPool2d"]));
  // What few networks have comes with them.
  expect(ops.filter((name) => [...training, ...opsOf("norm.ts"), ...opsOf("movement.ts")].includes(name))).toEqual([]);
  expect(training.length).toBeGreaterThan(18);
});

it("has no losses and optimisers that nobody imports", async () => {
  const app = (names: string) =>
    `import { createModel, ${names} } from "./index.browser.js"; globalThis.app = [createModel, ${names}];`;
  const [plain, trained] = await Promise.all([app("Linear"), app("Linear, createTrainer, SGD, mse")].map(bundle));
  expect(opsIn(plain)).toEqual(expect.arrayContaining(["linear", "linearDx", "linearDw"]));
  expect(opsIn(plain)).not.toContain("regressionLoss");
  expect(opsIn(trained)).toContain("regressionLoss");
  expect(trained).toMatch(/["'`]SGD["'`]/);
  expect(plain + trained).not.toContain("betas"); // of Adam
});
