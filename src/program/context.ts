/** What the encoders of single ops work with. */
import { numel, type Shape } from "../core/shape.js";
import type { AnyNode, Graph, Node, ValueId } from "../graph/graph.js";
import { type Activation, type Epilogue, epilogueInputs, type OpName, type ParameterRun } from "../graph/ops.js";
import { ACTIVATION_GRADIENT, ACTIVATIONS, type KernelArguments, type KernelName, SCALARS } from "./abi.js";

/** Byte addresses of everything that a program touches. */
export interface Addresses {
  value(id: ValueId): number;
  /** Weights, gradients and optimiser state of neighbouring parameters; `n` floats. */
  run(first: number, count: number): { w: number; g: number; state0: number; state1: number; n: number };
  /** All parameters, their gradients and averages. */
  all: { w: number; g: number; ema: number; n: number };
  workspace: number;
  scratch: number;
  scratchStride: number;
}

export interface Context {
  graph: Graph;
  at: Addresses;
  /** Address of a node's i-th input, 0 when i is -1. */
  input(node: AnyNode, i: number): number;
  output(node: AnyNode, i?: number): number;
  shape(node: AnyNode, i: number): Shape;
  emit<K extends KernelName>(kernel: K, args: KernelArguments<K>): void;
}

export type Encoder<K extends OpName> = (node: Node<K>, context: Context) => void;

export const last = (shape: Shape): number => shape[shape.length - 1];
export const rows = (shape: Shape): number => numel(shape) / last(shape);
export const code = (activation: Activation | null) => ({
  activation: ACTIVATIONS[activation?.kind ?? "none"],
  param: activation?.param ?? 0,
});

/** The epilogue's arguments for a product whose output has `columns` columns. */
export function epilogueArguments(node: AnyNode, own: number, columns: number, e: Epilogue, { input }: Context) {
  const at = epilogueInputs(e, own);
  const { activation, param } = code(e.activation);
  return {
    bias: input(node, at.bias),
    residual: input(node, at.residual),
    ldr: columns,
    activation: activation + (e.derivative ? ACTIVATION_GRADIENT : 0),
    param,
    source: input(node, at.source),
    lds: columns,
  };
}

export const scratchOf = ({ at }: Context) => ({ scratch: at.scratch, scratchStride: at.scratchStride });

/** What both optimisers are given for a run of parameters. */
export const runOf = ({ at }: Context, { first, count, lrScale }: ParameterRun) => ({
  ...at.run(first, count),
  lr: SCALARS.lr,
  lrScale,
  scale: SCALARS.scale,
});
