// What README.md and docs/*.md show passes the strictest type checkers of those who paste it into a project of their own.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packAndInstall, root } from "../package/pack.js";
import { denoPath } from "../runtimes/processes.js";
import { type Block, blocks } from "./blocks.js";

const packed = packAndInstall();
afterAll(() => packed.remove());

const folder = join(packed.app, "programs");
mkdirSync(folder);
// Those of other frameworks are run where these are (npm run test:platforms).
const programs = blocks().filter(
  ({ language, runtime }) => (language === "js" || language === "ts") && runtime !== "platforms",
);
const fileName = ({ place }: Block) => `${place.replace(/\W/g, "-")}.ts`;
for (const block of programs) writeFileSync(join(folder, fileName(block)), `${block.code}\nexport {};\n`);
// Bundlers give a file of weights as its bytes.
const weights =
  'declare module "*.safetensors" {\n  const bytes: Uint8Array<ArrayBuffer>;\n  export default bytes;\n}\n';
writeFileSync(join(folder, "weights.d.ts"), weights);

/** What a checker says, nothing where it is content. */
const check = (command: string, args: string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(command, args, { cwd: packed.app, env: { ...process.env, NO_COLOR: "1" } }, (error, stdout, stderr) =>
      resolve(error ? stdout + stderr || error.message : ""),
    );
  });

describe("the documentation's programs", () => {
  it.each(["nodenext", "bundler"])(
    "pass tsc --strict, moduleResolution %s",
    async (moduleResolution) => {
      expect(programs.length).toBeGreaterThan(20);
      const compilerOptions = {
        strict: true,
        noImplicitOverride: true,
        noEmit: true,
        module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
        moduleResolution,
        target: "es2022",
        lib: ["ES2023", "DOM", "DOM.Iterable"],
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
      };
      writeFileSync(
        join(packed.app, "tsconfig.strict.json"),
        JSON.stringify({ compilerOptions, include: ["programs"] }),
      );
      expect(
        await check(process.execPath, [
          join(root, "node_modules/typescript/bin/tsc"),
          "-p",
          join(packed.app, "tsconfig.strict.json"),
        ]),
      ).toBe("");
    },
    240_000,
  );

  const hasDeno = existsSync(denoPath);
  const missing = hasDeno ? "" : " (skipped until `npm ci --prefix test/e2e/runtimes`)";
  it.skipIf(!hasDeno)(
    `pass deno check${missing}`,
    async () => {
      // What types a bundler gives to a file of weights is the bundler's affair.
      const files = programs
        .filter(({ runtime }) => !["edge", "platforms"].includes(runtime))
        .map((block) => `programs/${fileName(block)}`);
      // Programs that read files need what a project has for them.
      mkdirSync(join(packed.app, "node_modules/@types"));
      for (const name of ["@types/node", "undici-types"])
        symlinkSync(join(root, "node_modules", name), join(packed.app, "node_modules", name));
      writeFileSync(
        join(packed.app, "deno.json"),
        JSON.stringify({ nodeModulesDir: "manual", compilerOptions: { lib: ["deno.window", "dom"] } }),
      );
      expect(await check(denoPath, ["check", "--quiet", ...files])).toBe("");
    },
    240_000,
  );
});
