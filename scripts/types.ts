/**
 * The package's declarations in compilers and settings of users, from the packed tarball, with skipLibCheck off:
 * `npm run test:types -- [--folder path]`. Each entry is imported whole.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../test/platforms/process.js";
import { pack } from "../test/platforms/project.js";
import { fromRoot } from "./root.js";

const COMPILERS = ["5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "6", "7"];

const MODULES: Record<string, object> = {
  bundler: { module: "ESNext", moduleResolution: "bundler" },
  node16: { module: "Node16", moduleResolution: "node16" },
  nodenext: { module: "NodeNext", moduleResolution: "nodenext" },
  // Outdated in TypeScript 6, gone in 7.
  node10: { module: "ESNext", moduleResolution: "node10" },
};
const LIBS: Record<string, object> = {
  "ES2022 alone": { lib: ["ES2022"], types: [] },
  "ES2022 and DOM": { lib: ["ES2022", "DOM"], types: [] },
  "@types/node": { lib: ["ES2022"], types: ["node"] },
  WebWorker: { lib: ["ES2022", "WebWorker"], types: [] },
  "@cloudflare/workers-types": { lib: ["ES2022"], types: ["@cloudflare/workers-types"] },
};
const STRICT = {
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noImplicitOverride: true },
  ...{
    skipLibCheck: false,
    noEmit: true,
    target: "ES2022",
    verbatimModuleSyntax: true,
    noPropertyAccessFromIndexSignature: true,
  },
};

const { values } = parseArgs({ options: { folder: { type: "string" } } });
const home = values.folder ?? mkdtempSync(join(tmpdir(), "resnet-wasm-types-"));
mkdirSync(home, { recursive: true });

/** All entries that have declarations. */
const manifest = JSON.parse(readFileSync(fromRoot("package.json"), "utf8"));
const entries = Object.entries(manifest.exports as Record<string, { types?: string }>)
  .filter(([name, { types }]) => types && !/program|thread/.test(name))
  .map(([name]) => name.replace(/^\./, "resnet-wasm"));
const APP = `${entries.map((name, i) => `import * as entry${i} from "${name}";\n`).join("")}
import { createModel, createTrainer, crossEntropy, residualMLP, SGD } from "resnet-wasm";
import { arrayDataset } from "resnet-wasm/data";

export const all = [${entries.map((_, i) => `entry${i}`).join(", ")}];

export async function train(x: Float32Array, y: Int32Array): Promise<number> {
  const model = await createModel(residualMLP({ in: 2, width: 4, blocks: 1, out: 2 }), { inputShape: [2] });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
  await trainer.fit(arrayDataset({ x, y, inputShape: [2], classes: 2 }), { epochs: 1, batchSize: 8 });
  return model.predict(x).data.length;
}
`;

let failed = 0;
let passed = 0;
try {
  const tarball = await pack(home);
  const aliases = COMPILERS.map((version) => `ts${version}@npm:typescript@${version}`);
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const flags = [
    "install",
    "--no-audit",
    "--no-fund",
    "--no-save",
    "--no-package-lock",
    "--ignore-scripts",
    "--loglevel=error",
  ];
  await run("npm", [...flags, tarball, "@types/node@20", "@cloudflare/workers-types@4", ...aliases], { cwd: home });
  writeFileSync(join(home, "app.ts"), APP);
  for (const version of COMPILERS)
    for (const [lib, libOptions] of Object.entries(LIBS))
      for (const [modules, moduleOptions] of Object.entries(MODULES)) {
        // Each compiler with each library, each way of finding modules with one.
        if (modules !== "bundler" && lib !== "@types/node") continue;
        if (modules === "node10" && Number(version) >= 7) continue;
        const outdated = modules === "node10" && Number(version) >= 6 && { ignoreDeprecations: "6.0" };
        const compilerOptions = { ...STRICT, ...libOptions, ...moduleOptions, ...outdated };
        const config = { compilerOptions, files: ["app.ts"] };
        writeFileSync(join(home, "tsconfig.json"), JSON.stringify(config));
        const name = `TypeScript ${version}, ${modules}, ${lib}`;
        try {
          await run(process.execPath, [join(home, `node_modules/ts${version}/bin/tsc`), "-p", "."], { cwd: home });
          passed++;
        } catch (error) {
          failed++;
          console.error(`${name}: ${(error as Error).message.split("\n").slice(0, 8).join("\n    ")}`);
        }
      }
} finally {
  if (values.folder === undefined) rmSync(home, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
