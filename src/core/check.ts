/** Argument checks for the public edge: each raises an `ArgumentError` that names the function, the argument and both values. */

import { ArgumentError, describe, expectation } from "./errors.js";

export function expectInteger(
  where: string,
  name: string,
  value: unknown,
  minimum: number,
  maximum = 2 ** 31 - 1,
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  const range =
    maximum < 2 ** 31 - 1 ? `an integer from ${minimum} to ${maximum}` : `an integer of at least ${minimum}`;
  throw new ArgumentError(expectation(where, name, range, describe(value)));
}

/** A finite number in [minimum, maximum], the bounds included unless `open` is set. */
export function expectNumber(
  where: string,
  name: string,
  value: unknown,
  minimum = -Infinity,
  maximum = Infinity,
  open: "" | "min" | "max" | "both" = "",
): number {
  const isInside = (n: number) =>
    (open === "min" || open === "both" ? n > minimum : n >= minimum) &&
    (open === "max" || open === "both" ? n < maximum : n <= maximum);
  if (typeof value === "number" && Number.isFinite(value) && isInside(value)) return value;
  const left = open === "min" || open === "both" ? "(" : "[";
  const right = open === "max" || open === "both" ? ")" : "]";
  const range =
    minimum === -Infinity && maximum === Infinity
      ? "a finite number"
      : `a number in ${left}${minimum}, ${maximum}${right}`;
  throw new ArgumentError(expectation(where, name, range, describe(value)));
}

export function expectBoolean(where: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(expectation(where, name, "true or false", describe(value)));
}

export function expectOneOf<T extends string | boolean>(
  where: string,
  name: string,
  value: unknown,
  choices: readonly T[],
): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new ArgumentError(
    expectation(where, name, choices.map((choice) => JSON.stringify(choice)).join(" or "), describe(value)),
  );
}
