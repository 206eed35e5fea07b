// What `npm install resnet-wasm` brings: its files, its entry points under every condition, its declarations.
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { attwReport, publintMessages } from "../../../scripts/release/check.js";
import { packAndInstall, root } from "./pack.js";

const packed = packAndInstall();
afterAll(() => packed.remove());

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const entries = Object.keys(manifest.exports).filter((key) => !/\*|package\.json|file-system/.test(key));
const specifiers = entries.map((key) => `resnet-wasm${key.slice(1)}`);
/** Without the programs that only a worker can run. */
const importable = specifiers.filter((specifier) => !/\/(thread|program)$/.test(specifier));

describe("the tarball", () => {
  it("holds code, its sources and maps, declarations, kernels, the pages and examples, and nothing else", () => {
    const expected =
      /^(([\w-]+\/)*package\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/([\w-]+\.(md|svg)|api-report\/\w+\.api\.md)|bench\/results\/\w+\.(md|svg)|examples\/[\w/.-]+|src\/[\w/.-]+\.ts|dist\/(THIRD-PARTY-LICENSES|([\w.-]+|(chunks|tools)\/[\w-]+)\.js(\.map)?|types\/[\w/.-]+\.d\.ts(\.map)?|kernels\/[\w-]+\.wasm))$/;
    expect(packed.files.filter((path) => !expected.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(3_700_000); // of it 0.11 MB of pages and examples, 0.31 MB of kernels, by group and variant, as files and as text
  });

  it("holds every file that the exports map names", () => {
    const targets = (value: unknown): string[] =>
      typeof value === "string" ? [value] : Object.values(value as object).flatMap(targets);
    const named = targets(manifest.exports).filter((path) => !path.includes("*"));
    expect(named.filter((path) => !packed.files.includes(path.slice(2)))).toEqual([]);
  });

  it("leads those who do not read the exports map to the same files", () => {
    expect(readFileSync(join(root, manifest.main), "utf8").length).toBeGreaterThan(0);
    for (const [name, { types, node, browser, default: other }] of Object.entries<Record<string, string>>(
      manifest.exports,
    )) {
      if (name === "." || !packed.files.includes(`${name.slice(2)}/package.json`)) continue;
      const folder = join(root, name);
      const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const path = (file: string | undefined) => file && join(folder, file);
      const page = browser ?? other;
      const expected = [types, node ?? other, page ?? node].map((file) => file && join(root, file));
      expect([found.types, found.main, found.browser ?? found.main].map(path), name).toEqual(expected);
    }
    const folders = packed.files.filter((path) => /^\w.*\/package\.json$/.test(path)).map((path) => `./${path}`);
    const named = Object.keys(manifest.exports).filter((name) => !/^\.$|\*|package\.json/.test(name));
    expect(folders.sort()).toEqual(named.map((name) => `${name}/package.json`).sort());
  });

  it("calls no eval and reaches for no network", () => {
    const code = packed.files
      .filter((path) => /^dist\/.*\.js$/.test(path))
      .map((path) => [path, readFileSync(join(root, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "")]);
    // The names of SVG's elements are no address that anything is fetched from.
    const withoutNames = (text: string) => text.replaceAll("http://www.w3.org/2000/svg", "");
    const found = code.filter(([, text]) =>
      /\beval\(|new Function\(|https?:\/\/|importScripts\(/.test(withoutNames(text)),
    );
    expect(found.map(([path]) => path)).toEqual([]);
  });

  it("holds no entry for browsers that a bundler for pages stumbles over", async () => {
    const pages = importable.filter((specifier) => specifier !== "resnet-wasm/cluster"); // of Node, Deno and Bun alone
    const contents = pages.map((specifier) => `export * from "${specifier}";`).join("\n");
    const options = { bundle: true, format: "esm", write: false, logLevel: "error" } as const;
    const { outputFiles } = await build({
      ...options,
      stdin: { contents, resolveDir: packed.app },
      platform: "browser",
    });
    expect(outputFiles[0].text.match(/(from|import) *\(? *"[^"]+"/g)).toBeNull();
  });

  it("runs nothing when it is imported: a bundler drops all of it", async () => {
    const contents = importable.map((specifier, i) => `import * as unused${i} from "${specifier}";`).join("\n");
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: packed.app },
      bundle: true,
      format: "esm",
      platform: "node",
      external: Object.keys(manifest.peerDependencies),
      write: false,
      logLevel: "error",
    });
    expect(outputFiles[0].text.trim()).toBe("");
  });

  // A bundler that loads a file for one of its functions keeps what stands beside it, unless that is marked as pure.
  it("keeps next to nothing of a file of which nothing is used", async () => {
    const names = packed.files.filter((path) => /^dist\/(chunks\/(predict|train)-|(index|worker)\.).*js$/.test(path));
    expect(names.length).toBeGreaterThan(6);
    // A copy, for whose files no package.json says that they have no side effects.
    cpSync(join(packed.app, "node_modules/resnet-wasm/dist"), join(packed.app, "dist"), { recursive: true });
    for (const name of names) {
      const { outputFiles } = await build({
        stdin: { contents: `import "./${name}";`, resolveDir: packed.app },
        bundle: true,
        minify: true,
        format: "esm",
        write: false,
        external: ["node:*", "resnet-wasm", "*.wasm", "*.wasm?module", "resnet-wasm/*"],
        logLevel: "error",
      });
      const kept = outputFiles[0].text.replace(/import"[^"]+";/g, "");
      expect(kept.length, `${name}: ${kept.slice(0, 2000)}`).toBeLessThan(700); // hosts without threads say why
    }
  });
});

describe("publint and attw", () => {
  it("publint has nothing to say", async () => {
    expect(await publintMessages(root)).toEqual([]);
  });

  it("attw finds the declarations of every entry", () => {
    expect(attwReport(packed.tarball)).toMatch(/No problems found|🟢/);
  }, 240_000);
});

describe("declarations", () => {
  const program = `${specifiers.map((specifier, i) => `import * as entry${i} from "${specifier}";`).join("\n")}
import { createModel, createTrainer, crossEntropy, Linear, type Model, Sequential, SGD } from "resnet-wasm";
export const entries = [${specifiers.map((_, i) => `entry${i}`).join(", ")}];
const model: Model = await createModel(new Sequential(new Linear(4, 2)), { inputShape: [4], workerUrl: "/thread.js" });
export const loss: number = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) }).step([[1, 2, 3, 4]], [1]).loss;
// @ts-expect-error
await createModel(new Linear(4, 2), { inputShape: "4" });
`;
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  it.each(["nodenext", "bundler"])(
    "serve strict users, moduleResolution %s",
    (moduleResolution) => {
      writeFileSync(join(packed.app, "program.ts"), program);
      const compilerOptions = {
        strict: true,
        noEmit: true,
        module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
        moduleResolution,
        target: "es2022",
        lib: ["ES2023", "DOM", "DOM.Iterable"],
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
      };
      writeFileSync(join(packed.app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
      expect(() => execFileSync(process.execPath, [tsc, "-p", packed.app], { stdio: "pipe" })).not.toThrow();
    },
    240_000,
  );
});

describe("entry points", () => {
  const run = (code: string, type: string, flags: string[] = []) =>
    execFileSync(process.execPath, [...flags, `--input-type=${type}`, "-e", code], {
      cwd: packed.app,
      encoding: "utf8",
    });

  it("are imported and required as the same modules", () => {
    const keys = (load: string) => `console.log(JSON.stringify((${load}).map((m) => Object.keys(m).sort())))`;
    const imported = run(keys(`await Promise.all(${JSON.stringify(importable)}.map((s) => import(s)))`), "module");
    const required = run(keys(`${JSON.stringify(importable)}.map((s) => require(s))`), "commonjs", ["--no-warnings"]);
    expect(JSON.parse(imported)[0]).toContain("createModel");
    expect(required).toBe(imported);
  });

  it.each([
    ["workerd", "workerd"],
    ["edge-light", "edge"],
    ["deno", "node"],
    ["bun", "node"],
    ["node", "node"],
    ["browser", "browser"],
  ])("under the condition %s: index.%s.js", (condition, file) => {
    // Conditions that runtimes set together: Deno and Bun say "node", too, bundlers for workerd say "browser".
    const along = { deno: ["node"], bun: ["node"], workerd: ["browser", "worker"], "edge-light": ["browser", "node"] };
    const conditions = [condition, ...((along as Record<string, string[]>)[condition] ?? []), "import"];
    const map = manifest.exports["."];
    const chosen = Object.keys(map).find((key) => key !== "types" && (key === "default" || conditions.includes(key)))!;
    expect(map[chosen]).toBe(`./dist/index.${file}.js`);
  });

  it("give the kernels' files to those who host them", () => {
    const code = `console.log(["simd", "relaxed"].map((name) => import.meta.resolve(\`resnet-wasm/kernels/\${name}.wasm\`)).join())`;
    expect(run(code, "module")).toMatch(/dist\/kernels\/simd\.wasm,.*dist\/kernels\/relaxed\.wasm/);
  });
});
