// docs/api-report/: names and signatures of everything that each entry point exports, so that a commit shows how it changes
// them. `npm run api-report` writes it from dist/types; with --check, differences end the process with code 1.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EntryPoint, entryPoints, extract } from "./api-extractor.js";
import { fromRoot } from "./root.js";

const folder = join(fromRoot(), "docs/api-report");

const report = (entry: EntryPoint): string =>
  extract(entry)
    .report.replace(/^## .*$/m, `# Exports of ${entry.name}`)
    .replace(/^ *\/\/ \((undocumented|No @package.*)\)\n+/gm, "")
    .replaceAll(" (undocumented)", "");

const made = Object.fromEntries(entryPoints().map((entry) => [`${entry.name}.api.md`, report(entry)]));
mkdirSync(folder, { recursive: true });
const committed = Object.fromEntries(
  readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
);
const differ = [...new Set([...Object.keys(made), ...Object.keys(committed)])].filter(
  (file) => made[file] !== committed[file],
);
if (!process.argv.includes("--check")) {
  for (const file of differ) {
    if (file in made) writeFileSync(join(folder, file), made[file]);
    else rmSync(join(folder, file));
  }
  console.log(`docs/api-report: ${Object.keys(made).length} entries, ${differ.length} changed`);
} else if (differ.length > 0) {
  console.error(`docs/api-report is not what src/ exports: run npm run api-report. Different: ${differ.join(", ")}`);
  process.exitCode = 1;
} else console.log(`docs/api-report: ${Object.keys(made).length} entries, as committed`);
