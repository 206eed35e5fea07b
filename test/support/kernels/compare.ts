// What the kernel tests share: data, comparison with float64 references, finite differences, split runs.
import { expect } from "vitest";
import type { KernelArguments, KernelName } from "../../../src/abi/records.js";
import { Philox } from "../../../src/core/random.js";
import type { Harness, Operand } from "./harness.js";

/** Normal numbers in float32, the same for the same seed. */
export function normals(n: number, seed: number, scale = 1, shift = 0): Float32Array {
  const random = new Philox(seed, 77);
  return Float32Array.from({ length: n }, () => random.normal() * scale + shift);
}

/** The bar for every op: 4e-6 of the largest value. */
export const BAR = 4e-6;

/** Every element within `bar` times the largest expected magnitude (or `scale`); NaN and Infinity must agree. */
export function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, bar = BAR, scale = 0): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]));
  }
  for (let i = 0; i < expected.length; i++) {
    const close = Math.abs(got[i] - expected[i]) <= bar * scale;
    if (!close && !Object.is(got[i], expected[i])) {
      expect(got[i], `element ${i} of ${expected.length}, largest ${scale}`).toBe(expected[i]);
    }
  }
}

/** The gradient of `f` at `x` by central differences. */
export function finiteDifference(f: (x: Float64Array) => number, x: ArrayLike<number>, h = 1e-4): Float64Array {
  const at = Float64Array.from(x);
  return at.map((value, i) => {
    at[i] = value + h;
    const above = f(at);
    at[i] = value - h;
    const below = f(at);
    at[i] = value;
    return (above - below) / (2 * h);
  });
}

/** Runs a kernel without an inner barrier as each of `threads` threads, one after the other. */
export function callSplit<K extends KernelName>(
  harness: Harness,
  kernel: K,
  args: KernelArguments<K>,
  threads: number,
): void {
  for (let thread = 0; thread < threads; thread++) harness.call(kernel, args, thread, threads);
}

/**
 * Runs `build`, which places operands and makes one split call, with 1, 2, 3 and 5 threads: outputs must agree bit for
 * bit and no guard band may change. Returns the outputs.
 */
export function runSplit(harness: Harness, build: (threads: number) => Operand[]): Float32Array[] {
  let first: Float32Array[] | undefined;
  for (const threads of [1, 2, 3, 5]) {
    harness.reset();
    const outputs = build(threads).map((operand) => operand.read());
    harness.checkBands();
    first ??= outputs;
    outputs.forEach((output, i) => {
      const same = Buffer.compare(Buffer.from(output.buffer), Buffer.from(first![i].buffer)) === 0;
      expect(same, `output ${i}: ${threads} threads give the bits of 1`).toBe(true);
    });
  }
  return first!;
}
