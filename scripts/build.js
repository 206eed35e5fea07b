// Bundles src/ into dist/: one file for each entry point, the kernel variants as chunks, and the declarations.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";
import { mergeChunks } from "./merge-chunks.js";
import { keepExports, SHIPPED_EXPORTS } from "./pack-kernels.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** The files that the maps of exports and imports name. */
const targets = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(targets));
const named = (pattern) => [
  ...new Set(targets([manifest.exports, manifest.imports]).flatMap((path) => pattern.exec(path)?.[1] ?? [])),
];
/** What workers run: files without imports, to be hosted anywhere. */
const programNames = ["thread", "model-worker", "model-worker.node"];
/** What uses the package as its users do. */
const userNames = ["doctor", "bin"];
const entries = named(/^\.\/dist\/([\w./-]+)\.js$/).filter((name) => ![...programNames, ...userNames].includes(name));

/** `dist/index.node.js` is made of `src/hosts/node/index.ts`; what differs in no runtime is a face or a tool. */
function sourceOf(name) {
  const [base, runtime = "default"] = name.split(".");
  const rooms = [`hosts/${runtime}`, "hosts/browser", "faces", "tools"];
  return rooms.map((room) => join(root, "src", room, `${base}.ts`)).find(existsSync);
}
const sources = (names) => Object.fromEntries(names.map((name) => [name, sourceOf(name)]));

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

const split = {
  bundle: true,
  // White space is terser's: esbuild would drop the marks of pure calls with it.
  minifyIdentifiers: true,
  minifySyntax: true,
  splitting: true,
  format: "esm",
  platform: "node",
  // What package.json gives each runtime of its own.
  external: ["#file-system", manifest.name],
  // Its file for Node imports node:module, which pages and workers do not have.
  alias: { fflate: "fflate/browser" },
  target: "es2022",
  outdir: dist,
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
  write: false,
};
// One build for all entries, so that they share chunks: an error thrown by one is an instance of another's class.
const library = await build({
  ...split,
  entryPoints: sources(entries),
  plugins: [staticKernels],
  metafile: true,
});
const files = await mergeChunks(library, entries);
const define = { VERSION: JSON.stringify(manifest.version) };
const users = await build({ ...split, entryPoints: sources(userNames), define });

// What a model's worker runs: one file without imports, to be hosted anywhere, with both kernel variants in it.
const program = { bundle: true, minify: true, target: "es2022", outdir: dist, logLevel: "warning", write: false };
const programs = await Promise.all([
  build({ ...program, entryPoints: sources(["model-worker.node"]), format: "esm", platform: "node" }),
  build({ ...program, entryPoints: sources(["model-worker"]), format: "iife", platform: "browser" }),
]);

// terser takes another 3 % off what esbuild leaves. Lines end somewhere: Node prints the whole source line in front of an
// uncaught error. The kernels, strings, stay as they are.
const options = {
  module: true,
  ecma: 2022,
  compress: { passes: 3 },
  format: { max_line_len: 1000, preserve_annotations: true },
};
for (const { path, text } of [...files, ...[users, ...programs].flatMap(({ outputFiles }) => outputFiles)]) {
  mkdirSync(dirname(path), { recursive: true });
  const isKernels = /^(inference-)?(simd|relaxed)-/.test(basename(path));
  const code = isKernels ? text : (await minify(text, options)).code;
  // No module does anything when it is loaded, so none is imported for its effects; bundlers would warn of such imports.
  writeFileSync(path, code.replace(/import *"\.\/[^"]+"[;\n]/g, ""));
}

mkdirSync(join(dist, "kernels"));
for (const variant of ["simd", "relaxed", "inference-simd", "inference-relaxed"]) {
  const bytes = readFileSync(join(root, `build/kernels/${variant}.wasm`));
  writeFileSync(join(dist, `kernels/${variant}.wasm`), keepExports(bytes, SHIPPED_EXPORTS));
}

// The worker threads' program, for pages that host it themselves. It exports nothing.
const { default: thread } = await import("../build/thread.browser.js");
writeFileSync(join(dist, "thread.js"), thread);

const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });

// Declarations of files that no entry point leads to stay at home.
const types = join(dist, "types");
const reached = new Set();
const reach = (path) => {
  if (reached.has(path)) return;
  reached.add(path);
  const text = readFileSync(path, "utf8");
  for (const [, specifier] of text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)\.js"/g))
    reach(join(dirname(path), `${specifier}.d.ts`));
};
for (const entry of named(/^\.\/dist\/types\/([\w./-]+)\.d\.ts$/)) reach(join(types, `${entry}.d.ts`));
for (const path of readdirSync(types, { recursive: true }).map((name) => join(types, name)))
  if (path.endsWith(".d.ts") && !reached.has(path)) rmSync(path);
