// Mutated files of every format against its reader: node scripts/fuzz.js [--count 100000] [--seed 1] [format …]
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values, positionals } = parseArgs({
  options: { count: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const root = new URL("..", import.meta.url);
const outfile = fileURLToPath(new URL("build/fuzz.mjs", root));
mkdirSync(new URL("build/", root), { recursive: true });
const entryPoints = [fileURLToPath(new URL("test/support/fuzz/targets.ts", root))];
await build({ entryPoints, outfile, bundle: true, format: "esm", platform: "node", logLevel: "warning" });
const { run } = await import(outfile);
run(positionals, Number(values.count), Number(values.seed), new URL("test/golden/", root));
