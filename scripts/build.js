// Bundles src/ into dist/: one file for each entry point, the kernel variants as chunks, and the declarations.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });

// One build for all entries, so that they share chunks: an error thrown by one is an instance of another's class.
await build({
  entryPoints: {
    index: join(root, "src/index.ts"),
    "index.node": join(root, "src/index.node.ts"),
    data: join(root, "src/data.ts"),
    progress: join(root, "src/progress.ts"),
  },
  bundle: true,
  minify: true,
  // Node prints the whole source line in front of an uncaught error.
  lineLimit: 1000,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  outdir: dist,
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
});

for (const variant of ["simd", "relaxed"])
  cpSync(join(root, `build/kernels/${variant}.wasm`), join(dist, `kernels/${variant}.wasm`));

const tsc = join(root, "node_modules/typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
