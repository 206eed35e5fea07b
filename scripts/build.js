// Bundles src/ into dist/: one file for each entry point, the kernel variants as chunks, and the declarations.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";
import { keepExports, SHIPPED_EXPORTS } from "./pack-kernels.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });

/** Leaves `import simd from "….wasm"` to the bundlers and runtimes that know it, with its path inside the package. */
const staticKernels = {
  name: "static-kernels",
  setup(build) {
    build.onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({
      path: `./kernels/${basename(path)}`,
      external: true,
    }));
  },
};

// One build for all entries, so that they share chunks: an error thrown by one is an instance of another's class.
const { outputFiles } = await build({
  entryPoints: {
    index: join(root, "src/index.ts"),
    "index.node": join(root, "src/index.node.ts"),
    "index.browser": join(root, "src/index.browser.ts"),
    "index.workerd": join(root, "src/index.workerd.ts"),
    "index.edge": join(root, "src/index.edge.ts"),
    data: join(root, "src/data.ts"),
    progress: join(root, "src/progress.ts"),
    worker: join(root, "src/worker.ts"),
    "worker.node": join(root, "src/worker.node.ts"),
  },
  plugins: [staticKernels],
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  outdir: dist,
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
  write: false,
});

// What a model's worker runs: one file without imports, to be hosted anywhere, with both kernel variants in it.
const program = { bundle: true, minify: true, target: "es2022", outdir: dist, logLevel: "warning", write: false };
const programs = await Promise.all([
  build({ ...program, entryPoints: [join(root, "src/model-worker.node.ts")], format: "esm", platform: "node" }),
  build({ ...program, entryPoints: [join(root, "src/model-worker.ts")], format: "iife", platform: "browser" }),
]);

// terser takes another 3 % off what esbuild leaves. Lines end somewhere: Node prints the whole source line in front of an
// uncaught error. The kernels, strings, stay as they are.
const options = { module: true, ecma: 2022, compress: { passes: 3 }, format: { max_line_len: 1000 } };
for (const { path, text } of [outputFiles, ...programs.map((built) => built.outputFiles)].flat()) {
  mkdirSync(dirname(path), { recursive: true });
  const code = /^(simd|relaxed)-/.test(basename(path)) ? text : (await minify(text, options)).code;
  writeFileSync(path, code);
}

mkdirSync(join(dist, "kernels"));
for (const variant of ["simd", "relaxed"]) {
  const bytes = readFileSync(join(root, `build/kernels/${variant}.wasm`));
  writeFileSync(join(dist, `kernels/${variant}.wasm`), keepExports(bytes, SHIPPED_EXPORTS));
}

// The worker threads' program, for pages that host it themselves. It exports nothing.
const { default: thread } = await import("../build/thread.js");
writeFileSync(join(dist, "thread.js"), thread);

const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
