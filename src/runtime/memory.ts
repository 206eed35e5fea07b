/**
 * One model's linear memory:
 *
 *   control block | scalars | persistent regions, in the order of their reservation … | arena
 *
 * Persistent regions (parameters, gradients, optimiser state, prepared weights) never move once reserved. The arena
 * after them holds one program with its values at a time; all plans overlay each other there. It moves up when another
 * persistent region is reserved, which happens between steps only; `epoch` counts those moves.
 */

import { SCALARS } from "../abi/scalars.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { roundUp } from "../core/shape.js";

export const PAGE = 65536;
/** Bytes that 32 bits can address. */
export const MOST_MEMORY = 2 ** 32;
const LINE = 64;

export class ModelMemory {
  readonly memory: WebAssembly.Memory;
  readonly #limit: number;
  epoch = 0;
  #regions = new Map<string, { address: number; bytes: number }>();
  #top: number = SCALARS.end;
  /** Beyond this, nothing has been written since the memory grew. */
  #used = 0;

  constructor(memory: WebAssembly.Memory, limit = MOST_MEMORY) {
    this.memory = memory;
    this.#limit = limit;
  }

  /** The address of a persistent region, reserved and zeroed at the first call. */
  reserve(name: string, bytes: number): number {
    const region = this.#regions.get(name);
    if (region) return region.address;
    const address = this.#top;
    this.#top = roundUp(address + bytes, LINE);
    this.#grow(this.#top);
    const dirty = Math.min(this.#top, this.#used) - address; // the arena stood here before
    if (dirty > 0) new Uint8Array(this.memory.buffer, address, dirty).fill(0);
    this.#regions.set(name, { address, bytes });
    this.epoch++;
    return address;
  }

  /**
   * Reserves several regions for an arena of `arena` bytes, all or none of them where memory does not suffice, and grows but
   * once: growing for each takes a good part of a cold start.
   */
  reserveAll(regions: ReadonlyMap<string, number>, arena = 0): void {
    const missing = [...regions].filter(([name]) => !this.#regions.has(name));
    this.#grow(arena + missing.reduce((top, [, bytes]) => roundUp(top + bytes, LINE), this.#top));
    for (const [name, bytes] of missing) this.reserve(name, bytes);
  }

  address(name: string): number | undefined {
    return this.#regions.get(name)?.address;
  }

  /** The address of a region that has been reserved. */
  addressOf(name: string): number {
    return lookUp(this.#regions, name).address;
  }

  get arena(): number {
    return this.#top;
  }

  /** Grows the memory to at least `bytes`, for an arena that ends there. */
  ensure(bytes: number): void {
    this.#grow(bytes);
    this.#used = Math.max(this.#used, bytes);
  }

  #grow(bytes: number): void {
    const missing = Math.ceil(bytes / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (missing <= 0) return;
    try {
      if (bytes > this.#limit) throw new RangeError("beyond maxMemory");
      this.memory.grow(missing);
    } catch (cause) {
      const limit = `at most ${this.#limit} bytes, or what this runtime grants`;
      const hint = "Use a smaller batch; model.memoryPlan() tells the bytes beforehand";
      throw new RuntimeSupportError(expectation("memory", "size", limit, `${bytes} bytes`, { hint }), { cause });
    }
  }

  f32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  i32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }
}

/** A fresh memory; under pressure waits for the garbage collector to release those of dropped models. */
export async function createMemory(shared: boolean, limit = MOST_MEMORY): Promise<WebAssembly.Memory> {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  for (let attempt = 0; ; attempt++) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum: Math.floor(limit / PAGE), shared });
    } catch (cause) {
      if (attempt < 20) {
        await pause(attempt * 5);
        continue;
      }
      const hint = "With ulimit -v: lower maxMemory, or node --disable-wasm-trap-handler";
      throw new RuntimeSupportError(
        expectation("createModel", "memory", "room for one more model", String(cause), { hint }),
        { cause },
      );
    }
  }
}
