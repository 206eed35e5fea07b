/** The parts of imported networks that come on demand: what classic residual networks do without. */
import { expectation, ResnetWasmError } from "../../core/errors.js";
import type { ValueId } from "../../graph/value.js";
import type { Builder } from "../../ops/builder.js";
import type { SeveralOutputs } from "../outputs.js";
import type { Definition, Emitter } from "./recording.js";

/** What comes with them besides emitters. */
interface Helpers {
  /** Moves axes; for `Recording`. */
  transposed(b: Builder, x: ValueId, order: number[]): ValueId;
  /** Records outputs as one, [n, all numbers]. */
  recordJoined(b: Builder, definition: Definition, values: readonly ValueId[]): ValueId;
  severalOutputs(definition: Definition): SeveralOutputs;
}

/** Those that have come, by what they are called: of ops, or of other forms of those that earlier parts know. */
const emitters = new Map<string, ReadonlyMap<string, Emitter>>();
const helpers: Partial<Helpers> = {};

/** Hands a part in: before a network is made that takes it. */
export function usePart(name: Part, known: Record<string, Emitter>, more: Partial<Helpers>): void {
  emitters.set(name, new Map(Object.entries(known)));
  Object.assign(helpers, more);
}

/** In the order in which they are asked for and tried. */
export const PARTS = ["shapes", "others"] as const;
type Part = (typeof PARTS)[number];

/** Of a part; throws where it has not come. */
export const emittersOf = (name: Part): ReadonlyMap<string, Emitter> => emitters.get(name) ?? missing();

export const furtherHelper = <K extends keyof Helpers>(name: K): Helpers[K] => helpers[name] ?? missing();

function missing(): never {
  const hint = "importOnnx, loadOnnx and loadModel bring it";
  throw new ResnetWasmError(expectation("network", "part", "what further ops take", "none", { hint }));
}
