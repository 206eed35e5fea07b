// The suite, bundled once, and the small programs that run it. A program sets globalThis.outcome to a promise of what it
// found out; programs of processes print it, too.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const dist = join(root, "dist");
export const folder = join(root, "build/runtimes");
export const suite = join(folder, "suite.js");

export async function bundleSuite() {
  await build({
    entryPoints: [join(root, "test/runtimes/conformance/index.ts")],
    outfile: suite,
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
}

const specifier = (from, to) => {
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
};

/** Writes build/runtimes/<name>.js: imports the library from dist/<entry> and evaluates an expression of both modules. */
export function writeProgram(name, entry, expression, { before = "", after = "" } = {}) {
  const path = join(folder, `${name}.js`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `import * as library from ${JSON.stringify(specifier(path, join(dist, entry)))};
import * as suite from ${JSON.stringify(specifier(path, suite))};
${before}
globalThis.outcome = ${expression};
${after}
`,
  );
  return path;
}

export const conformanceOf = (environment) => `suite.conformance(library, ${JSON.stringify(environment)})`;
