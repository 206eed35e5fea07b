// Every public function, class and constant has an example in its comment, which compiles strictly and runs on the built package.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportOnnx } from "../../../src/faces/onnx.js";
import { cifarResNet, createModel } from "../../../src/hosts/node/index.js";
import { root } from "./blocks.js";
import { NOT_RUN, programs } from "./examples.js";

const made = programs();
const fileName = (module: string) => module.replace(/\W/g, "-");

describe("examples of the API", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(root, "build/examples-")); // inside the package, which imports itself by name
    for (const { module, code } of made.programs) writeFileSync(join(folder, `${fileName(module)}.ts`), code);
    // The files that examples speak of.
    for (const name of ["photo.jpg", "photos/cats/1.jpg", "photos/dogs/1.jpg"]) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      cpSync(join(root, "test/golden/images/smooth.jpg"), join(folder, name));
    }
    const net = await createModel(cifarResNet(8), { inputShape: [32, 32, 3] });
    writeFileSync(join(folder, "resnet18.onnx"), exportOnnx(net));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are there for every function, class and constant", () => {
    expect(made.without).toEqual([]);
    expect(Object.keys(NOT_RUN).filter((name) => !made.names.includes(name))).toEqual([]);
  });

  it("pass tsc --strict", () => {
    const compilerOptions = {
      ...{ strict: true, noImplicitOverride: true, noEmit: true, module: "nodenext", target: "es2022" },
      ...{ lib: ["ES2023", "DOM", "DOM.Iterable", "ESNext.Disposable"], types: ["node"], skipLibCheck: true },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["."] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const said = execFileSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { encoding: "utf8" });
    expect(said).toBe("");
  }, 120_000);

  it.each(made.programs.map(({ module, code }): [string, string] => [module, code]))(
    "of %s run",
    (module, code) => {
      const path = join(folder, `${fileName(module)}.mjs`);
      writeFileSync(path, transformSync(code, { loader: "ts" }).code);
      execFileSync(process.execPath, [path, "failures.json"], { cwd: folder, stdio: "pipe" });
      expect(JSON.parse(readFileSync(join(folder, "failures.json"), "utf8"))).toEqual([]);
    },
    180_000,
  );
});
