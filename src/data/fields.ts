/**
 * What the fields of a csv column say: numbers as they are written in several countries, percentages and dates. One way of
 * writing holds for a whole column; which one is decided by all of its fields, and by other columns where both fit.
 */
import { DataError, describe, expectation, FormatError } from "../core/errors.js";

/** What stands before the fraction of a number. */
export type DecimalMark = "." | ",";

/** Fields of a column, trimmed; null: missing. */
export type Fields = readonly (string | null)[];

interface Format {
  name: string;
  decimal?: DecimalMark;
  /** NaN where a field is not written so. */
  read(field: string): number;
}

/** Each digit can be matched in one way: another takes time by the square of a field's length. */
const PLAIN = {
  ".": /^[+−-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/,
  ",": /^[+−-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?$/,
};
/** Thousands apart by spaces, apostrophes or the other mark, the same in all of a number. */
const GROUPED = {
  ".": /^[+−-]?[1-9]\d{0,2}([,'’ \u00a0\u2009\u202f])\d{3}(?:\1\d{3})*(?:\.\d*)?$/,
  ",": /^[+−-]?[1-9]\d{0,2}([.'’ \u00a0\u2009\u202f])\d{3}(?:\1\d{3})*(?:,\d*)?$/,
};
const OTHER = { ".": ",", ",": "." } as const;

function numberOf(field: string, decimal: DecimalMark): number {
  let text = field;
  if (!PLAIN[decimal].test(text)) {
    if (!GROUPED[decimal].test(text)) return Number.NaN;
    text = text.replace(/['’ \u00a0\u2009\u202f]/g, "").replaceAll(OTHER[decimal], "");
  }
  const value = Number(text.replace(decimal, ".").replace("−", "-"));
  return Number.isFinite(value) ? value : Number.NaN;
}

const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** Days since 1970-01-01, universal time where no zone is told. */
function daysOf(field: string): number {
  if (!DATE.test(field)) return Number.NaN;
  const day = field.slice(0, 10);
  const start = Date.parse(`${day}T00:00:00Z`);
  // 30 February is parsed as a day of March by some engines.
  if (!Number.isFinite(start) || new Date(start).toISOString().slice(0, 10) !== day) return Number.NaN;
  const time = field.slice(11);
  if (time === "") return start / 86_400_000;
  return Date.parse(`${day}T${time}${/Z|[+-]\d{2}:\d{2}$/.test(time) ? "" : "Z"}`) / 86_400_000;
}

const numbers = (decimal: DecimalMark): Format => ({
  name: "a number",
  decimal,
  read: (field) => numberOf(field, decimal),
});
/** Before the number or after it. */
const CURRENCY = /^[$€£¥₹]\s?|\s?[$€£¥₹]$/;
const amounts = (decimal: DecimalMark): Format => ({
  name: "an amount of money",
  decimal,
  read: (field) => (CURRENCY.test(field) ? numberOf(field.replace(CURRENCY, ""), decimal) : Number.NaN),
});
const percentages = (decimal: DecimalMark): Format => ({
  name: "a percentage",
  decimal,
  read: (field) => (field.endsWith("%") ? numberOf(field.slice(0, -1).trimEnd(), decimal) / 100 : Number.NaN),
});
// A function: a bundler keeps the results of calls, needed or not.
const allFormats = (): Format[] => [
  numbers("."),
  numbers(","),
  percentages("."),
  percentages(","),
  amounts("."),
  amounts(","),
  { name: "an ISO date", read: daysOf },
];

interface Candidate {
  format: Format;
  values: Float64Array;
  /** How many fields are not missing, how many of them are not written so, and the first of these. */
  present: number;
  odd: number;
  first: number;
}

function tryFormat(format: Format, fields: Fields): Candidate {
  const candidate = { format, values: new Float64Array(fields.length).fill(Number.NaN), present: 0, odd: 0, first: -1 };
  for (const [i, field] of fields.entries()) {
    if (field === null) continue;
    candidate.present++;
    const value = format.read(field);
    candidate.values[i] = value;
    if (!Number.isNaN(value)) continue;
    candidate.odd++;
    if (candidate.first < 0) candidate.first = i;
  }
  return candidate;
}

/** A column of text, and where it stands for errors. */
export interface NamedFields {
  name: string;
  fields: Fields;
}

interface Place {
  where: string;
  path: string | undefined;
  /** Row of the file of the first field. */
  firstRow: number;
}

/**
 * The columns' numbers; undefined where a column holds categories. More than half of the fields being numbers makes a column
 * one of numbers: `DataError` names the first field that is none.
 */
export function readColumns(
  columns: readonly NamedFields[],
  decimal: DecimalMark | undefined,
  place: Place,
): (Float64Array | undefined)[] {
  const formats = allFormats().filter((format) => !decimal || !format.decimal || format.decimal === decimal);
  const all = columns.map(({ fields }) => whole(formats.map((format) => tryFormat(format, fields))));
  const marks = new Set(all.map(({ mark }) => mark));
  return columns.map((column, i) => {
    const { fitting, best } = all[i];
    if (fitting.length > 1) return decided(fitting, column, marks, place).values;
    if (fitting.length === 1) return fitting[0].values;
    if (2 * (best.present - best.odd) <= best.present) return undefined;
    throw oddField(column, best, place);
  });
}

interface Whole {
  fitting: Candidate[];
  best: Candidate;
  mark: DecimalMark | undefined;
}

/** The ways of writing that all fields fit, one of those that give the same numbers; the decimal mark that this tells; and
 * the way that most fields fit. */
function whole(candidates: readonly Candidate[]): Whole {
  const fitting = candidates.filter(({ odd }) => odd === 0);
  const best = candidates.reduce((a, b) => (b.odd < a.odd ? b : a));
  const [first, second] = fitting;
  const same = second?.values.every((value, i) => Object.is(value, first.values[i]));
  return { fitting: same ? [first] : fitting, best, mark: second ? undefined : first?.format.decimal };
}

/** "1,234" and "1.234": by the other columns, which may tell the decimal mark. */
function decided(
  fitting: readonly Candidate[],
  { name, fields }: NamedFields,
  marks: ReadonlySet<DecimalMark | undefined>,
  { where, path, firstRow }: Place,
): Candidate {
  const both = marks.has(".") === marks.has(",");
  const mark = both ? undefined : marks.has(",") ? "," : ".";
  const at = fields.findIndex((field) => field?.includes(","));
  const chosen = mark ?? (at < 0 && !marks.has(",") ? "." : undefined);
  const candidate = fitting.find(({ format }) => format.decimal === chosen);
  if (candidate) return candidate;
  const row = Math.max(0, at < 0 ? fields.findIndex((field) => field?.includes(".")) : at);
  const hint = 'Pass { decimal: "." } or { decimal: "," }: both make a number of it';
  const column = `column ${describe(name)}, row ${row + firstRow}`;
  throw new FormatError(
    expectation(where, column, "a number that can be read in one way", describe(fields[row]), { path, hint }),
  );
}

function oddField({ name, fields }: NamedFields, best: Candidate, { where, path, firstRow }: Place): DataError {
  const field = describe(fields[best.first]);
  const column = describe(name);
  const expected = `${best.format.name}, as in ${best.present - best.odd} of its ${best.present} fields`;
  const hint =
    `Does it mean "not known"? Pass { missing: ["", ${field}] }. Are they names, not numbers? ` +
    `{ categorical: [${column}] } or { ignore: [${column}] }`;
  const at = `column ${column}, row ${best.first + firstRow}`;
  return new DataError(expectation(where, at, expected, field, { path, hint }));
}
