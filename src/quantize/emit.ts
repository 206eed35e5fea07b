/** Records a folded network into another graph, its products on integers where that is their precision. */
import type { Activation, Node } from "../graph/op.js";
import { isNode } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { Buildable, Builder } from "../ops/builder.js";
import { activation } from "../ops/elementwise.js";
import {
  type Clamp,
  dequantizeBytes,
  type IntegerProduct,
  integerFilter,
  integerProduct,
  maxPoolBytes,
  quantizeBytes,
  type Units,
} from "../ops/int8.js";
import { maxPool2d } from "../ops/pool.js";
import { stateShape } from "./order.js";
import { biasName, isInteger, type Precisions, scalesName } from "./precision.js";
import { type Folded, type Product, recordFolded } from "./record.js";

/** A value of the folded graph in the other one: as float32, as bytes, or as both. */
interface Forms {
  floats?: ValueId;
  bytes?: ValueId;
}

/** Where a value is read in units of bytes: those of the first product on integers that reads it, also after a max pool. */
function unitsOf({ graph, products }: Folded, precisions: Precisions): Map<ValueId, Units> {
  const units = new Map<ValueId, Units>();
  for (const node of [...graph.nodes].reverse()) {
    const product = products.get(node);
    const precision = product && precisions[product.name];
    if (product && isInteger(precision)) units.set(product.x, precision.input);
    const [x] = node.inputs;
    const behind = units.get(node.outputs[0]);
    if (isNode(node, maxPool2d) && behind && !units.has(x)) units.set(x, behind);
  }
  return units;
}

/** Values that are read as bytes by all their readers, so that nobody needs them as float32. */
function bytesAlone(folded: Folded, precisions: Precisions, units: ReadonlyMap<ValueId, Units>): Set<ValueId> {
  const alone = new Set(units.keys());
  const readsBytes = (node: Node, id: ValueId): boolean => {
    const product = folded.products.get(node);
    // A sum of both signs goes on through many blocks: its error would grow with each.
    const keepsSum = (units.get(id)?.zero ?? 0) === 0;
    if (product && isInteger(precisions[product.name])) return id === product.residual ? keepsSum : id === product.x;
    return isNode(node, maxPool2d) && alone.has(node.outputs[0]);
  };
  alone.delete(folded.output);
  for (const node of [...folded.graph.nodes].reverse())
    for (const id of node.inputs) if (!readsBytes(node, id)) alone.delete(id);
  return alone;
}

/** Records a network, its products in these precisions; those without one have weights in float32. */
export function emit(b: Builder, x: ValueId, network: Buildable, precisions: Precisions, isFused = true): ValueId {
  const folded = recordFolded(network, b.shape(x), isFused);
  return new Emitter(b, folded, precisions).run(x);
}

class Emitter {
  readonly #b: Builder;
  readonly #folded: Folded;
  readonly #precisions: Precisions;
  readonly #units: ReadonlyMap<ValueId, Units>;
  readonly #bytesAlone: ReadonlySet<ValueId>;
  readonly #forms = new Map<ValueId, Forms>();

  constructor(b: Builder, folded: Folded, precisions: Precisions) {
    this.#b = b;
    this.#folded = folded;
    this.#precisions = precisions;
    this.#units = unitsOf(folded, precisions);
    this.#bytesAlone = bytesAlone(folded, precisions, this.#units);
  }

  run(x: ValueId): ValueId {
    const { graph, input, output, constants, products } = this.#folded;
    this.#forms.set(input, { floats: x });
    for (const node of graph.nodes) {
      const product = products.get(node);
      if (product) this.#product(product);
      else if (!constants.has(node) || this.#isRead(node)) this.#other(node);
    }
    for (const layer of graph.layers) {
      const forms = this.#forms.get(layer.output);
      const id = forms?.floats ?? forms?.bytes;
      if (layer.path !== "" && id !== undefined) this.#b.graph.layers.push({ ...layer, output: id });
    }
    return this.#floats(output, "");
  }

  /** Whether a constant is read by more than products, which have their weights folded already. */
  #isRead(node: Node): boolean {
    this.#readers ??= readByOthers(this.#folded);
    return node.outputs.some((id) => this.#readers?.has(id));
  }
  #readers: ReadonlySet<ValueId> | undefined;

  #add(node: Pick<Node, "op" | "attributes" | "path">, inputs: ValueId[]): ValueId[] {
    return this.#b.graph.add(node.op, inputs, node.attributes, node.path);
  }

  /** A value as float32. */
  #floats(id: ValueId, path: string): ValueId {
    const declared = this.#folded.declared.get(id);
    const forms = this.#formsOf(id);
    if (forms.floats !== undefined) return forms.floats;
    if (declared) {
      const { name, shape, layout, init } = declared;
      const isBuffer = this.#folded.graph.values[id].role === "buffer";
      forms.floats = isBuffer ? this.#b.buffer(name, shape) : this.#b.parameter(name, shape, { layout, init });
    } else {
      const units = this.#units.get(id);
      if (forms.bytes === undefined || !units) throw new Error(`value ${id} has not been recorded`);
      forms.floats = this.#add({ op: dequantizeBytes, attributes: units, path }, [forms.bytes])[0];
    }
    return forms.floats;
  }

  /** A value as bytes, in its units. */
  #bytes(id: ValueId, units: Units, path: string): ValueId {
    const forms = this.#formsOf(id);
    forms.bytes ??= this.#add({ op: quantizeBytes, attributes: units, path }, [this.#floats(id, path)])[0];
    return forms.bytes;
  }

  #formsOf(id: ValueId): Forms {
    const forms = this.#forms.get(id) ?? {};
    this.#forms.set(id, forms);
    return forms;
  }

  #other(node: Node): void {
    const [x] = node.inputs;
    const bytes = this.#forms.get(x)?.bytes;
    if (isNode(node, maxPool2d) && bytes !== undefined && this.#bytesAlone.has(node.outputs[0])) {
      const { attributes, path } = node;
      this.#forms.set(node.outputs[0], { bytes: this.#add({ op: maxPoolBytes, attributes, path }, [bytes])[0] });
      return;
    }
    const outputs = this.#add(
      node,
      node.inputs.map((id) => this.#floats(id, node.path)),
    );
    node.outputs.forEach((id, i) => {
      this.#forms.set(id, { floats: outputs[i] });
    });
  }

  #product(product: Product): void {
    const { name, node, weight } = product;
    const precision = this.#precisions[name];
    const memory = this.#folded.graph.shape(weight);
    const shape = stateShape(memory);
    const layout = memory.length === 2 ? "same" : "channelsLast";
    const bias = this.#b.parameter(biasName(name), [memory[0]], { init: 0 });
    if (isInteger(precision)) {
      this.#integers(product, precision.input, bias);
      return;
    }
    const w = this.#b.parameter(name, shape, { init: 0, layout });
    const { residual } = product;
    const operands = [w, bias, ...(residual === undefined ? [] : [this.#floats(residual, node.path)])];
    const attributes = { ...node.attributes, epilogue: { ...product.epilogue, bias: true } };
    const [y] = this.#add({ ...node, attributes } as Node, [this.#floats(product.x, node.path), ...operands]);
    this.#forms.set(node.outputs[0], { floats: y });
  }

  #integers({ name, node, convolution, epilogue, ...product }: Product, input: Units, bias: ValueId): void {
    const { graph } = this.#b;
    const memory = this.#folded.graph.shape(product.weight);
    const [out] = node.outputs;
    const { path } = node;
    const x = this.#bytes(product.x, input, path);
    const clamp = clampOf(epilogue.activation);
    const output = clamp !== undefined && this.#bytesAlone.has(out) ? (this.#units.get(out) ?? null) : null;
    const forms: Forms = product.residual === undefined ? {} : this.#formsOf(product.residual);
    const residual = forms.floats === undefined ? forms.bytes : undefined;
    const residualUnits = residual === undefined ? null : (this.#units.get(product.residual as ValueId) ?? null);
    const attributes: IntegerProduct = {
      convolution: convolution && withoutEpilogue(convolution),
      outChannels: memory[0],
      ...{ input, output, residual: product.residual === undefined ? undefined : residualUnits },
      clamp: clamp ?? "none",
    };
    const weights = graph.value(memory, "buffer", { name, dtype: "i8" });
    const init = { kind: "constant", value: 0 } as const;
    graph.buffers.push({ name, value: weights, shape: memory, layout: "same", init, path, dtype: "i8" });
    const scales = this.#b.parameter(scalesName(name), [memory[0]], { init: 1 });
    const shapeOfX = [1, ...this.#b.shape(x).slice(1)];
    const filter = graph.add(integerFilter, [weights, scales, bias], { ...attributes, x: shapeOfX }, path)[0];
    const operands = product.residual === undefined ? [] : [residual ?? this.#floats(product.residual, path)];
    let [y] = graph.add(integerProduct(attributes), [x, filter, ...operands], attributes, path);
    if (clamp === undefined && epilogue.activation) [y] = graph.add(activation, [y], { ...epilogue.activation }, path);
    this.#forms.set(out, output ? { bytes: y } : { floats: y });
  }
}

/** What products on integers can do themselves; undefined: what stands after them. */
function clampOf(given: Activation | null): Clamp | undefined {
  if (!given) return "none";
  return given.kind === "relu" || given.kind === "relu6" ? given.kind : undefined;
}

function withoutEpilogue<A extends object>({
  epilogue: _,
  algorithm: __,
  ...rest
}: A & { epilogue?: unknown; algorithm?: unknown }) {
  return rest;
}

/** Constants, and what they are made of, that something else than a product's weights and bias is made of. */
function readByOthers({ graph, constants, products }: Folded): Set<ValueId> {
  const read = new Set<ValueId>();
  for (const node of [...graph.nodes].reverse()) {
    const product = products.get(node);
    const isWanted = !constants.has(node) || node.outputs.some((id) => read.has(id));
    if (!isWanted) continue;
    for (const id of node.inputs) if (!product || (id !== product.weight && id !== product.bias)) read.add(id);
  }
  return read;
}
