/** Where two trainings differ. Loaded for those that go on. */
import { ArgumentError, expectation } from "../core/errors.js";
import { isRecord } from "../core/options.js";
import { type FitState, OWN, type Passage } from "./passage.js";

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

/**
 * Whether an interrupted fit is the one that is asked for now. Throws `ArgumentError` where it comes from a checkpoint and is
 * another.
 */
export function goesOn(
  last: NonNullable<FitState["current"]>,
  { dataset: now, ...batches }: Required<Passage>,
  isLoaded: boolean,
): boolean {
  const { length, batchSize, dropLast, epochs, epochInFit, shuffle, dataset: before } = last;
  // What was done to samples of which only functions know is known all the same.
  const isTold = now.made !== undefined || JSON.stringify(before?.made?.at(-1)) === JSON.stringify(OWN);
  const known = isTold ? before : { ...before, made: undefined };
  // One that has run all its epochs goes on where more are asked for.
  const isLonger = epochs !== undefined && epochInFit >= epochs && batches.epochs > epochs;
  const asked = { length, batchSize, dropLast, epochs: isLonger ? batches.epochs : epochs, shuffle };
  const found = differences({ ...batches, ...now }, { ...asked, ...known });
  const isPast = epochs === undefined && epochInFit > batches.epochs;
  if (isLoaded && !isPast && found.length > 0) {
    const hint = 'To begin a new fit on purpose: trainer.load(bytes, { override: ["fit"] })';
    const expected = "those of the fit in the checkpoint";
    throw new ArgumentError(expectation("fit", "dataset and batches", expected, listed(found), { hint }));
  }
  return found.length === 0 && !isPast;
}
