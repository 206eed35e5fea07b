// The edge runtime of Vercel and Next, with code generation off as in production: the module is compiled outside.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { conformanceOf, dist, folder, writeProgram } from "./programs.js";

const KIND = "edge";
const require = createRequire(import.meta.url);

/** What Next's build makes of `import module from "….wasm?module"`. */
const moduleImports = {
  name: "module-imports",
  setup(build) {
    build.onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "module" }));
    build.onLoad({ filter: /.*/, namespace: "module" }, ({ path }) => ({
      contents: `export default globalThis.kernels[${JSON.stringify(basename(path, ".wasm?module"))}];`,
    }));
  },
};

async function evaluate(name, expression) {
  const { EdgeRuntime } = await import("edge-runtime");
  const outfile = join(folder, `${name}.bundle.js`);
  await build({
    entryPoints: [writeProgram(name, KIND, expression)],
    outfile,
    bundle: true,
    format: "iife",
    target: "es2022",
    plugins: [moduleImports],
    logLevel: "error", // the chunks' bare imports make it warn,
  });
  const names = ["simd", "inference-simd"];
  const compiled = (name) => new WebAssembly.Module(readFileSync(join(dist, `kernels/${name}.wasm`)));
  const kernels = Object.fromEntries(names.map((name) => [name, compiled(name)]));
  const runtime = new EdgeRuntime({
    codeGeneration: { strings: false, wasm: false },
    extend: (context) => Object.assign(context, { kernels }),
  });
  runtime.evaluate(readFileSync(outfile, "utf8"));
  return JSON.parse(JSON.stringify(await runtime.context.outcome));
}

export const edge = {
  name: "edge",
  title: "edge-runtime",
  entry: `index.${KIND}.js`,
  version: async () => require("edge-runtime/package.json").version,
  conformance: () =>
    evaluate(
      "edge-conformance",
      conformanceOf({
        name: "edge",
        threads: 1,
        whyOneThread: "edge runtimes have no worker threads",
        relaxedSimd: false,
      }),
    ),
  faults: {},
};
