// Compiles assembly/ into build/kernels/: one WASM binary per variant, each also as a module that holds it as text,
// the only form that every bundler and runtime passes through untouched. Hexadecimal, because gzip brings it back to the
// binary's size plus an eighth; base64, which cuts across bytes, costs three eighths. Skips the work when nothing has changed.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { buildSync } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "build/kernels");

/** The two variants of the one source; `ASC_FEATURE_RELAXED_SIMD` tells them apart inside `assembly/`. */
const variants = { simd: ["--enable", "simd"], relaxed: ["--enable", "simd", "--enable", "relaxed-simd"] };

// Shared and unshared modules differ in one byte, which the loader sets; atomics run on either memory.
// -Os, not -Oz: that turns every if whose branches have no side effects into a select and so computes all activations
// for each vector of results, 2.5 times the time of a training step at width 64 (examples/custom-loss.js, Node 20).
const options = ["-Os", "--noAssert", "--runtime", "stub", "--enable", "threads", "--importMemory"];
const limits = ["--initialMemory", "1", "--maximumMemory", "65536", "--use", "abort="];

function sources(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? sources(path) : entry.name.endsWith(".ts") ? [path] : [];
  });
}

const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
for (const path of sources(join(root, "assembly")).sort()) hash.update(path).update(readFileSync(path));
const digest = hash.digest("hex");

// The worker's program, as text: a worker started from a bundle has no file of its own.
const workers = { "worker.node": "node" };
for (const [name, platform] of Object.entries(workers)) {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, `src/runtime/${name}.ts`)],
    bundle: true,
    minify: true,
    format: "esm",
    platform,
    write: false,
  });
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(join(root, `build/${name}.js`), `export default ${JSON.stringify(outputFiles[0].text)};\n`);
  writeFileSync(join(root, `build/${name}.d.ts`), "declare const source: string;\nexport default source;\n");
}

mkdirSync(out, { recursive: true });
let built = "";
try {
  built = readFileSync(join(out, "digest"), "utf8");
} catch {
  // First build.
}

if (built !== digest) {
  for (const [name, features] of Object.entries(variants)) {
    const wasm = relative(root, join(out, `${name}.wasm`));
    const { error, stdout, stderr } = await asc.main(
      ["assembly/index.ts", "-o", wasm, "--baseDir", root, ...options, ...features, ...limits],
    );
    if (error) {
      console.error(stdout.toString(), stderr.toString());
      throw error;
    }
    const bytes = readFileSync(join(out, `${name}.wasm`));
    writeFileSync(join(out, `${name}.js`), `export default "${bytes.toString("hex")}";\n`);
    writeFileSync(join(out, `${name}.d.ts`), "declare const hex: string;\nexport default hex;\n");
    console.log(`kernels: ${name}.wasm ${bytes.length} bytes`);
  }
  writeFileSync(join(out, "digest"), digest);
}
