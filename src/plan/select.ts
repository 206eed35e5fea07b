/** Chooses each op's algorithm and inserts the ops that bring its operands into the form the algorithm reads. */
import { numel } from "../core/shape.js";
import type { AnyNode, Graph, ValueId } from "../graph/graph.js";

/** Below this many rows, packing the weights costs more than the product gains (bench/NOTES.md, GEMM). */
const GEMV_ROWS = 8;

/** Rewrites `graph.nodes`. Equal packings of one value are made once. */
export function select(graph: Graph): void {
  const selected: AnyNode[] = [];
  const packed = new Map<string, ValueId>();
  const pack = (id: ValueId, transposed: boolean, { path, stage }: AnyNode): ValueId => {
    const key = `${id} ${transposed}`;
    let panels = packed.get(key);
    if (panels === undefined) {
      const node = graph.make("packB", [id], { transposed }, path);
      selected.push({ ...node, stage });
      panels = node.outputs[0];
      packed.set(key, panels);
    }
    return panels;
  };

  for (const node of graph.nodes) {
    const [first, second] = node.inputs;
    switch (node.op) {
      case "linear": {
        const shape = graph.shape(first);
        const gemv = numel(shape) / shape[shape.length - 1] < GEMV_ROWS;
        if (gemv) node.attributes.algorithm = "gemv";
        else {
          node.attributes.algorithm = "gemm";
          node.inputs[1] = pack(second, true, node);
        }
        break;
      }
      case "linearDx": // dy [m, n] · w [n, k]: w is B, row-major
      case "linearDw": // dy^T [n, m] · x [m, k]: x is B
        node.inputs[1] = pack(second, false, node);
        break;
      default:
    }
    selected.push(node);
  }
  graph.nodes = selected;
}
