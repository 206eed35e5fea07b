/**
 * The graph: values and the ops between them, in the order in which they are to run. Plain data: it can be printed,
 * checked and rewritten without a kernel in sight. The batch size is a number like any other, so a network is
 * recorded anew for each batch size.
 */
import type { Shape } from "../core/shape.js";
import type { OpAttributes, OpName } from "./ops.js";
import { OPS } from "./ops.js";

export type ValueId = number;

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
  role: Role;
  /** The state-dict name of parameters, buffers and gradients; otherwise empty. */
  name: string;
  /** This value is another one under a new shape (`reshape`). */
  aliasOf?: ValueId;
}

export interface Node<K extends OpName = OpName> {
  op: K;
  inputs: ValueId[];
  outputs: ValueId[];
  attributes: OpAttributes[K];
  /** The layer that recorded the op, as a path in the network: `main.0`. */
  path: string;
  stage: Stage;
}

/** The parts of a step, in the order in which they run. */
export type Stage = "forward" | "backward" | "update";
export const STAGES: readonly Stage[] = ["forward", "backward", "update"];

/** A node whose `op` can be told apart by the type checker. */
export type AnyNode = { [K in OpName]: Node<K> }[OpName];

/** How a parameter's memory order relates to its state-dict order. */
export type Layout = "same" | "OIHW";

/** The distribution a parameter starts from; drawn by `createModel` with the model's seed. */
export type Init =
  | { kind: "constant"; value: number }
  | { kind: "uniform"; bound: number }
  | { kind: "normal"; std: number };

export interface Parameter {
  name: string;
  value: ValueId;
  /** The shape that `stateDict()` shows, in PyTorch's order. */
  shape: Shape;
  layout: Layout;
  init: Init;
  /** The layer that owns it. */
  path: string;
}

/** One layer as `summary()` lists it. */
export interface LayerRecord {
  path: string;
  type: string;
  outputShape: Shape;
  output: ValueId;
}

export class Graph {
  readonly values: Value[] = [];
  nodes: AnyNode[] = [];
  /** Trained parameters and, apart, buffers, each in the order of declaration. */
  readonly parameters: Parameter[] = [];
  readonly buffers: Parameter[] = [];
  readonly layers: LayerRecord[] = [];
  /** The stage of the ops that are being recorded. */
  stage: Stage = "forward";

  value(shape: Shape, role: Role, name = ""): ValueId {
    const id = this.values.length;
    this.values.push({ id, shape, role, name });
    return id;
  }

  shape(id: ValueId): Shape {
    return this.values[id].shape;
  }

  /** Makes a node with its output values, without placing it among `nodes`. */
  make<K extends OpName>(op: K, inputs: ValueId[], attributes: OpAttributes[K], path: string): AnyNode {
    const shapes = OPS[op].shapes(
      inputs.map((id) => this.shape(id)),
      attributes,
    );
    const outputs = shapes.map((shape) => this.value(shape, "activation"));
    if (op === "reshape") this.values[outputs[0]].aliasOf = this.root(inputs[0]);
    return { op, inputs, outputs, attributes, path, stage: this.stage } as AnyNode;
  }

  /** Appends an op and returns its outputs. */
  add<K extends OpName>(op: K, inputs: ValueId[], attributes: OpAttributes[K], path: string): ValueId[] {
    const node = this.make(op, inputs, attributes, path);
    this.nodes.push(node);
    return node.outputs;
  }

  /** The value whose memory `id` uses. */
  root(id: ValueId): ValueId {
    return this.values[id].aliasOf ?? id;
  }
}

/** The graph as text, one line an op: `%7 [32, 128] = linear(%5, %1, %2) {"…"}  main.0`. */
export function printGraph(graph: Graph, nodes: readonly AnyNode[] = graph.nodes): string {
  const show = (id: ValueId) => graph.values[id].name || `%${id}`;
  return nodes
    .map((node) => {
      const left = node.outputs.map((id) => `${show(id)} [${graph.shape(id).join(", ")}]`).join(", ");
      const attributes = JSON.stringify(node.attributes);
      return `${left} = ${node.op}(${node.inputs.map(show).join(", ")})${attributes === "{}" ? "" : ` ${attributes}`}  ${node.path}`;
    })
    .join("\n");
}
