// The first minute with the package: an empty folder, `npm init -y`, the tarball, and the first program of its README.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { blocksOf } from "../docs/blocks.js";
import { packAndInstall } from "./pack.js";

const packed = packAndInstall();
const empty = mkdtempSync(join(tmpdir(), "first-minute-"));
afterAll(() => {
  packed.remove();
  rmSync(empty, { recursive: true });
});

const inPackage = (path: string) => readFileSync(join(packed.app, "node_modules/resnet-wasm", path), "utf8");
const readme = inPackage("README.md");
const run = (command: string, args: string[]) =>
  execFileSync(command, args, { cwd: empty, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

describe("README's first program", () => {
  it("runs as start.mjs after the commands that stand before it, and prints what stands after it", () => {
    const [shell, program] = blocksOf("README.md");
    expect(shell.code.split("\n")).toEqual(["npm init -y", "npm install resnet-wasm"]);
    run("npm", ["init", "-y"]);
    run("npm", ["install", "--offline", "--no-audit", "--no-fund", packed.tarball]);
    writeFileSync(join(empty, "start.mjs"), program.code);
    const printed = run("node", ["start.mjs"]);
    const said = /`(test accuracy 0\.\d+, saved in \d+ bytes)`/.exec(readme)?.[1] ?? "";
    const numbers = (text: string) => [...text.matchAll(/\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
    const [[accuracy, bytes], [saidAccuracy, saidBytes]] = [numbers(printed), numbers(said)];
    // Relaxed SIMD moves bits, and with them the odd image.
    expect(Math.abs(accuracy - saidAccuracy)).toBeLessThan(0.02);
    expect(bytes).toBe(saidBytes);
  });
});

describe("the tarball's pages", () => {
  const pages = packed.files.filter((path) => path.endsWith(".md"));
  const links = (page: string) =>
    [...inPackage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target.split("#")[0]).filter(Boolean);

  it("link to nothing that it lacks", () => {
    expect(pages).toContain("docs/troubleshooting.md");
    const missing = pages.flatMap((page) =>
      links(page)
        .filter((target) => !/^https:/.test(target))
        .map((target) => posix.join(posix.dirname(page), target))
        .filter((path) => !packed.files.includes(path))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it("begin with a picture of a real run, which is in it and fetches nothing", () => {
    const [, description, path] = /!\[([^\]]+)\]\((docs\/[\w-]+\.svg)\)/.exec(readme) ?? [];
    expect(description.length).toBeGreaterThan(40);
    const picture = inPackage(path);
    expect(picture.length).toBeLessThan(20_000);
    expect(picture).not.toMatch(/<script|<image|href=|url\(["']?http|NaN|undefined/);
    // The losses at the ends of its lines are those of the table that `npm start` prints.
    const table = readme.matchAll(/^ *(?:2|8|20|50) +([\d.]+) +[\d.]+ % +([\d.]+) +[\d.]+ %$/gm);
    const losses = [...table].flatMap(([, plain, residual]) => [plain, residual]);
    expect(losses).toHaveLength(8);
    for (const loss of losses) expect(picture).toContain(`>${loss}</text>`);
  });
});
