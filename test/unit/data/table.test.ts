import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, DataError, FormatError, ResnetWasmError, ShapeError } from "../../../src/core/errors.js";
import { fitQuantiles, normalQuantile, toNormal } from "../../../src/data/quantile.js";
import {
  fitTable,
  makeTable,
  readCsv,
  splitTable,
  type Table,
  TableTransform,
  tableRows,
} from "../../../src/faces/data.js";
import { read } from "./read.js";

const PETS = `name, legs ,weight,colour,age
Rex,4,20.5,brown,3
"Mia, the cat",4,4.5,black,
Tweety,2,.1,"yellow",2
Kaa,0,1e1,brown,8
`;

describe("readCsv", () => {
  it("finds names, numbers, categories and missing fields", () => {
    const table = readCsv(PETS, { target: "legs", ignore: ["name"] });
    expect(table.length).toBe(4);
    expect(table.columns.map(({ name }) => name)).toEqual(["weight", "colour", "age"]);
    expect([...table.columns[0]!.numbers!]).toEqual([20.5, 4.5, 0.1, 10]);
    expect(table.columns[1]!.numbers).toBeUndefined();
    expect(table.columns[1]!.text).toEqual(["brown", "black", "yellow", "brown"]);
    expect([...table.columns[2]!.numbers!]).toEqual([3, Number.NaN, 2, 8]);
    expect(table.targets).toBe("number");
    expect(readCsv(PETS).columns[0]!.text[1]).toBe("Mia, the cat");
  });

  it("takes columns by place, other delimiters, line ends and a byte order mark", () => {
    const table = readCsv("\ufeff1;a\r\n2;b\r\n\r\n3;?\r\n", {
      header: false,
      delimiter: ";",
      target: -2,
      categorical: [1],
    });
    expect(table.columns).toEqual([{ name: "1", text: ["a", "b", null], numbers: undefined }]);
    expect(table.target!.name).toBe("0");
    expect(readCsv("a,b\n1,x\n2,x", { target: 0, targets: "class" }).targets).toBe("class");
    expect(readCsv("a\n-9\n1", { missing: ["-9"] }).columns[0]!.text).toEqual([null, "1"]);
  });

  it("takes only finite decimal numbers for numbers", () => {
    for (const field of ["0x10", "1e999", "Infinity", "1_000", "1,5,5", "١", "--1", "1e", "."]) {
      expect(readCsv(`a;b\n1;x\n${field};x`, { delimiter: ";" }).columns[0]!.numbers, field).toBeUndefined();
    }
  });

  const bad: [string, string, object, new (m: string) => Error, string][] = [
    ["nothing", "", {}, DataError, "readCsv: text expected at least one row, got none"],
    ["a header alone", "a,b\n", {}, DataError, "text expected at least one row below the header, got none"],
    ["a short row", "a,b\n1,2\n3\n", {}, FormatError, "row 3 expected 2 fields, got 1 fields"],
    ["a page", "<!doctype html>\n<p>404", {}, FormatError, "This is a page in place of the file"],
    ["UTF-16 as if it were text", "a\0,\0b\0\n\0", {}, FormatError, "got zero characters. Is the file in UTF-16?"],
    ["an open quote", 'a,b\n1,"2\n', {}, FormatError, "expected csv, got Quoted field unterminated"],
    ["a name twice", "a,a\n1,2\n", {}, FormatError, 'name of column 1 expected one of its own, got "a"'],
    ["an empty name", "a,\n1,2\n", {}, FormatError, "Is there no header?"],
    [
      "an unknown target",
      "a,b\n1,2\n",
      { target: "c" },
      ArgumentError,
      'target expected a column of ["a", "b"], got "c"',
    ],
    ["a target out of range", "a,b\n1,2\n", { target: 2 }, ArgumentError, "got 2"],
    [
      "an unknown category",
      "a,b\n1,2\n",
      { categorical: ["x"] },
      ArgumentError,
      'categorical expected a column of ["a", "b"], got "x"',
    ],
    [
      "the target ignored",
      "a,b\n1,2\n",
      { target: 0, ignore: ["a"] },
      ArgumentError,
      "ignore expected columns beside the target, got a",
    ],
    [
      "a missing target",
      "a,b\n1,2\n,3\n",
      { target: "a" },
      DataError,
      'target "a", row 1 expected a value, got a missing one',
    ],
    [
      "text as numbers",
      "a,b\nx,2\n",
      { target: "a", targets: "number" },
      DataError,
      'target "a" expected numbers, got fields such as "x"',
    ],
    ["a kind unknown", "a,b\n1,2\n", { target: "a", targets: "both" }, ArgumentError, 'got "both"'],
    ["nothing but a target", "a\n1\n", { target: "a" }, DataError, "at least one row and one column of inputs"],
    [
      "a delimiter of two",
      "a\n1\n",
      { delimiter: "::" },
      ArgumentError,
      'delimiter expected one character, no quote or line end, got "::"',
    ],
    ["an unknown option", "a\n1\n", { sep: ";" }, ArgumentError, '"sep"'],
  ];
  it.each(bad)("refuses %s", (_, text, options, type, message) => {
    const run = () => readCsv(text, options);
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
  it("names the file and refuses what is no text", () => {
    expect(() => readCsv("", { fileName: "pets.csv" })).toThrow("readCsv: pets.csv: text");
    expect(() => readCsv(new Uint8Array(3) as never)).toThrow("text expected a string, got Uint8Array(3)");
  });

  it("reads any text or raises a typed error", () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom("a", "1", ",", '"', "\n", "\r", " ", "-", ".", "é")).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (csv, header) => {
        try {
          const table = readCsv(csv, { header });
          for (const { text, numbers } of table.columns) {
            expect(text.length).toBe(table.length);
            if (numbers) expect(numbers.length).toBe(table.length);
          }
        } catch (error) {
          if (!(error instanceof ResnetWasmError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("fitTable", () => {
  const table = readCsv("size,colour,kind\n1,red,a\n3,green,b\n,red,b\n5,,a\n", { target: "kind" });

  it("standardises, encodes categories, marks what is missing", () => {
    const fitted = fitTable(table);
    expect(fitted.featureNames).toEqual(["size", "size is missing", "colour=green", "colour=red", "colour is missing"]);
    expect(fitted.classNames).toEqual(["a", "b"]);
    const dataset = fitted.transform(table);
    expect(dataset).toMatchObject({ length: 4, inputShape: [5], targets: "class", classes: 2, classNames: ["a", "b"] });
    const { x, y } = read(dataset);
    const unit = Math.fround(2 / Math.sqrt(8 / 3));
    expect([...x]).toEqual([...[-unit, 0, 0, 1, 0], ...[0, 0, 1, 0, 0], ...[0, 1, 0, 1, 0], ...[unit, 0, 0, 0, 1]]);
    expect([...y]).toEqual([0, 1, 1, 0]);
  });

  it("uses what the training rows said, whatever the test rows hold", () => {
    const train = tableRows(table, [0, 1]);
    const fitted = fitTable(train);
    expect(fitted.featureNames).toEqual(["size", "colour=green", "colour=red"]);
    const test = readCsv("colour,size\nblue,7\n?,NA\n");
    expect([...fitted.inputs(test)]).toEqual([5, 0, 0, 0, 0, 0]); // (7 - 2) / 1; unknown; missing
    expect(() => fitTable(train, { unknown: "error" }).inputs(test)).toThrow(
      'transform: column "colour", row 0 expected a category of ["green", "red"], got "blue"',
    );
    expect(() => fitted.inputs(readCsv("colour\nred\n"))).toThrow('table expected a column "size", got ["colour"]');
    expect(() => fitted.inputs(readCsv("colour,size\nred,big\n"))).toThrow(
      'column "size", row 0 expected a number, got "big"',
    );
    expect(() => fitted.transform(test)).toThrow('target expected "kind", got none');
    const other = readCsv("size,colour,kind\n1,red,c\n", { target: "kind" });
    expect(() => fitted.transform(other)).toThrow('target "kind", row 0 expected a class of ["a", "b"], got "c"');
  });

  it("standardises a target of numbers, and undoes it", () => {
    const train = readCsv("x,y\n1,10\n2,20\n3,30\n", { target: "y" });
    const fitted = fitTable(train);
    const { y } = read(fitted.transform(train));
    expect([...y].map((value) => +value.toFixed(5))).toEqual([-1.22474, 0, 1.22474]);
    expect([...fitted.inverse(y)].map((value) => +value.toFixed(5))).toEqual([10, 20, 30]);
    expect([...read(fitTable(train, { scaleTarget: false }).transform(train)).y]).toEqual([10, 20, 30]);
    expect(() => fitTable(table).inverse([1])).toThrow("inverse: target expected a number, got a class");
    expect(() => fitted.transform(readCsv("x,y\n1,z\n", { target: "y" }))).toThrow(
      'target "y" expected numbers, got "z"',
    );
  });

  it("leaves numbers as they are, and a constant at 0", () => {
    const train = readCsv("x,c\n1,0.1\n2,0.1\n,0.1\n");
    expect([...fitTable(train, { scaling: "none" }).inputs(train)].map((value) => +value.toFixed(4))).toEqual([
      ...[1, 0, 0.1],
      ...[2, 0, 0.1],
      ...[1.5, 1, 0.1],
    ]);
    const standard = fitTable(train).inputs(train);
    expect([standard[2], standard[5], standard[8]].every((value) => Math.abs(value!) < 1e-9)).toBe(true);
    const quantile = fitTable(train, { scaling: "quantile" }).inputs(train);
    expect([quantile[2], quantile[5]]).toEqual([0, 0]);
  });

  it("orders classes as numbers where they are numbers", () => {
    const train = readCsv("x,y\n0,10\n0,9\n0,1\n", { target: "y", targets: "class" });
    expect(fitTable(train).classNames).toEqual(["1", "9", "10"]);
  });

  it("survives JSON", () => {
    for (const scaling of ["standard", "quantile", "none"] as const) {
      const fitted = fitTable(table, { scaling });
      const restored = TableTransform.fromJSON(JSON.parse(JSON.stringify(fitted)));
      expect(restored.inputs(table)).toEqual(fitted.inputs(table));
      expect(restored.classNames).toEqual(fitted.classNames);
    }
    const state = fitTable(table).toJSON();
    const bad = [
      null,
      {},
      [],
      { ...state, version: 2 },
      { ...state, unknown: "x" },
      { ...state, features: [{}] },
      { ...state, target: { name: "a" } },
    ];
    for (const json of bad) expect(() => TableTransform.fromJSON(json)).toThrow(FormatError);
  });

  it("refuses a column of names, and bad options", () => {
    const names = readCsv(`id,x\n${Array.from({ length: 101 }, (_, i) => `n${i},1`).join("\n")}`);
    expect(() => fitTable(names)).toThrow(
      'column "id" expected at most 100 categories, got 101. Pass { ignore: ["id"] }',
    );
    expect(() => fitTable(table, { scaling: "minmax" as never })).toThrow(ArgumentError);
    expect(() => makeTable([], undefined, undefined)).toThrow(DataError);
    expect(() =>
      makeTable(
        [
          { name: "a", text: ["1"] },
          { name: "b", text: [] },
        ],
        undefined,
        undefined,
      ),
    ).toThrow(ShapeError);
  });

  it("splits tables", () => {
    const long = readCsv(`x\n${Array.from({ length: 20 }, (_, i) => i).join("\n")}`);
    const [a, b] = splitTable(long, 0.75, 1);
    expect([a.length, b.length]).toEqual([15, 5]);
    const values = (part: Table) => [...part.columns[0]!.numbers!];
    expect([...values(a), ...values(b)].sort((p, q) => p - q)).toEqual([...Array(20).keys()]);
    expect(() => splitTable(long, 0)).toThrow(DataError);
    expect(() => tableRows(long, [20])).toThrow("indices[0] expected a row from 0 to 19, got 20");
  });
});

describe("quantiles", () => {
  const golden = JSON.parse(readFileSync(new URL("../../golden/tables/quantile.json", import.meta.url), "utf8"));

  it("normalQuantile is the inverse of the normal distribution", () => {
    for (const [p, expected] of golden.inverse) {
      expect(Math.abs(normalQuantile(p) - expected), String(p)).toBeLessThanOrEqual(4e-15 * Math.abs(expected));
    }
  });

  it.each(Object.keys(golden.cases))("%s: as scikit-learn's QuantileTransformer", (name) => {
    const { train, test, normal } = golden.cases[name];
    const quantiles = fitQuantiles(Float64Array.from(train));
    for (const [i, value] of test.entries()) expect(toNormal(value, quantiles), `${value}`).toBeCloseTo(normal[i], 9);
  });
});

describe("real tables", () => {
  const folder = new URL("../../../../shared/data/tabular/", import.meta.url);
  const load = (name: string, options: object) =>
    readCsv(readFileSync(new URL(name, folder), "utf8"), { fileName: name, ...options });
  const absent = !existsSync(folder);

  it.skipIf(absent)("are read as they are (skipped without ../shared/data)", () => {
    const iris = fitTable(load("iris.csv", { header: false, target: -1 }));
    expect(iris.classNames).toEqual(["Iris-setosa", "Iris-versicolor", "Iris-virginica"]);
    expect(iris.inputShape).toEqual([4]);
    const titanic = load("titanic.csv", {
      target: "survived",
      targets: "class",
      ignore: ["alive"],
      categorical: ["pclass"],
    });
    expect(titanic.length).toBe(891);
    const { featureNames } = fitTable(titanic);
    expect(featureNames).toEqual(
      expect.arrayContaining(["age", "age is missing", "pclass=3", "deck=C", "deck is missing"]),
    );
    const housing = load("cal_housing.data.csv", { target: -1 });
    const fitted = fitTable(housing, { scaling: "quantile" });
    expect(fitted.transform(housing)).toMatchObject({
      length: 20640,
      inputShape: [8],
      targets: "values",
      targetShape: [1],
    });
    const digits = fitTable(load("optdigits.tra.csv", { header: false, target: -1, targets: "class" }));
    const dataset = digits.transform(load("optdigits.tes.csv", { header: false, target: -1, targets: "class" }));
    expect(dataset).toMatchObject({ length: 1797, inputShape: [64], classes: 10 });
    for (const name of ["penguins.csv", "wine.csv", "abalone.csv", "breast_cancer_wdbc.csv"]) {
      const table = load(name, {
        header: /penguins|breast/.test(name),
        target: name === "breast_cancer_wdbc.csv" ? "Diagnosis" : 0,
      });
      expect(read(fitTable(table).transform(table)).x.every(Number.isFinite), name).toBe(true);
    }
  });
});
