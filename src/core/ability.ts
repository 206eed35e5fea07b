/** What most places have and some lack: worklets, jsdom, pages without https. */
import { expectation, RuntimeSupportError } from "./errors.js";

type Globals = typeof globalThis;

/** A global by its name. Throws `RuntimeSupportError` where there is none. */
export function ability<K extends keyof Globals>(where: string, name: K): Globals[K] {
  const found: Globals[K] | undefined = globalThis[name];
  if (found !== undefined) return found;
  const hint = `Set globalThis.${name} first`;
  throw new RuntimeSupportError(expectation(where, "runtime", `one with ${name}`, "none", { hint }));
}

/** Milliseconds of a clock that does not go back, where there is one. */
export const now = (): number => (globalThis.performance ?? Date).now();
