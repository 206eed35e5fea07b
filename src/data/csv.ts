/** Reads csv text into columns. papaparse splits it into fields; what a field means is decided here. */
import Papa from "papaparse";
import { ArgumentError, DataError, describe, expectation, FormatError } from "../core/errors.js";
import { checked, flag, list, type Option, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { type DecimalMark, type NamedFields, readColumns } from "./fields.js";
import { type Column, makeTable, type Table } from "./table.js";

/** A column by its name, or by its place: 0 is the first, -1 the last. */
export type ColumnReference = string | number;

export interface CsvOptions {
  /** Whether the first row holds the names (default true). Otherwise columns are named "0", "1", … */
  header?: boolean;
  /** What is to be predicted. Without it the table can only be predicted on. */
  target?: ColumnReference;
  /** "class" or "number"; by default numbers where all fields of the target are numbers other than 0 and 1. */
  targets?: "class" | "number";
  /** Columns of numbers that are names (a postcode, a class 1 … 3). */
  categorical?: readonly ColumnReference[];
  /** Columns to leave out. */
  ignore?: readonly ColumnReference[];
  /**
   * Fields that mean "not known", after trimming. Default: none, "?", "-", "--", and pandas' words (NA, N/A, NaN, null, None,
   * <NA>, …) in any case.
   */
  missing?: readonly string[];
  /** By default the one of "," ";" tab and "|" that gives all of the first rows as many fields, two or more; otherwise ",". */
  delimiter?: string;
  /** What stands before the fraction of a number; by default what fits all fields of a column, and other columns in doubt. */
  decimal?: DecimalMark;
  /** Names the file in error messages. */
  fileName?: string;
}

/** In lower case: those of pandas' read_csv, and signs. */
const MISSING: ReadonlySet<string> = new Set([
  "",
  "?",
  "-",
  "--",
  "na",
  "n/a",
  "#n/a",
  "#n/a n/a",
  "#na",
  "<na>",
  "nan",
  "-nan",
  "null",
  "none",
  "1.#ind",
  "-1.#ind",
  "1.#qnan",
  "-1.#qnan",
]);
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
    missing: optional(list(text)),
    delimiter: optional(delimiter),
    decimal: optional(oneOf([".", ","])),
    fileName: optional(text),
  }) satisfies Schema<CsvOptions>;

/** Columns as they are read, before anybody has looked at the target's fields. */
export interface CsvColumns {
  inputs: Column[];
  target: Column | undefined;
  targets: "class" | "number" | undefined;
  path: string | undefined;
}

/**
 * Reads a table. A column is numeric where every field that is not missing is a number: "1.5", "1,5", "1,234.5", "1 234",
 * "12 %" (0.12), "$5", or an ISO date (days since 1970-01-01). Where more than half of them are, and not all, the first that is none
 * is an error: a word would make categories of numbers.
 *
 * @example
 * const table = readCsv(csv, { target: "result" });
 * console.log(table.length, table.columns.map(({ name }) => name));
 */
export function readCsv(source: string, options?: CsvOptions): Table {
  const { inputs, target, targets, path } = readCsvColumns(source, options);
  return makeTable(inputs, target, targets, { where, path });
}

export function readCsvColumns(source: string, options?: CsvOptions): CsvColumns {
  const { header: hasHeader, fileName: path, ...given } = readOptions(where, options, schema);
  if (typeof source !== "string") throw new ArgumentError(expectation(where, "text", "a string", describe(source)));
  const { content, told } = contentOf(source, path);
  const delimiter = given.delimiter ?? told ?? findDelimiter(content);
  const rows = parseRows(content, delimiter, path);
  const first = rows[0];
  if (!first) throw new DataError(expectation(where, "text", "at least one row", "none", { path }));
  const names = hasHeader ? first.map((name) => name.trim()) : first.map((_, i) => String(i));
  if (names.length > MAX_COLUMNS)
    throw new FormatError(expectation(where, "text", `at most ${MAX_COLUMNS} columns`, names.length, { path }));
  checkNames(names, delimiter, hasHeader, path);
  const body = hasHeader ? rows.slice(1) : rows;
  if (body.length === 0) {
    throw new DataError(expectation(where, "text", "at least one row below the header", "none", { path }));
  }
  const ragged = body.findIndex((row) => row.length !== names.length);
  if (ragged >= 0) {
    const row = ragged + (hasHeader ? 2 : 1);
    const got = `${body[ragged].length} fields`;
    const hint = raggedHint(body[ragged], names.length, delimiter);
    throw new FormatError(expectation(where, `row ${row}`, `${names.length} fields`, got, { path, hint }));
  }

  const places = new Map(names.map((name, i) => [name, i]));
  const find = (reference: ColumnReference, option: string): number => {
    const at =
      typeof reference === "string"
        ? (places.get(reference) ?? -1)
        : reference < 0
          ? names.length + reference
          : reference;
    if (Number.isInteger(at) && at >= 0 && at < names.length) return at;
    const columns = `a column of ${describe(names)}`;
    const hint = `Fields are split at ${describe(delimiter)}; pass another { delimiter }`;
    const context = { path, hint: names.length === 1 ? hint : undefined };
    throw new ArgumentError(expectation(where, option, columns, describe(reference), context));
  };
  const target = given.target === undefined ? -1 : find(given.target, "target");
  const categorical = new Set(given.categorical.map((column) => find(column, "categorical")));
  const ignored = new Set(given.ignore.map((column) => find(column, "ignore")));
  if (ignored.has(target))
    throw new ArgumentError(expectation(where, "ignore", "columns beside the target", names[target]));
  if (target >= 0 && given.targets === "class") categorical.add(target);
  const own = given.missing && new Set(given.missing);
  const isMissing = (field: string): boolean => (own ? own.has(field) : MISSING.has(field.toLowerCase()));
  const fieldsOf = (i: number): (string | null)[] =>
    body.map((row) => {
      const field = row[i].trim();
      return isMissing(field) ? null : field;
    });
  const kept = [...names.keys()].filter((i) => !ignored.has(i));
  const text = new Map(kept.map((i) => [i, fieldsOf(i)]));
  const numeric = kept.filter((i) => !categorical.has(i));
  const named = numeric.map((i): NamedFields => ({ name: names[i], fields: text.get(i) ?? [] }));
  const numbers = readColumns(named, given.decimal, { where, path, firstRow: hasHeader ? 2 : 1 });
  const numbersOf = new Map(numeric.map((i, at) => [i, numbers[at]]));
  const column = (i: number): Column => ({ name: names[i], text: text.get(i) ?? [], numbers: numbersOf.get(i) });
  const inputs = kept.filter((i) => i !== target).map(column);
  return { inputs, target: target < 0 ? undefined : column(target), targets: given.targets, path };
}

/** The rows of a file, and the delimiter that Excel's first line tells. Throws `FormatError` on what is no table at all. */
function contentOf(source: string, path: string | undefined): { content: string; told: string | undefined } {
  const text = source.replace(/^\ufeff/, "");
  const refuse = (got: string, hint: string) => new FormatError(expectation(where, "text", "csv", got, { path, hint }));
  if (/^\s*<(!doctype|html|\?xml)/i.test(text))
    throw refuse(describe(text.trimStart()), "This is a page in place of the file: is its address right?");
  if (text.includes("\0"))
    throw refuse("zero characters", 'Is the file in UTF-16? new TextDecoder("utf-16le") makes text of its bytes');
  const [line = "", told] = /^sep=([^\r\n"])\r?\n/i.exec(text) ?? [];
  return { content: text.slice(line.length), told };
}

/** Whether the first row seems to hold names: it has no number, and no field that comes again in its column. */
export function hasHeader(source: string, delimiter?: string): boolean {
  const { content, told } = contentOf(source, undefined);
  const [first = [], ...rest] = Papa.parse<string[]>(content, {
    delimiter: delimiter ?? told ?? findDelimiter(content),
    preview: 5 * SAMPLE_ROWS,
    skipEmptyLines: true,
  }).data;
  const isNumber = (field: string | undefined) => /^\s*[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?\s*%?\s*$/.test(field ?? "");
  if (first.some(isNumber)) return false;
  return first.every((name, i) => rest.every((row) => row[i] !== name));
}

const DELIMITERS = [",", ";", "\t", "|"];
const SAMPLE_ROWS = 20;

/**
 * Of those that give the first rows as many fields each, the one whose fields hold no other delimiter most often; else the
 * first that splits the first row.
 */
function findDelimiter(text: string): string {
  let [best, most] = ["", 0];
  for (const delimiter of DELIMITERS) {
    const { data } = Papa.parse<string[]>(text, { delimiter, preview: SAMPLE_ROWS, skipEmptyLines: true });
    const width = data[0]?.length ?? 0;
    if (width > 1 && best === "") best = delimiter;
    if (width < 2 || data.some((row) => row.length !== width)) continue;
    const others = DELIMITERS.filter((other) => other !== delimiter);
    const isClean = (field: string) =>
      /^\s*[+-]?[\d.,' ]+%?\s*$/.test(field) || !others.some((other) => field.includes(other));
    const clean = data.flat().filter(isClean).length / (data.length * width);
    if (clean > most) [best, most] = [delimiter, clean];
  }
  return best || ",";
}

function raggedHint(row: readonly string[], width: number, delimiter: string): string {
  const mark = describe(delimiter);
  if (row.length > width && row.slice(width).every((field) => field.trim() === ""))
    return `The row ends in ${mark}: remove it, from all rows, or name the empty column in the header`;
  return `Fields are split at ${mark}; pass another { delimiter }, or put fields that hold it in double quotes`;
}

/** Each takes some hundred bytes beside its fields. */
const MAX_COLUMNS = 100_000;

function parseRows(text: string, delimiter: string, path?: string): string[][] {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, skipEmptyLines: true });
  const error = errors[0];
  if (error) {
    const at = error.row === undefined ? "text" : `row ${error.row + 1}`;
    throw new FormatError(expectation(where, at, "csv", error.message, { path }));
  }
  return data;
}

function checkNames(names: string[], delimiter: string, hasHeader: boolean, path?: string): void {
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    if (name === "" || seen.has(name)) {
      const ends = hasHeader && name === "" && i === names.length - 1;
      const hint = ends
        ? `The header ends in ${describe(delimiter)}: remove it, from all rows, or name the column. Is there no header? Pass { header: false }`
        : "Is there no header? Pass { header: false }";
      throw new FormatError(
        expectation(where, `name of column ${i}`, "one of its own", describe(name), { path, hint }),
      );
    }
    seen.add(name);
  }
}
