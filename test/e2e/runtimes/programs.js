// The suite, bundled once, and the small programs that run it. A program sets globalThis.outcome to a promise of what it
// found out; programs of processes print it, too.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
export const dist = join(root, "dist");
export const folder = join(root, "build/runtimes");
export const suite = join(folder, "suite.js");

export async function bundleSuite() {
  await build({
    entryPoints: [join(root, "test/e2e/runtimes/conformance/index.ts")],
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

/** The imports of a program at `path`: the library and its entry for inference from dist/*.<kind>.js, and the suite. */
export function imports(path, kind) {
  // In edge runtimes kernels are files of the program: those of eight bits are left out there.
  const more = ["node", "browser"].includes(kind) ? { eight: join(dist, `quantize.${kind}.js`) } : {};
  const files = {
    ...more,
    library: join(dist, `index.${kind}.js`),
    inference: join(dist, `inference.${kind}.js`),
    suite,
  };
  const line = ([name, file]) => `import * as ${name} from ${JSON.stringify(specifier(path, file))};\n`;
  return Object.entries(files).map(line).join("");
}

/** Writes build/runtimes/<name>.js, which evaluates an expression of the modules that it imports. */
export function writeProgram(name, kind, expression, { before = "", after = "" } = {}) {
  const path = join(folder, `${name}.js`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `${imports(path, kind)}${before}
globalThis.outcome = ${expression};
${after}
`,
  );
  return path;
}

export const conformanceOf = (environment) =>
  `suite.conformance(library, inference, ${JSON.stringify(environment)}, typeof eight === "undefined" ? undefined : eight)`;
