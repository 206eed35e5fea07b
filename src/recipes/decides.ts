/** Columns that are the target in disguise: one of them alone decides it. */
import type { Column } from "../data/table.js";

/** What of the errors without the column may be left with it. */
const LEFT = 0.01;
/** Errors without the column from which on that says something. */
const LEAST_ERRORS = 5;

/**
 * Why a column is taken for the target in disguise, or undefined. Each row is predicted by the others with the same field, or
 * else by its neighbours in the column's order; that must leave no more than 1 % of the errors that the most frequent class
 * makes, or of the variance.
 */
export function decides(column: Column, target: Column, targets: "class" | "number"): string | undefined {
  const groups = groupsOf(column);
  const { errors, without } = targets === "class" ? misses(groups, target) : squares(groups, target);
  const enough = targets === "class" ? without >= LEAST_ERRORS : without > 0 && target.text.length >= 4 * LEAST_ERRORS;
  if (!enough || errors > LEFT * without) return undefined;
  const share = 100 * (1 - errors / (targets === "class" ? target.text.length : without));
  const figure = `${share >= 99.95 ? "100" : share.toFixed(1)} %`;
  const how = targets === "class" ? `right for ${figure} of the rows` : `${figure} of the variance`;
  return `alone decides ${target.name} (${how}): is it known before ${target.name} is? keep: [${JSON.stringify(column.name)}] uses it all the same`;
}

/** Rows with one field, in the order of numbers, where the column has some. */
interface Groups {
  rows: number[][];
  isOrdered: boolean;
}

function groupsOf({ text, numbers }: Column): Groups {
  const byField = new Map<string | number | null, number[]>();
  for (const [row, field] of text.entries()) {
    const key = field === null || !numbers ? field : numbers[row];
    const rows = byField.get(key);
    if (rows) rows.push(row);
    else byField.set(key, [row]);
  }
  const entries = [...byField];
  if (numbers) entries.sort(([a], [b]) => (a === null ? -Infinity : Number(a)) - (b === null ? -Infinity : Number(b)));
  return { rows: entries.map(([, rows]) => rows), isOrdered: numbers !== undefined };
}

/** The rows that a row alone in its group is compared with: those of the groups beside it. */
const beside = ({ rows, isOrdered }: Groups, at: number): number[] =>
  isOrdered ? [...(rows[at - 1] ?? []), ...(rows[at + 1] ?? [])] : [];

/** Rows whose class is not the most frequent one of the others in their group. */
function misses(groups: Groups, { text }: Column) {
  const count = (rows: readonly number[]) => {
    const counts = new Map<string | null, number>();
    for (const row of rows) counts.set(text[row], (counts.get(text[row]) ?? 0) + 1);
    return counts;
  };
  const isRight = (own: string | null, counts: ReadonlyMap<string | null, number>, less: number) => {
    const rest = (counts.get(own) ?? 0) - less;
    return rest > 0 && [...counts].every(([label, n]) => label === own || n < rest);
  };
  let errors = 0;
  for (const [at, rows] of groups.rows.entries()) {
    const alone = rows.length === 1;
    const counts = count(alone ? beside(groups, at) : rows);
    const right = new Map(
      [...new Set(rows.map((row) => text[row]))].map((own) => [own, isRight(own, counts, alone ? 0 : 1)]),
    );
    for (const row of rows) if (!right.get(text[row])) errors++;
  }
  const most = Math.max(...count(text.map((_, row) => row)).values());
  return { errors, without: text.length - most };
}

/** Squared distances from the mean of the others in the group. */
function squares(groups: Groups, { numbers = new Float64Array(0) }: Column) {
  const mean = (rows: readonly number[]) => rows.reduce((sum, row) => sum + numbers[row], 0) / rows.length;
  const all = mean([...numbers.keys()]);
  let [errors, without] = [0, 0];
  for (const [at, rows] of groups.rows.entries()) {
    const others = rows.length === 1 ? beside(groups, at) : rows;
    const centre = others.length === 0 ? all : mean(others);
    // Leaving a row out of its group's mean takes it away by so much more.
    const factor = rows.length === 1 ? 1 : rows.length / (rows.length - 1);
    for (const row of rows) {
      errors += (factor * (numbers[row] - centre)) ** 2;
      without += (numbers[row] - all) ** 2;
    }
  }
  return { errors, without };
}
