/**
 * A module of kernels taken apart into functions, each with the places of its calls, so that `src/standalone/link.ts` puts
 * those that a network needs into a module of its own and knows nothing of instructions.
 */
import { SIGNATURES } from "../../src/abi/records.js";
import type { KernelObject } from "../../src/standalone/object.js";
import { pack } from "./pack.js";
import { callsOf, type FunctionCode, readModule, readsVariables } from "./wasm.js";

/** A module with nothing but this code, which `pack` takes. */
function codeAlone(functions: readonly FunctionCode[]): Uint8Array {
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
  const bodies = functions.flatMap(({ body }) => [...leb(body.length), ...body]);
  const section = [...leb(functions.length), ...bodies];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, ...leb(section.length), ...section]);
}

/** Throws where the module has more than functions, variables and the memory that it imports. */
export function toObject(bytes: Uint8Array): KernelObject {
  const { types, variables, functions, exports, others } = readModule(bytes);
  if (others.length > 0)
    throw new Error(`standalone kernels: expected functions and variables alone, got sections ${others}`);
  const alone = codeAlone(functions);
  const placed = readModule(alone).bodies;
  return {
    code: pack(alone),
    types: types.map((type) => [...type]),
    variables: [...variables],
    readers: placed.flatMap((place, i) => (readsVariables(alone, place) ? [i] : [])),
    functions: functions.map(({ type, body }, i) => [
      type,
      placed[i].start,
      body.length,
      ...callsOf(alone, placed[i]).flatMap(({ at, target }) => [at - placed[i].start, target]),
    ]),
    kernels: Object.keys(SIGNATURES).map((name) => exports[name] ?? -1),
    expand: exports["expand_f16"],
    transform: exports["transform_image"],
  };
}
