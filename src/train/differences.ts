/** Where two trainings differ. Loaded for those that go on. */
import { isRecord } from "../core/options.js";

/** Where two values differ: the path, and both. */
export interface Difference {
  path: string;
  expected: unknown;
  got: unknown;
}

/** Options that came after 0.1.0: what files mean that do not tell them. */
const MEANT_BY_ABSENCE: Readonly<Record<string, unknown>> = { unit: "steps" };

/**
 * Compares what JSON can hold by its meaning: in whatever order of keys, nothing the same as null, an option that an older
 * file lacks the same as its default. What `got` does not tell at all on the first level is not compared.
 */
export function differences(expected: object, got: object): Difference[] {
  const [ours, theirs]: Readonly<Record<string, unknown>>[] = [plain(expected), plain(got)];
  return Object.keys(theirs).flatMap((key) => compare(key, ours[key], theirs[key]));
}

const plain = (value: object) => JSON.parse(JSON.stringify(value));

function compare(path: string, expected: unknown, got: unknown): Difference[] {
  if ((expected ?? null) === (got ?? null)) return [];
  const leaf = [{ path, expected, got }];
  if (Array.isArray(expected) && Array.isArray(got) && expected.length === got.length)
    return expected.flatMap((item, i) => compare(`${path}[${i}]`, item, got[i]));
  if (!isRecord(expected) || !isRecord(got) || expected.type !== got.type) return leaf;
  return [...new Set([...Object.keys(expected), ...Object.keys(got)])].flatMap((key) => {
    const of = (side: Readonly<Record<string, unknown>>) =>
      [side, MEANT_BY_ABSENCE].find((record) => Object.hasOwn(record, key))?.[key];
    return compare(key === "options" ? path : `${path}.${key}`, of(expected), of(got));
  });
}

/** Each difference with both values, the first of them. */
export function listed(found: readonly Difference[]): string {
  const lines = found
    .slice(0, 8)
    .map(({ path, expected, got }) => `${path} expected ${inShort(expected)}, got ${inShort(got)}`);
  return [...lines, ...(found.length > 8 ? [`${found.length - 8} more`] : [])].join("; ");
}

function inShort(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}
