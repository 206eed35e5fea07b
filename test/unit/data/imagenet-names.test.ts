// ImageNet's names, against the labels that another program's network came with.
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { imagenetNames } from "../../../src/faces/imagenet.js";

it("has a name of its own for each class", () => {
  expect(imagenetNames.length).toBe(1000);
  expect(new Set(imagenetNames).size).toBe(1000);
  expect(imagenetNames.every((name) => name === name.trim() && name.length > 1)).toBe(true);
  expect([0, 1, 207, 285, 999].map((i) => imagenetNames[i])).toEqual([
    "tench",
    "goldfish",
    "golden retriever",
    "Egyptian cat",
    "toilet tissue",
  ]);
  expect(Object.isFrozen(imagenetNames)).toBe(true);
});

const labels = new URL("../../../../shared/data/mobilenet-v2/labels.txt", import.meta.url);
it.skipIf(!existsSync(labels))("are among the words of each class (skipped without ../shared/data)", () => {
  const lines = readFileSync(labels, "utf8").trim().split("\n").slice(1);
  const odd = lines.flatMap((line, i) => {
    const words = line.split(",").map((word) => word.trim().toLowerCase());
    return words.includes(imagenetNames[i]!.toLowerCase()) ? [] : [`${imagenetNames[i]}: ${line}`];
  });
  expect(odd).toEqual(["crane bird: crane", "maillot tank suit: maillot, tank suit"]);
});
