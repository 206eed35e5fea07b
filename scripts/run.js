// Runs a script in TypeScript, of which Node 20 strips no types: node scripts/run.js scripts/build.ts [arguments]
import { rmSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const [script] = process.argv.splice(2, 1);
const source = resolve(script);
// In the tree, so that its imports of packages are found; of its own name, as two runs may meet.
const outfile = resolve(`build/scripts/${basename(script, ".ts")}-${process.pid}.mjs`);
try {
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    define: { "import.meta.url": JSON.stringify(pathToFileURL(source).href) },
    logLevel: "warning",
  });
  process.argv[1] = source;
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
