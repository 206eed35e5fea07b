// Schemas of options: checks, defaults, messages, and what the type checker holds together.
import { describe, expect, expectTypeOf, it } from "vitest";
import { ArgumentError } from "../../../src/core/errors.js";
import {
  checked,
  flag,
  integer,
  list,
  number,
  oneOf,
  optional,
  positive,
  readOptions,
  type Schema,
  share,
  text,
} from "../../../src/core/options.js";

interface Given {
  lr: number;
  momentum?: number;
  nesterov?: boolean;
  side?: "split" | "append";
  betas?: readonly number[];
  label?: string;
  seen?: Date | null;
}

const schema = () =>
  ({
    lr: positive(),
    momentum: number({ min: 0, default: 0.5 }),
    nesterov: flag(false),
    side: oneOf(["split", "append"], "split"),
    betas: optional(list(share(), "two numbers", 2), [0.9, 0.99]),
    label: optional(text),
    seen: optional(
      checked("a date, or null", (value) => value === null || value instanceof Date),
      null,
    ),
  }) satisfies Schema<Given>;

const read = (given: unknown) => readOptions("Thing", given, schema);

describe("readOptions", () => {
  it("fills in defaults, in the schema's order", () => {
    const options = read({ side: "append", lr: 2 });
    expect(JSON.stringify(options)).toBe(
      '{"lr":2,"momentum":0.5,"nesterov":false,"side":"append","betas":[0.9,0.99],"seen":null}',
    );
    expectTypeOf(options.lr).toEqualTypeOf<number>();
    expectTypeOf(options.side).toEqualTypeOf<"split" | "append">();
    expectTypeOf(options.betas).toEqualTypeOf<number[]>();
    expectTypeOf(options.label).toEqualTypeOf<string | undefined>();
    expectTypeOf(options.seen).toEqualTypeOf<Date | null>();
  });

  it("takes undefined for a default, and nothing where all have one", () => {
    expect(read({ lr: 1, momentum: undefined }).momentum).toBe(0.5);
    expect(readOptions("Thing", undefined, () => ({ size: integer({ min: 1, default: 3 }) }))).toEqual({ size: 3 });
  });

  it.each<[given: unknown, message: string]>([
    [{}, "Thing: lr expected a number in (0, Infinity], got undefined"],
    [undefined, "Thing: lr expected a number in (0, Infinity], got undefined"],
    [{ lr: "1" }, 'Thing: lr expected a number in (0, Infinity], got "1"'],
    [{ lr: 1, momentum: null }, "Thing: momentum expected a number in [0, Infinity], got null"],
    [{ lr: 1, nesterov: 1 }, "Thing: nesterov expected true or false, got 1"],
    [{ lr: 1, side: "both" }, 'Thing: side expected "split" or "append", got "both"'],
    [{ lr: 1, betas: [1] }, "Thing: betas expected two numbers, got [1]"],
    [{ lr: 1, betas: [1, 2] }, "Thing: betas[1] expected a number in [0, 1], got 2"],
    [{ lr: 1, label: 1 }, "Thing: label expected a string, got 1"],
    [{ lr: 1, seen: 1 }, "Thing: seen expected a date, or null, got 1"],
    [null, "Thing: options expected an object, got null"],
    [[1], "Thing: options expected an object, got [1]"],
  ])("refuses %o", (given, message) => {
    expect(() => read(given)).toThrow(new ArgumentError(message));
  });

  it("refuses what is no record, and shows strings as such", () => {
    const others = [new Map([["lr", 1]]), Promise.resolve({ lr: 1 }), [1], "lr", new Date(0), new Proxy(new Map(), {})];
    for (const other of others)
      expect(() => readOptions("Thing", other, schema)).toThrow("Thing: options expected an object");
    expect(() => readOptions("Thing", { lr: "1" }, schema)).toThrow('got "1"');
    class Own {
      lr = 2;
    }
    for (const record of [new Own(), Object.assign(Object.create(null), { lr: 2 }), Object.freeze({ lr: 2 })])
      expect(readOptions("Thing", record, schema).lr).toBe(2);
  });

  it("refuses unknown options, and names the one that was meant", () => {
    const known = "lr, momentum, nesterov, side, betas, label, seen";
    expect(() => read({ lr: 1, Momentun: 1 })).toThrow(
      new ArgumentError(`Thing: option expected ${known}, got "Momentun". Did you mean "momentum"?`),
    );
    expect(() => read({ lr: 1, decay: 1 })).toThrow(new ArgumentError(`Thing: option expected ${known}, got "decay"`));
    expect(() => readOptions("Thing", { a: 1 }, () => ({}))).toThrow('option expected none, got "a"');
  });
});

it("holds an interface and its schema together", () => {
  interface Pair {
    one: number;
    two?: boolean;
  }
  const one = number();
  const two = flag(true);
  ({ one, two }) satisfies Schema<Pair>;
  // @ts-expect-error: an option that the schema lacks
  ({ one }) satisfies Schema<Pair>;
  // @ts-expect-error: an option that the interface lacks
  ({ one, two, three: one }) satisfies Schema<Pair>;
  // @ts-expect-error: a default of which the interface knows nothing
  ({ one: number({ default: 1 }), two }) satisfies Schema<Pair>;
  // @ts-expect-error: no default where the interface says that there is one
  ({ one, two: flag() }) satisfies Schema<Pair>;
  // @ts-expect-error: another type
  ({ one: text, two }) satisfies Schema<Pair>;
  // @ts-expect-error: a word that the interface does not have
  ({ side: oneOf(["left", "right"]) }) satisfies Schema<{ side: "left" }>;
  // @ts-expect-error: a word that the schema does not have
  ({ side: oneOf(["left"]) }) satisfies Schema<{ side: "left" | "right" }>;
});
