/** What is learnt of one column, and how its fields become numbers. */
import { DataError, describe, expectation } from "../core/errors.js";
import { placesOf } from "./categories.js";
import { toNormal } from "./quantile.js";

/** A column of a table: numbers, or categories as text. */
export interface Column {
  name: string;
  /** The fields as written, trimmed; null: missing. */
  text: readonly (string | null)[];
  /** The fields as numbers, NaN: missing. Absent where the column holds categories. */
  numbers?: Float64Array | undefined;
}

export interface NumberFeature {
  name: string;
  kind: "number";
  mean: number;
  std: number;
  /** Written for a missing value: the mean (0 after standardising) or the median (0 after the quantiles). */
  fill: number;
  /** Whether training rows miss it: then a second feature says so, 0 or 1. */
  missing: boolean;
  quantiles?: number[];
}

export interface CategoryFeature {
  name: string;
  kind: "category";
  values: string[];
  missing: boolean;
}

export function writeNumbers(feature: NumberFeature, column: Column, x: Float32Array, at: number, width: number): void {
  const { mean, std, fill, quantiles, missing, name } = feature;
  if (!column.numbers) {
    const bad = column.text.findIndex((field) => field !== null && !Number.isFinite(Number(field)));
    const where = `column ${describe(name)}, row ${Math.max(bad, 0)}`;
    throw new DataError(expectation("transform", where, "a number", describe(column.text[Math.max(bad, 0)])));
  }
  for (const [row, value] of column.numbers.entries()) {
    if (Number.isNaN(value)) {
      x[row * width + at] = fill;
      if (missing) x[row * width + at + 1] = 1;
    } else x[row * width + at] = quantiles ? toNormal(value, quantiles) : (value - mean) / std;
  }
}

export function writeCategories(
  { name, values, missing }: CategoryFeature,
  { text }: Column,
  x: Float32Array,
  at: number,
  width: number,
  unknown: "zero" | "error",
): void {
  const placeOf = placesOf(values);
  for (const [row, field] of text.entries()) {
    const place = field === null ? (missing ? values.length : undefined) : placeOf(field);
    if (place !== undefined) x[row * width + at + place] = 1;
    else if (unknown === "error") {
      const column = `column ${describe(name)}, row ${row}`;
      throw new DataError(expectation("transform", column, `a category of ${describe(values)}`, describe(field)));
    }
  }
}
