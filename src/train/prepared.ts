/** Whether samples mean for training what pictures mean for a model with a transform. Loaded where there is one. */
import { DataError, describe, expectation } from "../core/errors.js";
import { tagOf } from "../core/tag.js";
import type { Dataset } from "../data/dataset.js";
import { datasetDescription } from "../data/description.js";

/** What was taken off the values 0 … 1 of a picture, and by what they were divided: one number, or one a channel. */
interface Statistics {
  mean: readonly number[];
  std: readonly number[];
}

/**
 * Throws `DataError` where samples are known to be prepared in another way than the model's transform prepares pictures:
 * bytes of 0 to 1 that nothing has normalised, or that other numbers have.
 */
export function expectPrepared(where: string, dataset: Dataset, transform: unknown): void {
  const expected = statisticsIn(transform);
  const got = statisticsOf(dataset);
  if (!expected || !got || (isSame(expected.mean, got.mean) && isSame(expected.std, got.std))) return;
  const hint =
    "normalise(dataset, { mean, std }) does to samples what the transform does; model.transform may be others";
  const text = ({ mean, std }: Statistics) => `mean ${describe(mean)} and std ${describe(std)}`;
  const found = got === PLAIN ? "bytes / 255 as they are" : text(got);
  throw new DataError(
    expectation(where, "dataset", `samples with the ${text(expected)} of model.transform`, found, { hint }),
  );
}

const PLAIN: Statistics = { mean: [0], std: [1] };

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "number");

function statisticsIn(value: unknown): Statistics | undefined {
  const { mean, std }: { mean?: unknown; std?: unknown } = Object(value);
  return isNumbers(mean) && isNumbers(std) ? { mean, std } : undefined;
}

/** Undefined where only functions know, or the caller has made the numbers. */
function statisticsOf(dataset: Dataset): Statistics | undefined {
  const { transform }: { transform?: unknown } = Object(dataset);
  if (transform !== undefined) return statisticsIn(transform);
  const description = datasetDescription(dataset);
  if (!description) return undefined;
  if (description.type === "array") {
    const { x }: { x?: unknown } = description.options;
    return /^Uint8(Clamped)?Array$/.test(tagOf(x)) ? PLAIN : undefined;
  }
  if (description.type === "folder") return undefined; // its transform has told already
  const inner = statisticsOf(description.dataset);
  if (description.type !== "normalise") return inner;
  return inner === PLAIN ? { mean: description.mean, std: description.std } : undefined;
}

/** Float32's digits are enough. */
function isSame(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.max(a.length, b.length);
  if (![a.length, b.length].every((own) => own === 1 || own === length)) return false;
  const at = (values: readonly number[], i: number) => values[values.length === 1 ? 0 : i];
  return Array.from({ length }, (_, i) => Math.abs(at(a, i) - at(b, i)) <= 1e-6 * Math.abs(at(a, i))).every(Boolean);
}
