/** An evaluation in rows of text. */
import type { Evaluation } from "../evaluate.js";

/** Numbers of one class. */
export interface ClassRow {
  name: string;
  samples: number;
  precision: number;
  recall: number;
  f1: number;
}

export const isMatrix = (value: unknown): value is number[][] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((row) => Array.isArray(row) && row.length === value.length && row.every((n) => typeof n === "number"));

/** What a confusion matrix says of each class. */
export function classRows(matrix: number[][], nameOf: (index: number) => string): ClassRow[] {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return matrix.map((row, i) => {
    const [samples, predicted] = [sum(row), sum(matrix.map((other) => other[i]))];
    const [precision, recall] = [share(row[i], predicted), share(row[i], samples)];
    return { name: nameOf(i), samples, precision, recall, f1: share(2 * row[i], samples + predicted) };
  });
}

/** Loss, accuracy and what else is one number, by name. */
export function numbersOf({ metrics = {}, ...own }: Evaluation): [name: string, value: number][] {
  const all: [string, unknown][] = Object.entries({ ...own, ...metrics });
  return all.filter((entry): entry is [string, number] => typeof entry[1] === "number");
}

export const written = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(4)));

/** Columns, the first to the left and the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}

/** Classes of which the table in a terminal shows numbers. */
const MOST = 40;

export function textOf(evaluation: Evaluation, classes: readonly ClassRow[]): string {
  const numbers = aligned(numbersOf(evaluation).map(([name, value]) => [name, written(value)]));
  if (classes.length === 0) return numbers.join("\n");
  const shown = [...classes].sort((a, b) => a.f1 - b.f1).slice(0, MOST);
  const rows = shown.map(({ name, samples, ...shares }) => {
    const { precision, recall, f1 } = shares;
    return [name, written(samples), ...[precision, recall, f1].map((share) => share.toFixed(3))];
  });
  const more = classes.length > shown.length ? [`… ${classes.length - shown.length} better classes`] : [];
  return [...numbers, "", ...aligned([["class", "samples", "precision", "recall", "f1"], ...rows]), ...more].join("\n");
}
