/** The parts of imported networks that come on demand: what classic residual networks do without. */
import { expectation, ResnetWasmError } from "../../core/errors.js";
import type { ValueId } from "../../graph/value.js";
import type { Builder } from "../../ops/builder.js";
import type { SeveralOutputs } from "../outputs.js";
import type { Definition, Emitter } from "./recording.js";

export interface FurtherParts {
  /** Of all ops that there are; of those that have classic emitters, for other forms. */
  emitters: ReadonlyMap<string, Emitter>;
  /** Moves axes; for `Recording`. */
  transposed(b: Builder, x: ValueId, order: number[]): ValueId;
  /** Records outputs as one, [n, all numbers]. */
  recordJoined(b: Builder, definition: Definition, values: readonly ValueId[]): ValueId;
  severalOutputs(definition: Definition): SeveralOutputs;
}

let further: FurtherParts | undefined;

/** Hands them in: before a network is made that takes more than classic steps. */
export function useFurther(parts: FurtherParts): void {
  further = parts;
}

/** Throws where they have not come. */
export function furtherParts(): FurtherParts {
  if (further) return further;
  const hint = "importOnnx, loadOnnx and loadModel bring it";
  throw new ResnetWasmError(expectation("network", "part", "what further ops take", "none", { hint }));
}
