/** Reads csv text into columns. papaparse splits it into fields; what a field means is decided here. */
import Papa from "papaparse";
import { ArgumentError, DataError, describe, expectation, FormatError } from "../core/errors.js";
import { checked, flag, list, type Option, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { type Column, makeTable, type Table } from "./table.js";

/** A column by its name, or by its place: 0 is the first, -1 the last. */
export type ColumnReference = string | number;

export interface CsvOptions {
  /** Whether the first row holds the names (default true). Otherwise columns are named "0", "1", … */
  header?: boolean;
  /** What is to be predicted. Without it the table can only be predicted on. */
  target?: ColumnReference;
  /** "class" or "number"; by default numbers where all fields of the target are numbers. */
  targets?: "class" | "number";
  /** Columns of numbers that are names (a postcode, a class 1 … 3). */
  categorical?: readonly ColumnReference[];
  /** Columns to leave out. */
  ignore?: readonly ColumnReference[];
  /** Fields that mean "not known", after trimming. */
  missing?: readonly string[];
  delimiter?: string;
  /** Names the file in error messages. */
  fileName?: string;
}

const MISSING = ["", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"];
const where = "readCsv";

const reference = () =>
  checked(
    "a column's name or place",
    (value): value is ColumnReference => typeof value === "string" || typeof value === "number",
  );

const delimiter: Option<string> = (_, name, value) => {
  if (typeof value === "string" && value.length === 1 && !'"\r\n\ufeff'.includes(value)) return value;
  throw new ArgumentError(expectation(where, name, "one character, no quote or line end", describe(value)));
};

const schema = () =>
  ({
    header: flag(true),
    target: optional(reference()),
    targets: optional(oneOf(["class", "number"])),
    categorical: optional(list(reference()), []),
    ignore: optional(list(reference()), []),
    missing: optional(list(text), MISSING),
    delimiter: optional(delimiter, ","),
    fileName: optional(text),
  }) satisfies Schema<CsvOptions>;

/** Reads a table. A column is numeric where every field that is not missing is a number. */
export function readCsv(source: string, options?: CsvOptions): Table {
  const { header: hasHeader, fileName: path, ...given } = readOptions(where, options, schema);
  if (typeof source !== "string") throw new ArgumentError(expectation(where, "text", "a string", describe(source)));
  const rows = parseRows(source, given.delimiter, path);
  const first = rows[0];
  if (!first) throw new DataError(expectation(where, "text", "at least one row", "none", { path }));
  const names = hasHeader ? first.map((name) => name.trim()) : first.map((_, i) => String(i));
  if (names.length > MAX_COLUMNS)
    throw new FormatError(expectation(where, "text", `at most ${MAX_COLUMNS} columns`, names.length, { path }));
  checkNames(names, path);
  const body = hasHeader ? rows.slice(1) : rows;
  if (body.length === 0) {
    throw new DataError(expectation(where, "text", "at least one row below the header", "none", { path }));
  }
  const ragged = body.findIndex((row) => row.length !== names.length);
  if (ragged >= 0) {
    const row = ragged + (hasHeader ? 2 : 1);
    const got = `${body[ragged].length} fields`;
    throw new FormatError(expectation(where, `row ${row}`, `${names.length} fields`, got, { path }));
  }

  const find = (reference: ColumnReference, option: string): number => {
    const at =
      typeof reference === "string" ? names.indexOf(reference) : reference < 0 ? names.length + reference : reference;
    if (Number.isInteger(at) && at >= 0 && at < names.length) return at;
    const columns = `a column of ${describe(names)}`;
    throw new ArgumentError(expectation(where, option, columns, describe(reference), { path }));
  };
  const target = given.target === undefined ? -1 : find(given.target, "target");
  const categorical = new Set(given.categorical.map((column) => find(column, "categorical")));
  const ignored = new Set(given.ignore.map((column) => find(column, "ignore")));
  if (ignored.has(target))
    throw new ArgumentError(expectation(where, "ignore", "columns beside the target", names[target]));
  const missing = new Set(given.missing);
  const columns = names.map((name, i): Column => {
    const fields = body.map((row) => {
      const field = row[i].trim();
      return missing.has(field) ? null : field;
    });
    return { name, text: fields, numbers: categorical.has(i) ? undefined : asNumbers(fields) };
  });
  return makeTable(
    columns.filter((_, i) => i !== target && !ignored.has(i)),
    columns[target],
    given.targets,
    { where, path },
  );
}

/** Each takes some hundred bytes beside its fields. */
const MAX_COLUMNS = 100_000;

function parseRows(text: string, delimiter: string, path?: string): string[][] {
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\ufeff/, ""), { delimiter, skipEmptyLines: true });
  const error = errors[0];
  if (error) {
    const at = error.row === undefined ? "text" : `row ${error.row + 1}`;
    throw new FormatError(expectation(where, at, "csv", error.message, { path }));
  }
  return data;
}

function checkNames(names: string[], path?: string): void {
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    if (name === "" || seen.has(name)) {
      const hint = "Is there no header? Pass { header: false }";
      throw new FormatError(
        expectation(where, `name of column ${i}`, "one of its own", describe(name), { path, hint }),
      );
    }
    seen.add(name);
  }
}

/** Each digit can be matched in one way: another takes time by the square of a field's length. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** The fields as float64, NaN for missing ones; undefined where one of them is no finite number. */
function asNumbers(fields: readonly (string | null)[]): Float64Array | undefined {
  const numbers = new Float64Array(fields.length);
  for (const [i, field] of fields.entries()) {
    const value = field === null ? Number.NaN : Number(field);
    if (field !== null && !(NUMBER.test(field) && Number.isFinite(value))) return undefined;
    numbers[i] = value;
  }
  return numbers;
}
