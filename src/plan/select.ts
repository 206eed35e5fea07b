/** Chooses each op's algorithm and inserts the ops that bring its operands into the form the algorithm reads. */
import { type Conv2dShape, isDepthwise, winogradDwPays, winogradLegal } from "../abi/conv.js";
import { numel } from "../core/shape.js";
import type { AnyNode, Graph, ValueId } from "../graph/graph.js";
import { convShape } from "../graph/image-ops.js";
import type { ConvAlgorithm, Convolution } from "../graph/ops.js";

/** Below this many rows, packing the weights costs more than the product gains (bench/NOTES.md, GEMM). */
const GEMV_ROWS = 8;

export interface SelectOptions {
  /** Winograd filters take 4 times the memory of the weights: "memory" does without. */
  prefer: "speed" | "memory";
}

/** Rewrites `graph.nodes`. Equal packings of one value are made once. */
export function select(graph: Graph, { prefer }: SelectOptions): void {
  const selected: AnyNode[] = [];
  const packed = new Map<string, ValueId>();
  const once = (key: string, stage: AnyNode["stage"], make: () => AnyNode): ValueId => {
    let result = packed.get(key);
    if (result === undefined) {
      const node = make();
      selected.push({ ...node, stage });
      result = node.outputs[0];
      packed.set(key, result);
    }
    return result;
  };
  const pack = (id: ValueId, transposed: boolean, { path, stage }: AnyNode) =>
    once(`${id} ${transposed}`, stage, () => graph.make("packB", [id], { transposed }, path));

  /** Puts a convolution's weights into the form its algorithm reads. */
  const convolve = (node: Extract<AnyNode, { op: "conv2d" | "conv2dDx" }>): void => {
    const dx = node.op === "conv2dDx";
    const [first, w] = node.inputs;
    const { epilogue: _, ...convolution } = node.attributes as Convolution & { epilogue: unknown };
    const [batch, ...own] = graph.shape(first) as [number, number, number, number];
    const input = node.op === "conv2dDx" ? node.attributes.input : own;
    const algorithm = chooseAlgorithm(convShape(convolution, batch, input), prefer);
    const filter = { ...convolution, input, dx, algorithm };
    node.attributes.algorithm = algorithm;
    if (algorithm === "depthwise") return; // reads the weights as they are
    node.inputs[1] = once(`${w} ${dx} ${algorithm}`, node.stage, () =>
      graph.make("conv2dFilter", [w], filter, node.path),
    );
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
      case "conv2d":
      case "conv2dDx":
        convolve(node);
        break;
      case "conv2dDw":
        node.attributes.algorithm = chooseDw(
          convShape(node.attributes, graph.shape(second)[0], graph.shape(second).slice(1)),
          prefer,
        );
        break;
      default:
    }
    selected.push(node);
  }
  graph.nodes = selected;
}

/** Images smaller than one tile of Winograd's outputs waste most of it. */
const WINOGRAD_TILE = 4;

function chooseAlgorithm(s: Conv2dShape, prefer: "speed" | "memory"): ConvAlgorithm {
  if (isDepthwise(s)) return "depthwise";
  const large = s.oh >= WINOGRAD_TILE && s.ow >= WINOGRAD_TILE;
  return prefer === "speed" && large && winogradLegal(s) ? "winograd" : "direct";
}

function chooseDw(s: Conv2dShape, prefer: "speed" | "memory"): ConvAlgorithm {
  const algorithm = chooseAlgorithm(s, prefer);
  return algorithm === "winograd" && !winogradDwPays(s) ? "direct" : algorithm;
}
