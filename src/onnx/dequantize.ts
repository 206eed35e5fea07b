/** ONNX models with QuantizeLinear and DequantizeLinear as models in float32. */
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "./messages.js";
import type { Reading } from "./protobuf.js";
import type { Constant, ConstantReader } from "./tensor.js";

/** The integers that a type has. */
const LIMITS: Record<number, readonly [least: number, most: number]> = {
  2: [0, 255],
  3: [-128, 127],
  4: [0, 65535],
  5: [-32768, 32767],
};
const [FLOAT, UINT8] = [1, 2];

/** The model in float32, activations rounded as it says or not at all. */
export const dequantize = (
  model: ModelProto,
  constants: ConstantReader,
  reading: Reading,
  rounds = true,
): ModelProto => ({
  ...model,
  graph: new Dequantizer(model.graph ?? {}, constants, reading, rounds).run(),
});

/** A scale with a zero: of all of a tensor, or of each place along an axis. */
interface Steps {
  scales: Constant;
  zeros: Constant | undefined;
  type: number;
}

class Dequantizer {
  readonly #graph: GraphProto;
  readonly #reading: Reading;
  readonly #constants: ConstantReader;
  readonly #rounds: boolean;
  readonly #initializers: Map<string, TensorProto>;
  readonly #makers = new Map<string, NodeProto>();
  /** Names that stand for others. */
  readonly #aliases = new Map<string, string>();

  constructor(graph: GraphProto, constants: ConstantReader, reading: Reading, rounds: boolean) {
    this.#graph = graph;
    this.#reading = reading;
    this.#constants = constants;
    this.#rounds = rounds;
    this.#initializers = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? "", tensor]));
    for (const node of graph.node ?? []) for (const name of node.output ?? []) this.#makers.set(name, node);
  }

  run(): GraphProto {
    const nodes = (this.#graph.node ?? []).flatMap((node) => {
      if (node.opType === "QuantizeLinear") return this.#round(node);
      if (node.opType === "DequantizeLinear") return this.#dequantize(node);
      return [node];
    });
    const wanted = (name: string): string => this.#aliases.get(name) ?? name;
    for (const node of nodes) node.input = node.input?.map(wanted);
    // What the file gives out keeps its name.
    for (const { name = "" } of this.#graph.output ?? [])
      if (this.#aliases.has(name))
        nodes.push({ opType: "Identity", name: `${name}_out`, input: [wanted(name)], output: [name] });
    const read = new Set(nodes.flatMap(({ input = [] }) => input));
    const initializer = [...this.#initializers.values()].filter(({ name = "" }) => read.has(name));
    return { ...this.#graph, node: nodes, initializer };
  }

  /** Integers are the multiples that they stand for: x = scale * clip(round(x / scale), least - zero, most - zero). */
  #round(node: NodeProto): NodeProto[] {
    const [x = ""] = node.input ?? [];
    const [y = ""] = node.output ?? [];
    if (!this.#rounds) {
      this.#aliases.set(y, this.#aliases.get(x) ?? x);
      return [];
    }
    const { scales, zeros, type } = this.#steps(node);
    const [scale, zero] = [scales.data[0], zeros?.data[0] ?? 0];
    if (scales.data.length !== 1 || (zeros && zeros.data.length !== 1))
      throw this.#fail(node, "one scale for a whole activation", scales.data.length);
    const limits = LIMITS[type];
    if (!limits) throw this.#fail(node, "integers of 8 or 16 bits", `data type ${type}`);
    const add = (opType: string, input: string[], part: string): NodeProto => ({
      ...{ opType, name: `${y}_${part}`, input, output: [part === "" ? y : `${y}_${part}`] },
    });
    const number = (part: string, value: number) => this.#float(`${y}_${part}`, [], Float32Array.of(value));
    const step = number("scale", scale);
    const [least, most] = limits.map((limit, i) => number(`limit${i}`, limit - zero));
    return [
      add("Div", [x, step], "steps"),
      add("Round", [`${y}_steps`], "rounded"),
      add("Clip", [`${y}_rounded`, least, most], "clipped"),
      add("Mul", [`${y}_clipped`, step], ""),
    ];
  }

  #dequantize(node: NodeProto): NodeProto[] {
    const [x = ""] = node.input ?? [];
    const [y = ""] = node.output ?? [];
    const tensor = this.#initializers.get(x);
    if (tensor) {
      this.#float(y, tensor.dims ?? [], this.#weights(node, tensor));
      return [];
    }
    const maker = this.#makers.get(x);
    if (maker?.opType !== "QuantizeLinear") throw this.#fail(node, "weights, or what QuantizeLinear gives", x);
    const [one, other] = [this.#steps(maker), this.#steps(node)];
    const isSame =
      one.scales.data[0] === other.scales.data[0] && (one.zeros?.data[0] ?? 0) === (other.zeros?.data[0] ?? 0);
    if (!isSame) throw this.#fail(node, "the scale and zero of its QuantizeLinear", other.scales.data[0]);
    this.#aliases.set(y, this.#aliases.get(x) ?? x);
    return [];
  }

  #weights(node: NodeProto, tensor: TensorProto): Float32Array {
    const constant = this.#constants.read(tensor);
    const { data, shape } = constant;
    const { scales, zeros } = this.#steps(node);
    const given = node.attribute?.find(({ name }) => name === "axis")?.i ?? 1;
    const axis = given < 0 ? given + shape.length : given;
    const count = scales.data.length;
    if (count !== 1 && count !== shape[axis]) throw this.#fail(node, `${shape[axis]} scales along axis ${axis}`, count);
    const after = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const at = (i: number) => (count === 1 ? 0 : Math.floor(i / after) % count);
    const weights = Float32Array.from(data, (q, i) => {
      const zero = zeros ? zeros.data[zeros.data.length === 1 ? 0 : at(i)] : 0;
      return (q - zero) * scales.data[at(i)];
    });
    // There is room for them as well: integers are counted each time that they are read.
    this.#constants.spend({ ...constant, data: weights }, "", -1);
    return weights;
  }

  /** Scale and zero of a node, which must be constant. */
  #steps(node: NodeProto): Steps {
    const [, scale = "", zero = ""] = node.input ?? [];
    const [scales, zeros] = [scale, zero].map((name) => this.#initializers.get(name));
    if (!scales) throw this.#fail(node, "a constant scale", scale);
    if (zero !== "" && !zeros) throw this.#fail(node, "a constant zero point", zero);
    const read = (tensor: TensorProto) => this.#constants.read(tensor);
    return { scales: read(scales), zeros: zeros && read(zeros), type: zeros?.dataType ?? UINT8 };
  }

  #float(name: string, dims: number[], data: Float32Array): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#initializers.set(name, { name, dims, dataType: FLOAT, rawData });
    return name;
  }

  #fail({ name, opType }: NodeProto, expected: unknown, got: unknown): Error {
    return this.#reading.error(`node "${name}" (${opType})`, expected, got);
  }
}
