/**
 * From a file's graph to the canonical net: shapes for any batch, constants folded, no-ops taken out, what no output
 * needs dropped.
 */

import { atBatch, BATCH, isBatch } from "../core/any-batch.js";
import { describe } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import type { Step } from "../nn/imported/step.js";
import { type CallContext, callOf, type FlatNode, product } from "./call.js";
import { evaluate } from "./fold.js";
import { flatten } from "./inline.js";
import { BYTES, expectNumbers, ofBytes } from "./integers.js";
import { takesChannelsLast } from "./layout.js";
import type { ModelProto, ValueInfoProto } from "./messages.js";
import { formatSizes, type Net, type NetValue, reduced, SAMPLE } from "./net.js";
import type { Reading } from "./protobuf.js";
import type { Constant, ConstantReader } from "./tensor.js";

export interface SimplifyOptions {
  /** The first input's sizes without the batch, channels last, instead of the file's. */
  inputShape?: readonly number[];
  /** The whole input is one sample, in the file's order: no axis is the batch's. */
  isWhole?: boolean;
  /** Names of the values that are wanted, instead of the file's outputs. */
  outputs?: readonly string[];
  /** Values of further inputs. */
  inputs?: ReadonlyMap<string, Constant>;
}

export function simplify(
  model: ModelProto,
  constants: ConstantReader,
  reading: Reading,
  options: SimplifyOptions = {},
): Net {
  const graph = model.graph;
  if (!graph) throw reading.error("file", "a model with a graph", "none");
  if (graph.sparseInitializer?.length) throw reading.error("initializers", "dense tensors", "a sparse one");
  const { opset, nodes } = flatten(model, reading);
  const values = new Map<string, NetValue>();
  const aliases = new Map<string, string>();
  const resolve = (name: string): string => aliases.get(name) ?? name;
  const declare = (name: string, value: NetValue) => {
    if (values.has(name) || aliases.has(name))
      throw reading.error("values", "each name once", `${describe(name)} again`);
    values.set(name, value);
  };

  for (const tensor of graph.initializer ?? []) {
    const constant = constants.read(tensor);
    declare(tensor.name ?? "", { shape: constant.shape, isFloat: constant.isFloat, constant });
  }
  const inputs: string[] = [];
  const steps: Step[] = [];
  const { isWhole = false } = options;
  let isChannelsLast = false;
  for (const info of graph.input ?? []) {
    const name = info.name ?? "";
    if (values.has(name)) continue;
    const bound = options.inputs?.get(name);
    const type = info.type?.tensorType?.elemType;
    if (bound) declare(name, { shape: bound.shape, isFloat: bound.isFloat, type, constant: bound });
    else {
      expectNumbers(reading, nodes, name, type ?? 0);
      const wanted = inputs.length === 0 ? options.inputShape : undefined;
      const rank = wanted ? wanted.length + (isWhole ? 0 : 1) : (info.type?.tensorType?.shape?.dim ?? []).length;
      if (inputs.length === 0) isChannelsLast = isWhole || takesChannelsLast(nodes, name, rank);
      const given =
        wanted && (isChannelsLast || rank < 3 ? [...wanted] : [...wanted.slice(-1), ...wanted.slice(0, -1)]);
      const shape = inputShape(info, given, isWhole, reading);
      declare(name, { shape, isFloat: true });
      inputs.push(name);
      if (type === BYTES) {
        const [made, step] = ofBytes(name);
        steps.push(step);
        declare(made, { shape, isFloat: true });
        aliases.set(name, made);
      }
    }
  }

  const unknown = [...(options.inputs?.keys() ?? [])].filter(
    (name) => !graph.input?.some((info) => info.name === name),
  );
  if (unknown.length > 0) throw reading.error("option inputs", "names of the file's inputs", describe(unknown));
  const first = (graph.input ?? []).find(({ name }) => name === inputs[0]);
  const fileBatch = isWhole ? undefined : first?.type?.tensorType?.shape?.dim?.[0]?.dimValue;
  if (inputs.length !== 1) throw reading.error("inputs", "one", describe(inputs), "Pass { inputs } for the others");

  /** How often a value is still read: constants that nothing will read make room for others. */
  const reads = new Map<string, number>();
  const count = (name: string, more: number) => reads.set(name, (reads.get(name) ?? 0) + more);
  for (const { inputs } of nodes) for (const input of inputs) count(input, 1);
  const outputNames = options.outputs ?? (graph.output ?? []).map(({ name = "" }) => name);
  for (const name of outputNames) count(name, 1);
  const release = (names: readonly string[]) => {
    for (const name of names) {
      count(name, -1);
      const constant = values.get(name)?.constant;
      if (!constant || lookUp(reads, name) > 0) continue;
      constants.spend(constant, name, -1);
      values.delete(name);
    }
  };

  for (const node of nodes) {
    for (const input of node.inputs)
      if (input && !values.has(resolve(input)))
        throw reading.error(`node ${describe(node.name)}`, "inputs that were made before", describe(input));
    // Outputs that are left out at the end are none.
    while (node.outputs.at(-1) === "") node.outputs.pop();
    const call = callOf(
      node,
      node.inputs.map((input) => (input ? resolve(input) : "")),
      { values, fileBatch, ...aboutNode(node, constants, reading) },
    );
    const meaning = node.rule(call);
    if ("alias" in meaning) {
      const target = meaning.alias;
      if (!node.outputs[0] || values.has(node.outputs[0]))
        throw reading.error("values", "each name once", describe(node.outputs[0] ?? ""));
      aliases.set(node.outputs[0], target);
      count(target, (reads.get(node.outputs[0]) ?? 0) - 1);
      // A Dropout's mask, which nothing of an inference reads.
      continue;
    }
    if ("constants" in meaning) {
      meaning.constants.forEach((constant, i) => {
        const { shape, isSample, isFloat } = constant;
        const whole = isSample ? [(shape[0] / SAMPLE) * BATCH, ...shape.slice(1)] : shape;
        declare(node.outputs[i] ?? "", { shape: whole, isFloat, constant });
        // A node's own tensor was counted when it was read.
        if (node.opType !== "Constant") constants.spend(constant, `node ${describe(node.name)}`);
      });
      release(call.inputs);
      continue;
    }
    const parts = "parts" in meaning ? meaning.parts : [meaning];
    let folds = 0;
    parts.forEach(({ op, attributes = {}, inputs: read = call.inputs, shapes }, k) => {
      const where = `node ${describe(node.name)} (${node.opType})`;
      const outputs = parts.length > 1 ? node.outputs.slice(k, k + 1) : node.outputs;
      const held = read.map((name) => (name ? lookUp(values, name).constant : undefined));
      for (const shape of shapes)
        if (shape.some((size) => !Number.isSafeInteger(size) || size < 0))
          throw reading.error(where, "sizes", formatSizes(shape));
      const isSample = held.some((each) => each?.isSample);
      const sizes = isSample ? shapes.map((shape) => shape.map((size) => atBatch(size, SAMPLE))) : shapes;
      const made = sizes.reduce((sum, shape) => sum + product(shape), 0);
      const isFoldable = read.length > 0 && held.every((each) => each) && constants.fits(8 * made);
      const folded = isFoldable ? evaluate(op, attributes, held as Constant[], sizes) : undefined;
      if (isSample && !folded) throw reading.error(where, "values that no sample's place changes", "counted ones");
      for (const each of folded ?? []) {
        each.isSample = isSample;
        constants.spend(each, where);
      }
      shapes.forEach((shape, i) => {
        const output = outputs[i];
        if (!output) return;
        const constant = folded?.[i];
        declare(output, { shape, isFloat: constant?.isFloat ?? true, constant });
      });
      const name = k === 0 ? node.name : `${node.name}_${k}`;
      if (folded) folds++;
      else steps.push({ op, name, inputs: read, outputs: outputs.slice(0, shapes.length), attributes });
    });
    if (folds === parts.length) release(call.inputs);
  }

  const outputs = outputNames.map((name) => {
    if (!values.has(resolve(name))) throw reading.error(`output ${describe(name)}`, "a value that is made", "none");
    return resolve(name);
  });
  return reduced({
    opset,
    producer: producerOf(model),
    inputs,
    isChannelsLast,
    isWhole,
    outputs,
    outputNames: [...outputNames],
    steps,
    values,
  });
}

const producerOf = ({ producerName = "", producerVersion = "" }: ModelProto): string =>
  `${producerName} ${producerVersion}`.trim();

/** The batch is the first size, whatever the file says of it, unless the whole is one sample. */
function inputShape(
  info: ValueInfoProto,
  given: readonly number[] | undefined,
  isWhole: boolean,
  reading: Reading,
): number[] {
  const what = `input ${describe(info.name ?? "")}`;
  const dims = info.type?.tensorType?.shape?.dim ?? [];
  if (given) {
    const batch = isWhole ? [] : [BATCH];
    if (dims.length > 0 && dims.length !== given.length + batch.length)
      throw reading.error(
        what,
        isWhole ? `${dims.length} sizes` : `${dims.length - 1} sizes and the batch`,
        formatSizes(given),
      );
    return [...batch, ...given];
  }
  if (dims.length === 0 && !isWhole) throw reading.error(what, "a shape", "none", "Pass { inputShape }");
  return dims.map(({ dimValue = 0 }, i) => {
    if (i === 0 && !isWhole) return BATCH;
    if (!(dimValue > 0 && dimValue < 2 ** 24))
      throw reading.error(what, "sizes", describe(dims[i].dimParam ?? dimValue), "Pass { inputShape }");
    return dimValue;
  });
}

/** Errors about a node, and its tensors. */
function aboutNode(node: FlatNode, constants: ConstantReader, reading: Reading): Pick<CallContext, "refuse" | "read"> {
  const where = `node ${describe(node.name)} (${node.opType})`;
  const show = (part: unknown): unknown =>
    Array.isArray(part)
      ? `[${part.map(show).join(", ")}]`.slice(0, 200)
      : isBatch(part as number)
        ? formatSizes([part as number]).slice(1, -1)
        : part;
  return {
    refuse: (what, expected, got) => reading.error(`${where}: ${what}`, show(expected), show(got)),
    read: (tensor, name) => constants.read(tensor, `${where}: ${name}`),
  };
}
