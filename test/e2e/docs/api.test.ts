// docs/api is made from the sources by `npm run docs`: what is committed is what they say now.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const typedoc = join(root, "docs/node_modules/typedoc/bin/typedoc");

const pages = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

describe("docs/api", () => {
  it.skipIf(!existsSync(typedoc))(
    "is what `npm run docs` makes of the sources (skipped until `npm ci --prefix docs`)",
    () => {
      const out = mkdtempSync(join(root, "build/api-"));
      try {
        execFileSync(process.execPath, [typedoc, "--out", out], { cwd: join(root, "docs"), stdio: "pipe" });
        const [made, committed] = [pages(out), pages(join(root, "docs/api"))];
        expect(Object.keys(committed)).toEqual(Object.keys(made));
        const stale = Object.keys(made).filter((name) => made[name] !== committed[name]);
        expect(stale, "run npm run docs").toEqual([]);
      } finally {
        rmSync(out, { recursive: true });
      }
    },
    180_000,
  );

  it("has a page for each entry point that the package exports to be called", () => {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const documented = Object.keys(exports)
      .filter((entry) => {
        const { types } = exports[entry];
        if (types === undefined) return false;
        const source = types.replace("dist/types", "src").replace(".d.ts", ".ts");
        return /^export /m.test(readFileSync(join(root, source), "utf8"));
      })
      .map((entry) => join("docs/api", `${join("resnet-wasm", entry)}.md`));
    expect(documented.filter((page) => !existsSync(join(root, page)))).toEqual([]);
  });
});
