/** Networks with several outputs: one vector inside, in which they stand one after the other, a record by name outside. */
import type { Shape } from "../core/shape.js";
import type { Tensor, TensorLike } from "../core/tensor.js";

/** The outputs of a network that has several, by name. */
export type Outputs = Readonly<Record<string, Tensor>>;
/** Gradients of a loss with respect to several outputs, by name; those left out are 0. */
export type OutputGradients = Readonly<Record<string, TensorLike>>;

/** What a network with several outputs knows of them. */
export interface SeveralOutputs {
  /** Of one sample. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Takes [n, all numbers] apart. */
  split(y: Tensor): Outputs;
  /** Puts gradients of outputs together as [n, all numbers]. */
  join(where: string, dy: unknown): Tensor;
  /** Throws `ArgumentError` with the cure, for what works on one output. */
  refuse(where: string): never;
}

/** A layer. */
interface MayHaveSeveral {
  outputs?(): SeveralOutputs | undefined;
}

/** The output as it is, or several by name; the type is what the caller expects. */
export const byName = <Y extends Tensor | Outputs>(network: MayHaveSeveral, y: Tensor): Y =>
  (network.outputs?.()?.split(y) ?? y) as Y;
