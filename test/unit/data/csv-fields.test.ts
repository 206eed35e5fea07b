// What fields of a csv file mean, and what is asked for where they may mean two things.
import { describe, expect, it } from "vitest";
import { ArgumentError, DataError, FormatError } from "../../../src/core/errors.js";
import {
  arrayDataset,
  type ClassDataset,
  fitTable,
  makeTable,
  mapInputs,
  normalise,
  readCsv,
  split,
  splitTable,
  subset,
} from "../../../src/faces/data.js";
import { read } from "./read.js";

/** One column "v", beside one of letters. */
const file = (fields: readonly string[], delimiter = ";") =>
  ["v", ...fields].map((field, i) => `${field}${delimiter}${i === 0 ? "w" : "x"}`).join("\n");
const numbers = (fields: readonly string[], options = {}) => {
  const found = readCsv(file(fields), options).columns[0]!.numbers;
  return found && [...found];
};

describe("numbers in csv", () => {
  it.each<[string, string[], number[]]>([
    ["a decimal point", ["1.5", "-.25", "2e3"], [1.5, -0.25, 2000]],
    ["a decimal comma", ["1,5", "-,25", "2", "3,25e1"], [1.5, -0.25, 2, 32.5]],
    ["a comma and thousands by points", ["1.234,5", "12.345.678", "7"], [1234.5, 12345678, 7]],
    ["thousands by commas", ["1,234.5", "12,345,678", "7"], [1234.5, 12345678, 7]],
    ["thousands by spaces", ["1 234", "12 345,5", "1\u00a0000"], [1234, 12345.5, 1000]],
    ["thousands by thin spaces", ["1\u202f234.5", "2\u2009000"], [1234.5, 2000]],
    ["thousands by apostrophes", ["1'234.5", "2’000"], [1234.5, 2000]],
    ["percentages", ["12%", "3.5 %", "-100%"], [0.12, 0.035, -1]],
    ["percentages with commas", ["12%", "3,5 %"], [0.12, 0.035]],
    ["a typographic minus", ["−1.5", "2"], [-1.5, 2]],
    ["dates", ["1970-01-02", "2024-02-29", "1969-12-31"], [1, 19782, -1]],
    ["dates with times", ["1970-01-01T12:00:00Z", "1970-01-01 06:00", "1970-01-02T00:00:00+12:00"], [0.5, 0.25, 0.5]],
  ])("may have %s", (_, fields, expected) => {
    const found = numbers(fields)!;
    expect(found.length).toBe(expected.length);
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 12);
  });

  it("are read by other columns where two ways fit, by the option, or not at all", () => {
    expect(() => numbers(["1,234", "5,678"])).toThrow(FormatError);
    expect(() => numbers(["7", "1,234"])).toThrow(
      'column "v", row 3 expected a number that can be read in one way, got "1,234". Pass { decimal: "." }',
    );
    expect(numbers(["1,234"], { decimal: "." })).toEqual([1234]);
    expect(numbers(["1,234"], { decimal: "," })).toEqual([1.234]);
    expect(numbers(["1.234"])).toEqual([1.234]);
    const first = (text: string) => [...readCsv(text).columns[0]!.numbers!];
    expect(first("a;b\n1,234;0.5\n2,000;1.25")).toEqual([1234, 2000]);
    expect(first("a;b\n1,234;0,5\n2,000;1,25")).toEqual([1.234, 2]);
    expect(first("a;b\n1.234;0,5\n2.000;1,25")).toEqual([1234, 2000]);
    expect(first('a,b\n"1,234",0.5')).toEqual([1234]);
    expect(() => readCsv("a;b", { decimal: ";" as never })).toThrow(ArgumentError);
  });

  it("may be amounts of money, in one way", () => {
    expect(numbers(["$1", "$2.5", "$1,234.00"])).toEqual([1, 2.5, 1234]);
    expect(numbers(["3 €", "2,50 €"])).toEqual([3, 2.5]);
    expect(() => numbers(["$1", "2", "$3"])).toThrow('expected an amount of money, as in 2 of its 3 fields, got "2"');
  });

  it("are read with the delimiter that Excel writes into the first line", () => {
    expect(readCsv("sep=;\na;b\n1;2,5\n2;3,5").columns.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("are no categories because of a few words", () => {
    const many = Array.from({ length: 1000 }, (_, i) => String(i));
    const message = 'column "v", row 8 expected a number, as in 999 of its 1000 fields, got "unknown"';
    const odd = many.with(6, "unknown");
    expect(() => numbers(odd)).toThrow(DataError);
    expect(() => numbers(odd)).toThrow(message);
    expect(() => readCsv(file(odd), { target: "v" })).toThrow(message);
    expect(() => readCsv(file(odd), { target: "v", targets: "number" })).toThrow(message);
    expect(() => readCsv(file(odd).slice(4), { header: false })).toThrow('column "0", row 7');
    expect(numbers(odd, { missing: ["unknown"] })!.slice(5, 8)).toEqual([5, Number.NaN, 7]);
    expect(readCsv(file(odd), { categorical: ["v"] }).columns[0]!.numbers).toBeUndefined();
    expect(readCsv(file(odd), { ignore: ["v"] }).columns.map(({ name }) => name)).toEqual(["w"]);
    const classes = readCsv(file(odd), { target: "v", targets: "class" });
    expect(() => fitTable(classes)).toThrow('target "v" expected at most 100 classes, got 1000');
    for (const [fields, got] of [
      [["1", "2", "1e999"], "1e999"],
      [["2024-01-01", "2024-02-30", "2024-03-01"], "2024-02-30"],
      [["5%", "6%", "7"], "7"],
      [["1,5", "2,5", "1.2.3"], "1.2.3"],
    ] as const)
      expect(() => numbers(fields)).toThrow(`got ${JSON.stringify(got)}`);
    expect(numbers(["a", "b", "1"])).toBeUndefined();
    expect(numbers(["3", "b"])).toBeUndefined();
  });

  it.each("?,-,--,NA,N/A,n/a,NaN,nan,-nan,null,NULL,None,none,<NA>,#N/A,#NA,".split(","))(
    "are missing where the field is %j",
    (word) => {
      expect(numbers(["1", word, "3"])).toEqual([1, Number.NaN, 3]);
      expect(() => readCsv(file(["1", word, "3"]), { target: "v" })).toThrow('target "v", row 1 expected a value');
    },
  );
});

describe("delimiters", () => {
  it.each([",", ";", "\t", "|"])("are found: %j", (delimiter) => {
    const table = readCsv(`${["a", "b", "c"].join(delimiter)}\n${["1", "x y", "3"].join(delimiter)}`);
    expect(table.columns.map(({ text }) => text[0])).toEqual(["1", "x y", "3"]);
  });

  it("are found among others in fields", () => {
    const widths = (text: string, options = {}) => readCsv(text, options).columns.length;
    expect(widths("1,5;2,5\n3,5;4,5\n", { header: false })).toBe(2);
    expect(widths('a,b\n"x;y",1\n"z;w",2\n')).toBe(2);
    expect(widths("a\tb\n1,2\t3\n")).toBe(2);
    expect(widths("one\n1\n2\n")).toBe(1);
    expect(widths("a;b\n1;2\n", { delimiter: "," })).toBe(1);
  });

  it("are named where they do not fit", () => {
    expect(() => readCsv("a;b\n1;2\n", { delimiter: ",", target: "b" })).toThrow(
      'Fields are split at ","; pass another',
    );
    expect(() => readCsv("a,b\n1,2,3\n4,5\n")).toThrow(
      'row 2 expected 2 fields, got 3 fields. Fields are split at ","',
    );
    expect(() => readCsv("a,b\n1,2,\n3,4,\n")).toThrow('row 2 expected 2 fields, got 3 fields. The row ends in ","');
    expect(() => readCsv("a;b\n1;2;;\n3;4;;\n")).toThrow('The row ends in ";"');
    expect(() => readCsv("a,b,\n1,2,\n")).toThrow(
      'name of column 2 expected one of its own, got "". The header ends in ","',
    );
  });
});

describe("targets of 0 and 1", () => {
  it("are classes, in whatever way they are written", () => {
    for (const text of [
      "x,y\n5,0\n6,1\n7,1",
      "x,y\n5,0.0\n6,1.0\n7,1",
      "y;x\n0;5\n1,0;6,5\n1;7",
      "x,y\n5,0%\n6,100%\n7,100%",
    ]) {
      const table = readCsv(text, { target: "y" });
      expect(table.targets).toBe("class");
      const dataset = fitTable(table).transform(table) as ClassDataset;
      expect(dataset).toMatchObject({ targets: "class", classes: 2 });
      if (!text.includes("1,0;")) expect([...read(dataset).y]).toEqual([0, 1, 1]);
    }
    const y = { name: "y", text: ["0", "1"], numbers: Float64Array.of(0, 1) };
    expect(makeTable([{ ...y, name: "x" }], y, undefined).targets).toBe("class");
    expect(makeTable([{ ...y, name: "x" }], y, "number").targets).toBe("number");
  });

  it("are numbers when that is asked for, and when others are among them", () => {
    const targets = (text: string, options = {}) => readCsv(text, { target: "y", ...options }).targets;
    expect(targets("x,y\n5,0\n6,1", { targets: "number" })).toBe("number");
    for (const column of ["0 1 2", "0 0.5 1", "1 1 1", "-1 1 1"])
      expect(
        targets(
          `x,y\n${column
            .split(" ")
            .map((value) => `5,${value}`)
            .join("\n")}`,
        ),
      ).toBe("number");
  });

  it("have the same classes in files that write them in another way", () => {
    const train = readCsv("x,y,c\n1,0,1\n2,1,2\n", { target: "y", categorical: ["c"] });
    const test = readCsv("x,y,c\n1,1.0,2.0\n2,0.0,1.0\n", { target: "y", categorical: ["c"] });
    const fitted = fitTable(train);
    expect([...read(fitted.transform(test)).y]).toEqual([1, 0]);
    expect([...fitted.inputs(test)].filter((_, i) => i % 3 > 0)).toEqual([0, 1, 1, 0]);
    expect(fitTable(readCsv("x,c\n1,01\n2,1\n", { categorical: ["c"] })).featureNames).toEqual(["x", "c=01", "c=1"]);
  });
});

describe("stratified splits", () => {
  const labels = Array.from({ length: 1000 }, (_, i) => (i < 20 ? 2 : i % 2));
  const dataset = arrayDataset({ x: labels.map((_, i) => i), y: labels, inputShape: [1], classes: 3 });
  const counts = (y: ArrayLike<unknown>) =>
    [0, 1, 2].map((label) => Array.from(y).filter((value) => Number(value) === label).length);

  it("keep each class's share, by default where targets are classes", () => {
    const views = [
      dataset,
      subset(dataset, [...Array(1000).keys()]),
      mapInputs(dataset, () => {}),
      normalise(dataset, { mean: [0], std: [2] }),
    ];
    for (const [view, seed] of views.flatMap((view) => [0, 1, 2].map((seed) => [view, seed] as const))) {
      const [train, test] = split(view, 0.85, seed);
      expect(counts(read(train).y as Int32Array)).toEqual([417, 416, 17].map((n, i) => (i === 1 ? 850 - 417 - 17 : n)));
      expect(counts(read(test).y as Int32Array)).toEqual([73, 74, 3]);
    }
    const [a, b] = split(dataset, 0.85, { seed: 3 });
    expect([...read(a).x, ...read(b).x].sort((p, q) => p - q)).toEqual(labels.map((_, i) => i));
    expect(read(split(dataset, 0.85, 3)[0]).x).toEqual(read(a).x);
  });

  it("are random as before without classes, or when that is asked for", () => {
    const values = arrayDataset({ x: [...Array(10).keys()], y: Array(10).fill(1), inputShape: [1] });
    expect(split(values, 0.5).map(({ length }) => length)).toEqual([5, 5]);
    expect(() => split(values, 0.5, { stratify: true })).toThrow("stratify expected a dataset of classes");
    const plain = [0, 1, 2, 3, 4].map((seed) => counts(read(split(dataset, 0.85, { seed, stratify: false })[0]).y)[2]);
    expect(plain.some((count) => count !== 17)).toBe(true);
    expect(() => split(dataset, 0.5, { stratified: true } as never)).toThrow(ArgumentError);
  });

  it("read own datasets when they are asked to", () => {
    let calls = 0;
    const get: ClassDataset["get"] = (...given) => {
      calls++;
      dataset.get(...given);
    };
    const own: ClassDataset = { ...dataset, get };
    split(own, 0.85);
    expect(calls).toBe(0);
    expect(counts(read(split(own, 0.85, { stratify: true })[1]).y)).toEqual([73, 74, 3]);
  });

  it("are those of tables too", () => {
    const table = readCsv(`x,y\n${labels.map((label, i) => `${i},${"abc"[label]}`).join("\n")}`, { target: "y" });
    const [train, test] = splitTable(table, 0.85, 4);
    expect(train.target!.text.filter((name) => name === "c").length).toBe(17);
    expect(test.length).toBe(150);
    const none = readCsv("x\n1\n2\n");
    expect(splitTable(none, 0.5).map(({ length }) => length)).toEqual([1, 1]);
    expect(() => splitTable(none, 0.5, { stratify: true })).toThrow(
      "stratify expected a table with a target, got none",
    );
  });
});

describe("many columns", () => {
  it("take time that grows with their number", () => {
    const time = (columns: number) => {
      const names = Array.from({ length: columns }, (_, i) => `c${i}`);
      const text = [names, names.map((_, i) => i), names.map((_, i) => i + 1)].map((row) => row.join(",")).join("\n");
      const start = performance.now();
      const table = readCsv(text, { target: "c0", ignore: names.slice(1, columns / 2) });
      fitTable(table).transform(table);
      return performance.now() - start;
    };
    time(1000);
    // Quadratic work would be 256 times as much.
    expect(time(64_000)).toBeLessThan(100 * Math.max(time(4000), 10));
  });
});
