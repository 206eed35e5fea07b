// Compiles assembly/ into build/kernels/: one WASM binary per variant, each also as a module that holds it as text,
// the only form that every bundler and runtime passes through untouched. Skips the work when nothing has changed.
// The binaries export every kernel, for tests and benches; the text, and the binaries in shipped/, have what the library calls.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import asc, { version } from "assemblyscript/asc";
import { checksum } from "../src/runtime/checksum.js";
import { SHIPPED_EXPORTS } from "../src/runtime/instance.js";
import { generate } from "./generate-abi.js";
import { toObject } from "./kernel-text/object.js";
import { pack } from "./kernel-text/pack.js";
import { ship } from "./kernel-text/ship.js";
import { fromRoot } from "./root.js";

const root = fromRoot();
const out = fromRoot("build/kernels");

/** The variants of each build of the one source; `ASC_FEATURE_RELAXED_SIMD` tells them apart inside `assembly/`. */
const simd = ["--enable", "simd"];
const features = { simd, relaxed: [...simd, "--enable", "relaxed-simd"] };

// Shared and unshared modules differ in one byte, which the loader sets; atomics run on either memory.
// -O3s: size counts, but not as with -Oz, which turns every if whose branches have no side effects into a select and so
// computes all activations for each vector of results, 2 to 3 times the time of a training step (examples/custom-loss.js,
// Node 20). -Os is as fast as -O3s and 3 KB larger when gzipped; -O3 is 2 KB larger.
// Locals numbered by use instead of by place make the text smaller.
const options = ["-O3s", "--runPasses", "reorder-locals", "--noAssert", "--runtime", "stub"];
const limits = ["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536", "--use", "abort="];

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? sources(path) : entry.name.endsWith(".ts") ? [path] : [];
  });
}

// The kernels' half of the ABI.
mkdirSync(join(out, "shipped"), { recursive: true });
const variants = generate(fromRoot("assembly")).flatMap(({ prefix, variant: only, entry, constants, functions }) =>
  Object.entries(features).flatMap(([variant, flags]) => {
    if (only && only !== variant) return [];
    const uses = Object.entries(constants).flatMap(([name, value]) => ["--use", `${name}=${value}`]);
    const threads = functions ? [] : ["--enable", "threads"];
    return [{ name: prefix + variant, functions, flags: [`assembly/${entry}`, ...uses, ...flags, ...threads] }];
  }),
);

const hash = createHash("sha256").update(version);
for (const path of [fromRoot("scripts/build-kernels.ts"), ...sources(fromRoot("scripts/kernel-text"))])
  hash.update(readFileSync(path));
for (const path of sources(join(root, "assembly")).sort()) hash.update(path).update(readFileSync(path));
const digest = hash.digest("hex");

/** A module whose default export is a value of a type. */
function write(name: string, value: unknown, type: string): void {
  writeFileSync(join(out, `${name}.js`), `export default ${JSON.stringify(value)};\n`);
  writeFileSync(join(out, `${name}.d.ts`), `declare const value: ${type};\nexport default value;\n`);
}

let built = "";
try {
  built = readFileSync(join(out, "digest"), "utf8");
} catch {
  // First build.
}

if (built !== digest) {
  const checksums: Record<string, number> = {};
  for (const { name, flags, functions } of variants) {
    const wasm = relative(root, join(out, `${name}.wasm`));
    const { error, stdout, stderr } = await asc.main(["-o", wasm, "--baseDir", root, ...options, ...flags, ...limits]);
    if (error) {
      console.error(stdout.toString(), stderr.toString());
      throw error;
    }
    const bytes = readFileSync(join(out, `${name}.wasm`));
    console.log(`kernels: ${name}.wasm ${bytes.length} bytes`);
    if (functions) {
      write(name, toObject(ship(bytes, functions, false)), "import('../../src/standalone/object.js').KernelObject");
      continue;
    }
    const shipped = ship(bytes, SHIPPED_EXPORTS);
    writeFileSync(join(out, "shipped", `${name}.wasm`), shipped);
    checksums[name] = checksum(shipped);
    write(name, pack(shipped), "string[]");
  }
  write("checksums", checksums, "Readonly<Record<string, number>>");
  writeFileSync(join(out, "digest"), digest);
}
