import { describe, expect, it } from "vitest";
import { hasHeader, readCsv } from "../../../src/data/csv.js";
import type { Column } from "../../../src/data/table.js";
import { frequentCategories, guessTargets, useColumns } from "../../../src/recipes/columns.js";
import { binsOf, binWeights } from "../../../src/recipes/table-network.js";

const column = (name: string, values: readonly (string | number | null)[]): Column => {
  const isNumber = values.some((value) => typeof value === "number");
  return {
    name,
    text: values.map((value) => (value === null ? null : String(value))),
    ...(isNumber && { numbers: Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value))) }),
  };
};
const range = <T>(length: number, of: (i: number) => T): T[] => Array.from({ length }, (_, i) => of(i));
const uses = (columns: Column[], target: Column, targets: "class" | "number" = "class", keep: string[] = []) =>
  Object.fromEntries(useColumns(columns, target, targets, keep).map(({ name, use, about }) => [name, { use, about }]));

describe("hasHeader", () => {
  it.each([
    ["a,b\n1,2\n3,4", true],
    ["1,2\n3,4", false],
    ["5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa", false],
    ["colour,size\nred,small\nblue,large", true],
    ["red,small\nblue,large\nred,small", false],
    ["M,0.455\nF,0.35", false],
    ["x;y\n1,5;2", true],
  ])("%j: %s", (text, expected) => {
    expect(hasHeader(text)).toBe(expected);
  });
});

describe("guessTargets", () => {
  it.each([
    [["a", "b", "a"], "class"],
    [[0, 1, 1], "class"],
    [[1, 2, 3, 1], "class"],
    [range(20, (i) => i % 10), "class"],
    [range(22, (i) => i % 11), "number"],
    [[2, 3, 4], "number"],
    [[0, 1, 3], "number"],
    [[0.5, 1], "number"],
  ])("%j: %s", (values, expected) => {
    expect(guessTargets(column("y", values))).toBe(expected);
  });
});

describe("useColumns", () => {
  const rows = 60;
  const target = column(
    "y",
    range(rows, (i) => (i * 7) % 3),
  );

  it("leaves out what says nothing of other rows", () => {
    const found = uses(
      [
        column(
          "constant",
          range(rows, () => 4),
        ),
        column(
          "empty",
          range(rows, () => null),
        ),
        column(
          "row",
          range(rows, (i) => 1000 - i),
        ),
        column(
          "customer_id",
          range(rows, (i) => (i * 7919) % 104729),
        ),
        column(
          "population",
          range(rows, (i) => (i * 7919) % 104729),
        ),
        column(
          "name",
          range(rows, (i) => `person ${i}`),
        ),
        column(
          "street",
          range(rows, (i) => `street ${i % 25}`),
        ),
        column(
          "colour",
          range(rows, (i) => (i % 4 === 0 ? "red" : "blue")),
        ),
        column(
          "known",
          range(rows, (i) => (i % 5 === 0 ? null : 4)),
        ),
      ],
      target,
    );
    expect(Object.entries(found).filter(([, { use }]) => use === "left out")).toEqual([
      ["constant", { use: "left out", about: "is 4 in each row" }],
      ["empty", { use: "left out", about: "is empty" }],
      ["row", { use: "left out", about: "numbers the rows" }],
      ["customer_id", { use: "left out", about: "names the rows: each of its numbers comes once" }],
      ["name", { use: "left out", about: "names the rows: 60 values in 60 rows" }],
      ["street", { use: "left out", about: "has 25 values, none of them in 5 rows or more" }],
    ]);
    expect(found.colour).toEqual({ use: "category", about: "blue, red" });
    expect(found.known).toEqual({ use: "number", about: "1 values, 12 missing" });
  });

  it("leaves out what alone decides the target, and says how to keep it", () => {
    const y = [...target.text].map(Number);
    const columns = [
      column(
        "words",
        y.map((value) => ["no", "maybe", "yes"][value]),
      ),
      column(
        "score",
        y.map((value, i) => 10 * value + (i % 9)),
      ),
      column(
        "noisy",
        y.map((value, i) => (i % 5 === 0 ? 0 : value)),
      ),
    ];
    const found = uses(columns, target);
    expect(found.words.use).toBe("left out");
    expect(found.words.about).toMatch(/^alone decides y \(right for 100 % of the rows\).*keep: \["words"\]/);
    expect(found.score.use).toBe("left out");
    expect(found.noisy.use).toBe("number");
    expect(uses(columns, target, "class", ["words", "score"]).words.use).toBe("category");
  });

  it("finds the same number in another unit, and no mere likeness", () => {
    const metres = range(200, (i) => 150 + ((i * 37) % 101) / 2);
    const y = column("metres", metres);
    const found = uses(
      [
        column(
          "feet",
          metres.map((value) => Math.round(value * 3.28084 * 10) / 10),
        ),
        column(
          "weight",
          metres.map((value, i) => value / 2 + ((i * 13) % 17)),
        ),
        column(
          "group",
          metres.map((value) => `g${Math.floor(value / 20)}`),
        ),
      ],
      y,
      "number",
    );
    expect([found.feet.use, found.weight.use, found.group.use]).toEqual(["left out", "number", "category"]);
  });
});

describe("categories and bins", () => {
  it("keep frequent categories where there are many", () => {
    const text = [...range(30, (i) => `rare ${i}`), ...range(50, (i) => `often ${i % 5}`)];
    expect(frequentCategories(text)).toEqual(range(5, (i) => `often ${i}`));
    expect(frequentCategories(["b", "a", null, "a"])).toEqual(["a", "b"]);
  });

  it("are quantiles, or the values where these are few", () => {
    const x = Float32Array.from(range(400, (i) => (i % 2 === 0 ? i : (i % 6) / 2)));
    const bins = binsOf(x, 2, [0, 1], { most: 4, rowsABin: 10 });
    expect(bins.filter(({ input }) => input === 1)).toEqual([
      { input: 1, from: 0.5, to: 1.5 },
      { input: 1, from: 1.5, to: 2.5 },
    ]);
    const own = bins.filter(({ input }) => input === 0);
    expect(own).toHaveLength(4);
    expect(own.every(({ from, to }) => to - from > 90 && to - from < 110)).toBe(true);
    expect(binsOf(Float32Array.from([1, 1, 1]), 1, [0], { most: 4, rowsABin: 1 })).toEqual([]);
  });

  it("become weights of which a hard sigmoid makes the share of each bin", () => {
    const { weight, bias } = binWeights([{ input: 1, from: 2, to: 6 }], 2);
    const share = (x: number) => Math.min(1, Math.max(0, (weight.data[1] * x + bias.data[0]) / 6 + 0.5));
    expect([0, 2, 3, 6, 9].map(share)).toEqual([0, 0, 0.25, 1, 1]);
    expect([weight.shape, bias.shape, weight.data[0]]).toEqual([[1, 2], [1], 0]);
  });
});

it("readCsv names its target's missing rows as before", () => {
  expect(() => readCsv("a,b\n1,\n2,3", { target: "b" })).toThrow("Leave the row out");
});
