// The download of each entry point: its static imports and one kernel variant, minified and gzipped. Fails above the
// budget. "all variants" adds the relaxed kernels, which are fetched only where they are used.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist", import.meta.url));

/** Budget in bytes for the main entry with one kernel variant: what it takes today. The aim is 60 KB, then 45. */
const BUDGET = 70 * 1024;

const gzipped = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

/** The files that an entry loads at once: itself and what it imports statically. */
function closure(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(path, "utf8");
  for (const [, specifier] of text.matchAll(/(?:from|import)\s*"(\.{1,2}\/[^"]+)"/g))
    closure(join(path, "..", specifier), seen);
  return seen;
}

const kernels = readdirSync(join(dist, "chunks")).filter((name) => /^(simd|relaxed)-/.test(name));
let failed = 0;
for (const entry of ["index.js", "index.node.js"]) {
  const files = [...closure(join(dist, entry))];
  const code = files.reduce((sum, file) => sum + gzipped(file), 0);
  // Both builds embed the same kernels; the largest chunk of a variant stands for it.
  const variant = (name) =>
    Math.max(...kernels.filter((file) => file.startsWith(name)).map((file) => gzipped(join(dist, "chunks", file))));
  const total = code + variant("simd");
  if (total > BUDGET) failed++;
  console.log(
    `${entry}: ${code} B code + ${variant("simd")} B kernels = ${total} B gzipped (budget ${BUDGET}); all variants ${total + variant("relaxed")} B`,
  );
}
process.exitCode = failed;
