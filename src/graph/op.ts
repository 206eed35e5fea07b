/**
 * What an op is: everything that the stages ask about it, in one object. The ops themselves stand in `src/ops`, a file for
 * each family, the gradient of each under its formula; their definitions in float64 in `test/support/reference`.
 *
 * A node refers to its op, and whoever records an op imports it: so a bundle holds the ops that somebody records, and
 * gradients only where something differentiates.
 */
import type { ActivationName } from "../abi/enums.js";
import type { Shape } from "../core/shape.js";
import type { Context } from "./context.js";
import type { DType, ValueId } from "./value.js";

/** The parts of a step, in the order in which they run. */
export type Stage = "forward" | "backward" | "update";
export const STAGES: readonly Stage[] = ["forward", "backward", "update"];

/** One application of an op. `A` are the op's attributes: plain data. */
export interface Node<A extends object = object> {
  readonly op: Op<A>;
  inputs: ValueId[];
  outputs: ValueId[];
  attributes: A;
  /** The layer that recorded the op, as a path in the network: `main.0`. */
  path: string;
  stage: Stage;
}

/** An op with attributes `A`. Its sizes follow from shapes alone, never from the number of threads. */
export interface Op<A extends object = object> {
  readonly name: string;

  /** Shapes of all outputs. */
  shapes(inputs: Shape[], attributes: A): Shape[];
  /** Types of the outputs. Default: float32 all. */
  readonly dtypes?: readonly DType[];
  /** Appends the records of its kernels. Without: the op moves nothing. */
  encode?(node: Node<A>, context: Context): void;

  /** Its gradient, if only training or few networks record the op; that of any other is a `Gradient`, which bundles for inference leave out. */
  gradient?(context: GradientContext<A>): InputGradients;

  /** Multiply-adds by the op's definition, whatever its algorithm. Default 0: elementwise ops are not counted. */
  macs?(inputs: Shape[], outputs: Shape[], attributes: A): number;
  /** Numbers that each of the output is made of, where they are many and no multiply-adds. */
  reads?(attributes: A): number;
  /** Bytes read and written, where operands and results do not say it; `run` gives the bytes of neighbouring parameters. */
  bytes?(attributes: A, run: (parameters: { first: number; count: number }) => number): number;
  /** Bytes of memory that all threads share while the op runs (partial sums). */
  workspace?(inputs: Shape[], attributes: A): number;
  /** Bytes of memory of its own that each thread needs while the op runs. */
  scratch?(inputs: Shape[], attributes: A): number;
  /** Inputs whose buffer the first output may take over when nobody reads them afterwards. */
  inPlace?(attributes: A): number[];

  /** The output is the first input under a new shape. */
  readonly isAlias?: boolean;
  /** Inputs that the op writes to. An op that writes, or has no output, is never left out. */
  readonly writes?: readonly number[];
  /** Whether the outputs are probabilities, whatever the inputs. */
  givesProbabilities?(attributes: A): boolean;
  /** Moves running statistics: part of the update, and left out of plans that only observe. */
  readonly keepsStatistics?: boolean;
  /** The first output is the mean loss of the batch, a single number. */
  readonly isLoss?: boolean;
  /** The part of a training step that the op belongs to, where that is no layer. */
  readonly part?: "loss" | "optimizer";
  /** The output holds an input in another form, so it is not finite exactly where that is not. */
  readonly isPacking?: boolean;
  /** Weights (input 1) with a row for each output channel, and an epilogue for a bias: a scale and shift folds into both. */
  readonly isProduct?: boolean;

  /** Chooses the algorithm, and brings operands into the form that it reads. */
  select?(node: Node<A>, selection: Selection): Node<A>;
  /** What the op would be in the epilogue of the op that makes one of its inputs; null: it stands alone. */
  asEpilogue?(attributes: A): EpiloguePart | null;
  /** Its attributes with a part more in the epilogue, or null where that cannot follow. Operands are appended to the inputs. */
  absorb?(attributes: A, part: EpiloguePart): A | null;
}

export interface Selection {
  /** Filters of Winograd take 4 times the memory of the weights: "memory" does without. */
  readonly prefer: "speed" | "memory";
  shape(id: ValueId): Shape;
  /** The output of an op on weights that `node` reads; equal ones are made once. */
  once<A extends object>(op: Op<A>, weights: ValueId, attributes: NoInfer<A>, node: Node): ValueId;
}

export type ActivationKind = Exclude<ActivationName, "none">;

/** `param` is the negative slope of leakyRelu, the alpha of elu or the beta of softplus, otherwise 0. */
export interface Activation {
  kind: ActivationKind;
  param: number;
}

/** What can follow an op in its epilogue. `through`: the inputs of which one is the op's result; the others are operands. */
export type EpiloguePart = { readonly through: readonly number[] } & (
  | { readonly kind: "residual" }
  | { readonly kind: "activation" | "derivative"; readonly activation: Activation }
);

/** Whether a node applies this op; its attributes are then known. */
export function isNode<A extends object>(node: Node | undefined, op: Op<A>): node is Node<A> {
  return node?.op === op;
}

export interface GradientContext<A extends object> {
  node: Node<A>;
  /** Gradient of the first output (gradients flow through first outputs only). */
  dy: ValueId;
  /** Which inputs lead to something wanted. */
  needs: boolean[];
  shape(id: ValueId): Shape;
  /** Records an op of the backward pass and returns its outputs. */
  emit<E extends object>(op: Op<E>, inputs: ValueId[], attributes: NoInfer<E>): ValueId[];
  /** Records the gradient of another op for the output `dy`, by that op's rule, and returns those that it `needs`. */
  by<E extends object>(
    op: Op<E>,
    inputs: ValueId[],
    attributes: NoInfer<E>,
    dy: ValueId,
    needs: boolean[],
  ): InputGradients;
}

/** The gradient of each input, or null where none is needed, or where gradients do not flow (statistics, targets). */
export type InputGradients = (ValueId | null)[];

/** The gradient of an op that can stand on the way from a loss to a parameter: its rule records the ops of the backward pass. */
export interface Gradient<A extends object = object> {
  readonly of: Op<A>;
  rule(context: GradientContext<A>): InputGradients;
}
