/** What the columns of a table are for, as far as their fields tell. */
import { distinct } from "../data/categories.js";
import type { Column } from "../data/table.js";
import { decides } from "./decides.js";

/** How a column is used. */
export interface ColumnUse {
  name: string;
  use: "number" | "category" | "left out";
  /** What it holds, or why it is left out. */
  about: string;
}

/** Beside these few, categories of fewer rows than that are not told apart. */
const FEW_CATEGORIES = 20;
const ROWS_A_CATEGORY = 5;
const MOST_CATEGORIES = 100;
/** Tables with fewer rows say little of what a column is for. */
const FEW_ROWS = 20;

/** The categories that are told apart: all where they are few, else the most frequent. */
export function frequentCategories(text: readonly (string | null)[]): string[] {
  const all = distinct(text);
  if (all.length <= FEW_CATEGORIES) return all;
  const counts = new Map<string, number>();
  for (const field of text) if (field !== null) counts.set(field, (counts.get(field) ?? 0) + 1);
  const countOf = (name: string) => counts.get(name) ?? 0;
  const frequent = all.filter((name) => countOf(name) >= ROWS_A_CATEGORY).sort((a, b) => countOf(b) - countOf(a));
  const kept = new Set(frequent.slice(0, MOST_CATEGORIES));
  return all.filter((name) => kept.has(name));
}

/** Classes, where the target's numbers are few and count from 0 or 1 without a gap. */
export function guessTargets({ text, numbers }: Column): "class" | "number" {
  if (!numbers) return "class";
  const values = distinct(text).map(Number);
  const [first] = values;
  const counts = (first === 0 || first === 1) && values.every((value, i) => value === first + i);
  return counts && values.length <= 10 ? "class" : "number";
}

/** Tells of each column how it is used; those of `keep` are, whatever they hold. */
export function useColumns(
  columns: readonly Column[],
  target: Column,
  targets: "class" | "number",
  keep: readonly string[],
): ColumnUse[] {
  return columns.map((column) => {
    const kept = keep.includes(column.name);
    const why = kept ? undefined : (uselessness(column) ?? decides(column, target, targets));
    const { name } = column;
    if (why) return { name, use: "left out", about: why };
    return { name, use: column.numbers ? "number" : "category", about: contents(column) };
  });
}

/** Why a column says nothing that holds for other rows. */
function uselessness({ name, text, numbers }: Column): string | undefined {
  const present = text.filter((field) => field !== null);
  const values = new Set(present);
  if (values.size === 0) return "is empty";
  if (values.size === 1 && present.length === text.length) return `is ${present[0]} in each row`;
  if (text.length < FEW_ROWS) return undefined;
  if (numbers) {
    if (values.size < text.length || !numbers.every(Number.isInteger)) return undefined;
    const [least, most] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
    const isCalledSo = /(^|[^a-z])(id|ids|index|key|nr|no|number|row|uuid)([^a-z]|$)/i.test(
      name.replace(/([a-z])(Id|ID)\b/, "$1 id"),
    );
    if (most - least === text.length - 1) return "numbers the rows";
    return isCalledSo ? "names the rows: each of its numbers comes once" : undefined;
  }
  if (values.size > present.length / 2) return `names the rows: ${values.size} values in ${present.length} rows`;
  return frequentCategories(text).length === 0
    ? `has ${values.size} values, none of them in ${ROWS_A_CATEGORY} rows or more`
    : undefined;
}

function contents({ text, numbers }: Column): string {
  const missing = text.filter((field) => field === null).length;
  const lacks = missing > 0 ? `, ${missing} missing` : "";
  if (numbers) return `${new Set(text.filter((field) => field !== null)).size} values${lacks}`;
  const all = distinct(text);
  const kept = frequentCategories(text);
  const others = all.length - kept.length;
  const names = kept.length > 6 ? `${kept.slice(0, 5).join(", ")}, … (${kept.length})` : kept.join(", ");
  return `${names}${others > 0 ? `, and ${others} rare ones taken for none of these` : ""}${lacks}`;
}
