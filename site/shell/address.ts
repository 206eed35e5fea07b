/** Parameters of a page in its address, so that a link shows everyone the same. */
import { effect, type Signal, signal } from "@preact/signals";

interface Parameter<Value> {
  read: (text: string) => Value | undefined;
  initial: Value;
}

/** A whole number within bounds; anything else in the address is taken for the default. */
export const whole = (initial: number, min: number, max: number): Parameter<number> => ({
  initial,
  read: (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
  },
});

/** One of some words. */
export const oneOf = <Word extends string>(initial: Word, words: readonly Word[]): Parameter<Word> => ({
  initial,
  read: (text) => words.find((word) => word === text),
});

/**
 * `const { seed, depth } = inAddress({ seed: whole(1, 0, 9999), depth: whole(30, 2, 50) })`: a signal for each, read from
 * `?seed=…&depth=…`, and written there when it changes. What has its default is left out of the address.
 */
export function inAddress<Values extends Record<string, string | number>>(
  parameters: {
    [Name in keyof Values]: Parameter<Values[Name]>;
  },
): { [Name in keyof Values]: Signal<Values[Name]> } {
  const given = new URLSearchParams(location.search);
  const entries = Object.entries(parameters).map(([name, { read, initial }]) => {
    const text = given.get(name);
    return [name, signal((text === null ? undefined : read(text)) ?? initial)] as const;
  });
  effect(() => {
    const query = new URLSearchParams(location.search);
    for (const [name, { value }] of entries) {
      if (value === parameters[name].initial) query.delete(name);
      else query.set(name, String(value));
    }
    const text = query.toString();
    history.replaceState(null, "", `${location.pathname}${text && `?${text}`}${location.hash}`);
  });
  return Object.fromEntries(entries) as { [Name in keyof Values]: Signal<Values[Name]> };
}
