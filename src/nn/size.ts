import { expectInteger } from "../core/check.js";

/** One number for both directions, or [height, width]. */
export type Size = number | readonly [number, number];

export function expectPair(where: string, name: string, value: unknown, minimum: number): [number, number] {
  if (Array.isArray(value) && value.length === 2)
    return [
      expectInteger(where, `${name}[0]`, value[0], minimum),
      expectInteger(where, `${name}[1]`, value[1], minimum),
    ];
  const both = expectInteger(where, name, value, minimum);
  return [both, both];
}
