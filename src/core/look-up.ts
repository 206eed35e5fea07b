/** Reading maps whose keys are known to be there. */
import { expectation, ResnetWasmError } from "./errors.js";

/** The value of a key that must be there; that it is not is a fault of this library. */
export function lookUp<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new ResnetWasmError(expectation("lookUp", "key", "one that is known", String(key)));
  return value;
}
