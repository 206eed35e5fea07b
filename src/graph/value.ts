/** Values: what they hold, where they come from, how many bytes they take. */
import { numel, type Shape } from "../core/shape.js";

export type ValueId = number;

/** The types of numbers, by the arrays that hold them. `u8` are bytes that only kernels can read (packed filters, activations of eight
 * bits), `i8` weights of eight bits. */
const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array, i8: Int8Array } as const;

/** Bytes of a float32 number. */
export const FLOAT = 4;

export type DType = keyof typeof ARRAYS;
export type ArrayOf<D extends DType> = InstanceType<(typeof ARRAYS)[D]>;

/**
 * Where a value comes from and how long it lives:
 * - `input`, `target`: written by the host before a step
 * - `parameter`: trained; `buffer`: kept but not trained (running statistics)
 * - `gradient`: of the parameter of the same name; kept after a step
 * - `activation`: made by an op; lives in the arena from its producer to its last reader
 */
export type Role = "input" | "target" | "parameter" | "buffer" | "gradient" | "activation";

export interface Value {
  readonly id: ValueId;
  shape: Shape;
  readonly dtype: DType;
  role: Role;
  /** The state-dict name of parameters, buffers and gradients; otherwise empty. */
  name: string;
  /** This value is another one under a new shape (`reshape`). */
  aliasOf?: ValueId;
}

/** Bytes of a value, or of anything else with a shape and a type. */
export function bytesOf({ shape, dtype }: { shape: Shape; dtype: DType }): number {
  return numel(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** `length` numbers of a type at an address in memory. */
export function viewOf<D extends DType>(
  { buffer }: { readonly buffer: ArrayBuffer },
  address: number,
  dtype: D,
  length: number,
): ArrayOf<D> {
  return new ARRAYS[dtype](buffer, address, length) as ArrayOf<D>;
}
