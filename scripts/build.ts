// Makes dist/: the entry points and what they share, the programs of workers, the kernels' files, the declarations, and
// the licences of what others wrote.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleEntries, bundleParts, bundleProgram, bundleTools, MAPPED } from "./bundle.js";
import { publishDeclarations } from "./declarations.js";
import { writeEntryFolders } from "./entry-folders.js";
import { thirdPartyLicences } from "./licences.js";
import { fromRoot } from "./root.js";
import { Unchanged } from "./unchanged.js";

const dist = fromRoot("dist");
const unchanged = new Unchanged(
  fromRoot("build/dist-digest"),
  [
    "src",
    "scripts",
    "build/kernels/digest",
    ...["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"],
  ],
  "dist",
);

type Targets = string | { [condition: string]: Targets };
const targets = (value: Targets): string[] =>
  typeof value === "string" ? [value] : Object.values(value).flatMap(targets);
const manifest = JSON.parse(readFileSync(fromRoot("package.json"), "utf8"));
/** What the manifest names and this pattern finds in its paths. */
const named = (pattern: RegExp): string[] => {
  const paths = [manifest.exports, manifest.bin].flatMap(targets);
  return [...new Set(paths.flatMap((path) => pattern.exec(path)?.[1] ?? []))];
};

/** What a page without a bundler gets of each entry. */
const pageFiles = Object.fromEntries(
  Object.entries(manifest.exports as Record<string, Record<string, string>>).flatMap(
    ([name, { browser, default: other }]) => {
      const file = browser ?? other; // none of entries for servers
      return file ? [[name.replace(/^\./, "resnet-wasm"), file.slice(2)]] : [];
    },
  ),
);

/** `dist/index.node.js` is made of `src/hosts/node/index.ts`; what differs in no runtime is a face or a tool. */
function sourceOf(name: string): string {
  const [base, runtime = "default"] = name.split(".");
  const rooms = [`hosts/${runtime}`, "hosts/browser", "faces", "tools"];
  const path = rooms.map((room) => fromRoot("src", room, `${base}.ts`)).find(existsSync);
  if (!path) throw new Error(`package.json names dist/${name}.js: expected ${base}.ts in src/${rooms.join(", src/")}`);
  return path;
}

/** What workers run: one file each, with both kernel variants where it makes models. */
const programs = {
  thread: "iife",
  "model-worker": "iife",
  "model-worker.node": "esm",
  "data-worker.node": "esm",
} as const;
const VERSION = JSON.stringify(manifest.version);
/** What uses the package as its users do. */
const tools = ["doctor", "bin"];
const entries = named(/^\.\/dist\/([\w.-]+)\.js$/).filter((name) => !(name in programs) && !tools.includes(name));
const sources = (names: string[]) => Object.fromEntries(names.map((name) => [name, sourceOf(name)]));

async function make(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });

  // The programs of workers as text, for bundles that have no files of them: what the model's share is one file on demand.
  const parts = await bundleParts({
    browser: fromRoot("src/hosts/browser/model-worker.ts"),
    node: fromRoot("src/hosts/node/model-worker.ts"),
  });
  mkdirSync(fromRoot("build/worker"), { recursive: true });
  const programFiles = await Promise.all(
    Object.entries(programs).map(([name, format]) => bundleProgram(name, sourceOf(name), format)),
  );
  const { code: data } = programFiles.find(({ name }) => name === "data-worker.node.js")!;
  for (const [name, code] of Object.entries({ ...parts, data: data.replace(MAPPED, "") }))
    writeFileSync(fromRoot(`build/worker/worker-${name}.js`), `export default ${JSON.stringify(code)};\n`);

  const files = await Promise.all([
    // One build for all entries, so that they share files: an error thrown by one is an instance of another's class.
    bundleEntries(sources(entries), { VERSION }),
    bundleTools(sources(tools), { VERSION, PAGE_FILES: JSON.stringify(pageFiles) }),
    programFiles,
  ]);
  for (const { name, code, map } of files.flat()) {
    const path = join(dist, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
    if (map) writeFileSync(`${path}.map`, map);
  }

  writeFileSync(join(dist, "THIRD-PARTY-LICENSES"), thirdPartyLicences(files.flat().flatMap(({ modules }) => modules)));

  cpSync(fromRoot("build/kernels/shipped"), join(dist, "kernels"), { recursive: true });

  const tsc = fromRoot("node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", fromRoot("tsconfig.build.json")], { stdio: "inherit" });

  publishDeclarations(join(dist, "types"), named(/^\.\/dist\/types\/([\w./-]+)\.d\.ts$/));
}

if (!unchanged.holds()) {
  await make();
  unchanged.keep();
}
writeEntryFolders(fromRoot(), manifest.exports);
