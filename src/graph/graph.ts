/**
 * The graph: values and the ops between them, in the order in which they are to run. Plain data: it can be printed,
 * checked and rewritten without a kernel in sight. The batch size is a number like any other, so a network is
 * recorded anew for each batch size.
 */
import type { Shape } from "../core/shape.js";
import type { Init } from "./init.js";
import type { Layout } from "./layout.js";
import type { Node, Op, Stage } from "./op.js";
import type { DType, Role, Value, ValueId } from "./value.js";

export interface Parameter {
  name: string;
  value: ValueId;
  /** The shape that `stateDict()` shows, in PyTorch's order. */
  shape: Shape;
  layout: Layout;
  init: Init;
  /** The layer that owns it. */
  path: string;
  /** Of a buffer, where it is not float32. */
  dtype?: DType;
}

/** One layer as `summary()` lists it. */
export interface LayerRecord {
  path: string;
  type: string;
  outputShape: Shape;
  output: ValueId;
  /** What the file that the network came from calls it. */
  name: string | undefined;
}

/**
 * What a loss records after a network: the host-written target and the mean loss, a single number; and where rows or
 * elements do not count the same, weights that the host writes.
 */
export interface RecordedLoss {
  target: ValueId;
  weights?: ValueId | undefined;
  loss: ValueId;
}

/** Where a node stands: the layer that records it, and the part of the step. */
type Place = Pick<Node, "path" | "stage">;

export class Graph {
  readonly values: Value[] = [];
  nodes: Node[] = [];
  /** Trained parameters and, apart, buffers, each in the order of declaration. */
  readonly parameters: Parameter[] = [];
  readonly buffers: Parameter[] = [];
  readonly layers: LayerRecord[] = [];
  /** Of a network with several outputs, those that its one output holds, by name. */
  outputs: ReadonlyMap<string, ValueId> | undefined;
  /** The stage of the ops that are being recorded. */
  stage: Stage = "forward";

  value(shape: Shape, role: Role, { name = "", dtype = "f32" }: { name?: string; dtype?: DType } = {}): ValueId {
    const id = this.values.length;
    this.values.push({ id, shape, dtype, role, name });
    return id;
  }

  shape(id: ValueId): Shape {
    return this.values[id].shape;
  }

  /** Makes a node with its output values, without placing it among `nodes`. */
  make<A extends object>(op: Op<A>, inputs: ValueId[], attributes: NoInfer<A>, { path, stage }: Place): Node<A> {
    const shapes = op.shapes(
      inputs.map((id) => this.shape(id)),
      attributes,
    );
    const outputs = shapes.map((shape, i) => this.value(shape, "activation", { dtype: op.dtypes?.[i] }));
    if (op.isAlias) this.values[outputs[0]].aliasOf = this.root(inputs[0]);
    return { op, inputs, outputs, attributes, path, stage };
  }

  /** Appends an op, recorded by the layer at `path`, and returns its outputs. */
  add<A extends object>(op: Op<A>, inputs: ValueId[], attributes: NoInfer<A>, path = ""): ValueId[] {
    const node = this.make(op, inputs, attributes, { path, stage: this.stage });
    this.nodes.push(node);
    return node.outputs;
  }

  /** The value whose memory `id` uses. */
  root(id: ValueId): ValueId {
    return this.values[id].aliasOf ?? id;
  }
}

/** How often each value is read. */
export function countReaders(nodes: readonly Node[]): Map<ValueId, number> {
  const readers = new Map<ValueId, number>();
  for (const { inputs } of nodes) for (const id of inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  return readers;
}

/** Drops ops whose results nobody reads. */
export function removeDead(graph: Graph, keep: ReadonlySet<ValueId>): void {
  const read = new Set(keep);
  graph.nodes = graph.nodes
    .reverse()
    .filter((node) => {
      const acts = node.outputs.length === 0 || node.op.writes !== undefined;
      if (!acts && !node.outputs.some((id) => read.has(id))) return false;
      for (const id of node.inputs) read.add(id);
      return true;
    })
    .reverse();
}

/** The graph as text, one line an op: `%7 [32, 128] = linear(%5, %1, %2) {"…"}  main.0`. */
export function printGraph(graph: Graph, nodes: readonly Node[] = graph.nodes): string {
  const show = (id: ValueId) => graph.values[id].name || `%${id}`;
  const type = ({ shape, dtype }: Value) => `${dtype === "f32" ? "" : `${dtype} `}[${shape.join(", ")}]`;
  return nodes
    .map(({ op, inputs, outputs, attributes, path }) => {
      const left = outputs.map((id) => `${show(id)} ${type(graph.values[id])}`).join(", ");
      const text = JSON.stringify(attributes);
      return `${left} = ${op.name}(${inputs.map(show).join(", ")})${text === "{}" ? "" : ` ${text}`}  ${path}`;
    })
    .join("\n");
}
