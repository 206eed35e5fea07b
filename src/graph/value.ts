/** Values: what they hold, where they come from, how many bytes they take. */
import { numel, type Shape } from "../core/shape.js";

export type ValueId = number;

/** Bytes of one number of each type. `u8` are bytes that only kernels can read (packed filters). */
const BYTES = { f32: 4, i32: 4, u8: 1 } as const;

/** The type of a value's numbers. */
export type DType = keyof typeof BYTES;

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
  return numel(shape) * BYTES[dtype];
}
