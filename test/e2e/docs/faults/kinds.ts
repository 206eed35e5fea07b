// Kinds of faults that people reported of comparable libraries, and the tests that hold each of them off: what docs/faults.md says.
import { ATTACKED } from "./attacked.js";
import type { Kind } from "./instance.js";
import { MEANT } from "./meant.js";

export const kinds: readonly Kind[] = Object.entries({ ...MEANT, ...ATTACKED }).map(
  ([number, [title, programs, ...instances]]) => ({ number: Number(number), title, programs, instances }),
);
