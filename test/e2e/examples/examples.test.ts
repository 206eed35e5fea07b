// The small examples: each ends well and prints what it promises.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { root, runExample } from "./run.js";

const number = (text: string, pattern: RegExp): number => Number(text.match(pattern)?.[1] ?? Number.NaN);

describe("README.md", () => {
  it("starts with a program that runs as it stands", async () => {
    const [, program] = (await readFile(`${root}/README.md`, "utf8")).match(/```js\n([\s\S]*?)```/) ?? [];
    // Inside the package, so that it can import itself by name.
    const folder = await mkdtemp(`${root}/build/readme-`);
    await writeFile(join(folder, "start.mjs"), program);
    const { code, stdout, stderr } = await runExample(join("..", relative(root, folder), "start.mjs"));
    await rm(folder, { recursive: true });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(number(stdout, /test accuracy ([\d.]+)/)).toBeGreaterThan(0.8);
  });
});

describe("examples", () => {
  it("train-residual-net.js learns to read glyphs", async () => {
    const { code, stdout, stderr } = await runExample("train-residual-net.js");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("(Residual)");
    expect(number(stdout, /epoch 6: loss ([\d.]+)/)).toBeLessThan(0.3);
    expect(number(stdout, /epoch 6: .*accuracy ([\d.]+)/)).toBeGreaterThan(0.85);
    expect(stdout).toMatch(/test image 7 shows class 7; the network says \d/);
  });

  it("custom-loss.js finds the quantiles that its loss asks for", async () => {
    const { code, stdout, stderr } = await runExample("custom-loss.js");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    for (const q of [0.1, 0.5, 0.9]) {
      const below = number(stdout, new RegExp(`quantile ${q}: ([\\d.]+) %`));
      expect(Math.abs(below - 100 * q), `share below quantile ${q}`).toBeLessThan(3);
    }
  });

  it("tabular-resnet.js predicts the prices that it made up", async () => {
    const { code, stdout, stderr } = await runExample("tabular-resnet.js");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("age is missing, quarter=centre");
    // The noise that it adds, ±7 %, leaves about 1 % of the variance.
    expect(number(stdout, /R² ([\d.]+)/)).toBeGreaterThan(0.95);
  });

  const penguins = "../shared/data/tabular/penguins.csv";
  it.skipIf(!existsSync(`${root}/${penguins}`))(
    "tabular-resnet.js tells penguins apart (skipped where the csv is absent)",
    async () => {
      const { code, stdout } = await runExample("tabular-resnet.js", ["--target=species", penguins]);
      expect(code).toBe(0);
      expect(number(stdout, /test accuracy ([\d.]+) %/)).toBeGreaterThan(90);
    },
  );

  it("tabular-resnet.js names the columns that a csv has when the target is none of them", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "tabular-")), "table.csv");
    await writeFile(file, "a,b\n1,2\n3,4\n");
    const { code, stderr } = await runExample("tabular-resnet.js", ["--target=c", file]);
    await rm(dirname(file), { recursive: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(/ArgumentError\]?: readCsv: .*target expected a column of \["a", "b"\], got "c"/);
  });
});
