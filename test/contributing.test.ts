// CONTRIBUTING.md: recipes of ten lines, whose places and names exist, and whose examples keep to them; the commands of that
// page and of docs/verify.md.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const page = read("CONTRIBUTING.md");
const recipes = page.split(/^## /m).slice(1);

describe("the recipes", () => {
  it("are three, of at most ten lines", () => {
    expect(recipes.map((text) => text.split("\n")[0])).toEqual(["An op", "An optimiser", "A runtime"]);
    const lengths = recipes.map((text) => text.split("\n").filter((line) => /^(\d+\. | {3}\S)/.test(line)).length);
    expect(lengths.filter((lines) => lines < 5 || lines > 10)).toEqual([]);
  });

  it("name places that exist", () => {
    const places = [...page.matchAll(/`((?:src|assembly|test|docs|bench|\.ci)\/[^`\s]*)`/g)].map(([, place]) => place);
    expect(places.length).toBeGreaterThan(25);
    // Of <family>/<op>.ts what is in front of the first name to choose.
    const known = (place: string) => existsSync(join(root, place.replace(/<.*$/, "")));
    expect(places.filter((place) => !known(place))).toEqual([]);
  });

  it("name tables and types where they are", () => {
    const names = [...page.matchAll(/`(\w+)` in\s+`([\w./-]+)`/g)].map(([, name, place]) => ({ name, place }));
    expect(names.length).toBeGreaterThan(8);
    const declared = ({ name, place }: { name: string; place: string }) =>
      new RegExp(`(const|function|interface|type|class) ${name}\\b`).test(read(place));
    // package.json has `exports`, which no keyword declares.
    expect(names.filter((each) => each.name !== "exports" && !declared(each))).toEqual([]);
  });
});

describe.each(["CONTRIBUTING.md", "docs/verify.md"])("%s", (file) => {
  const text = read(file);

  it("names commands that there are", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const called = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(called.length).toBeGreaterThan(5);
    expect(called.filter((name) => !(name in scripts))).toEqual([]);
  });

  it("names tests and projects that there are", () => {
    const lanes = read("vitest.config.js");
    const runs = [...text.matchAll(/vitest run --project (\w+) (\S+)`/g)];
    expect(runs.filter(([, project, path]) => !lanes.includes(`${project}:`) || !existsSync(join(root, path)))).toEqual(
      [],
    );
    expect(text.includes("vitest run")).toBe(runs.length > 0);
  });
});

const git = (...args: string[]): string => {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return ""; // no clone, as in an unpacked archive
  }
};

describe("the examples", () => {
  it.each([
    ["Add GroupNorm", 5],
    ["Add Lion", 4],
  ])("%s touches at most %d files of src/ and assembly/ (skipped where history has been cut off)", (subject, most) => {
    expect(page).toContain(`git log --grep "^${subject}$"`);
    const commit = git("log", "--format=%H", "--grep", `^${subject}$`, "-1");
    if (!commit) return;
    const touched = git("show", "--format=", "--name-only", commit, "--", "src", "assembly").split("\n");
    expect(touched.length).toBeGreaterThan(2);
    expect(touched.length, touched.join(", ")).toBeLessThanOrEqual(most);
  });
});
