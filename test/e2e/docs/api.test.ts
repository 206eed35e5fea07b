// What the package exports: the report in the repository is what src/ says now.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const run = (script: string, args: string[] = [], cwd = root): string =>
  execFileSync(process.execPath, [script, ...args], { cwd, encoding: "utf8", stdio: "pipe" });

/** The entry points that export something, by their path inside the package. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return Object.keys(exports).filter((entry) => {
    const { types } = exports[entry];
    return types && /^export (?!\{\})/m.test(readFileSync(join(root, types), "utf8"));
  });
}

describe("docs/api-report", () => {
  it("holds the names and signatures that the entry points have (npm run api-report)", () => {
    expect(run(join(root, "scripts/run.js"), ["scripts/api-report.ts", "--check"])).toMatch(
      /^docs\/api-report: \d+ entries/,
    );
  }, 180_000);

  it("has a page for each entry point, in which nothing is missing", () => {
    for (const entry of entries()) {
      const name = entry === "." ? "main" : basename(entry);
      const text = readFileSync(join(root, `docs/api-report/${name}.api.md`), "utf8");
      expect(text.match(/^export /gm)!.length).toBeGreaterThan(0);
      expect(text).not.toMatch(/undocumented/);
    }
  });
});
