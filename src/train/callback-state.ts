/** What callbacks keep. */
import type { Tensor } from "../core/tensor.js";

/** What a callback keeps in checkpoints: numbers, strings, arrays and records, as JSON keeps them, and tensors. */
export interface CallbackState {
  readonly [key: string]: unknown;
  readonly tensors?: ReadonlyMap<string, Tensor>;
}

/** States by what their callbacks are called. */
export type CallbackStates = Readonly<Record<string, CallbackState>>;
