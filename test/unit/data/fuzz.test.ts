// Changed files of data. Longer runs: node scripts/run.js scripts/fuzz.ts pictures csv idx --count 100000
import { expect, it } from "vitest";
import { readCsv } from "../../../src/faces/data.js";
import { csvTarget, idxTarget } from "../../support/fuzz/data.js";
import { fuzz } from "../../support/fuzz/fuzz.js";
import { picturesTarget } from "../../support/fuzz/pictures.js";

it("changed pictures are decoded or refused by a typed error, soon and in bounds", async () => {
  const { loaded, refused } = await fuzz(picturesTarget(new URL("../../golden/", import.meta.url)), 4000, 1);
  // Both happen, or the changes are too great or too small to tell anything.
  expect(loaded).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(200);
});

it.each([
  ["csv", csvTarget],
  ["idx", idxTarget],
])("changed %s files are read or refused by a typed error, soon and in bounds", async (_, target) => {
  const { loaded, refused } = await fuzz(target(), 10_000, 1);
  expect(loaded).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(500);
});

it("csv fields without end take no longer than their length, and columns are bounded", () => {
  const begin = performance.now();
  expect(readCsv(`a\n${"1".repeat(300_000)}x\n`).columns[0].numbers).toBeUndefined();
  expect(performance.now() - begin).toBeLessThan(2000);
  expect(() => readCsv(`${"1,".repeat(200_000)}1\n`, { header: false })).toThrow("at most 100000 columns, got 200001");
});
