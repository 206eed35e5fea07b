/** Where everything of a network stands in the memory of a standalone module. */
import { SCALARS } from "../abi/scalars.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { roundUp } from "../core/shape.js";
import { ALIGNMENT } from "../graph/regions.js";
import { bytesOf } from "../graph/value.js";
import type { Engine } from "../model/engine.js";
import type { PredictPlan } from "../plan/plan.js";
import { encode, type Program } from "../program/encode.js";
import { MOST_MEMORY } from "../runtime/memory.js";

/** Hands out the bytes of a memory, from its start on. */
export class Space {
  /** The end of what was handed out. */
  end: number = roundUp(SCALARS.end, ALIGNMENT);
  readonly #batchSize: number;

  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  /** The address of so many bytes. Throws `RuntimeSupportError` beyond what 32 bits address. */
  take(bytes: number): number {
    const address = this.end;
    this.end = roundUp(address + bytes, ALIGNMENT);
    if (this.end > MOST_MEMORY) {
      const expected = `at most ${MOST_MEMORY} bytes of memory`;
      const got = `${this.end} bytes and more for a batch of ${this.#batchSize}`;
      throw new RuntimeSupportError(
        expectation("compileModel", "module", expected, got, { hint: "Compile for a smaller batchSize" }),
      );
    }
    return address;
  }
}

/** A program, encoded for its place. */
export interface Placed {
  program: Program;
  /** The address of its first word. */
  base: number;
  /** Where the host writes samples; they are copied to where the program reads them, because its values take turns there. */
  input: number;
  copy: { to: number; from: number; bytes: number };
  output: number;
  /** The addresses of weights and running statistics, by the names of their regions. */
  region(name: string): number;
}

export function place(engine: Engine, plan: PredictPlan, space: Space): Placed {
  const { executor, description } = engine;
  const regions = new Map([["parameters", space.take(executor.regionBytes)]]);
  for (const { name, shape, dtype = "f32" } of description.buffers)
    regions.set(`buffer ${name}`, space.take(bytesOf({ shape, dtype })));
  for (const [id, key] of plan.prepared)
    if (!regions.has(key)) regions.set(key, space.take(bytesOf(plan.graph.values[id])));
  const arena = space.take(plan.arena.bytes);
  const workspace = space.take(plan.workspaceBytes);
  const scratchStride = roundUp(plan.scratchBytes, ALIGNMENT);
  const scratch = space.take(scratchStride);
  const addresses = executor.addresses(plan, (name) => regions.get(name), { arena, workspace, scratch, scratchStride });
  const program = encode(plan, addresses);
  const base = space.take(program.words.byteLength);
  const bytes = bytesOf(plan.graph.values[plan.input]);
  const input = space.take(bytes);
  return {
    program,
    base,
    input,
    copy: { to: addresses.value(plan.input), from: input, bytes },
    output: addresses.value(plan.output),
    region: (name) => lookUp(regions, name),
  };
}
