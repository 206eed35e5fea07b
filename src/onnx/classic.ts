/**
 * Plain files of classic residual networks and their kin, as exporters write nearly all of them: one input and one output, float32,
 * nothing to be folded. What is made of them is what `importOnnx` makes of them. Of the others it reads, and of damaged ones, whose
 * faults it names, nothing is made here, so that its larger part comes on demand.
 */
import { BATCH } from "../core/any-batch.js";
import { asBytes } from "../core/bytes.js";
import { isSize } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { isSampleShape } from "../model/architecture.js";
import { isComplete, OnnxNetwork } from "../nn/imported/network.js";
import { inputShape } from "../nn/imported/recording.js";
import type { Step } from "../nn/imported/step.js";
import { registerLayer } from "../nn/registry.js";
import { callOf, isOwn, OPSETS, type Rule } from "./call.js";
import { classicOperators, tensorConstant } from "./classic-operators.js";
import { define, productReads, stateOf } from "./define.js";
import type { TensorProto, ValueInfoProto } from "./messages.js";
import { type Net, type NetValue, reduced } from "./net.js";
import { Reading } from "./protobuf.js";
import { readModel } from "./read.js";
import { type Constant, plainTensor } from "./tensor.js";

/** A file's network and weights. */
export interface Opened {
  network: OnnxNetwork;
  state: Map<string, Tensor>;
  /** One sample's, channels last. */
  inputShape: number[];
}

/** Undefined of files that take more, or are none. `sample`: one sample's shape, instead of the file's. */
export function openClassic(bytes: unknown, sample: readonly number[] | undefined): Opened | undefined {
  try {
    const net = classicNet(asBytes("loadOnnx", bytes), sample);
    const definition = define(net, productReads);
    if (!isComplete(definition)) return undefined;
    registerLayer("OnnxNetwork", OnnxNetwork);
    const network = new OnnxNetwork(definition);
    return { network, state: stateOf(net, definition), inputShape: inputShape(definition, 1).slice(1) };
  } catch {
    return undefined; // importOnnx finds and names what is wrong
  }
}

function expectClassic(isClassic: unknown): asserts isClassic {
  if (!isClassic) throw new Error("more than classic files have");
}

function constantOf(tensor: TensorProto): Constant {
  const constant = plainTensor(tensor);
  expectClassic(constant);
  return constant;
}

/** No op here moves axes, and none takes features from the last of more than two: channels are first. */
function sizesOf(
  { type }: ValueInfoProto,
  sample: readonly number[] | undefined,
): { fileBatch: number | undefined; shape: number[] } {
  const { elemType, shape } = type?.tensorType ?? {};
  const [batch, ...dims] = shape?.dim ?? [];
  expectClassic(sample === undefined || isSampleShape(sample));
  const sizes = sample ? [...sample.slice(-1), ...sample.slice(0, -1)] : dims.map(({ dimValue }) => dimValue);
  expectClassic(
    elemType === 1 && batch && sizes.length === dims.length && sizes.every((size) => isSize(size) && size < 2 ** 24),
  );
  return { fileBatch: batch.dimValue, shape: [BATCH, ...(sizes as number[])] };
}

function classicNet(file: Uint8Array, sample: readonly number[] | undefined): Net {
  const { graph, functions, opsetImport } = readModel(file, new Reading("loadOnnx", file.length));
  const opset = opsetImport?.find(({ domain }) => isOwn(domain))?.version ?? 0;
  expectClassic(graph && !graph.sparseInitializer && !functions && opset >= OPSETS[0] && opset <= OPSETS[1]);
  const values = new Map<string, NetValue>();
  const aliases = new Map<string, string>();
  const resolve = (name: string): string => aliases.get(name) ?? name;
  const declare = (name: string | undefined, shape: number[], constant?: Constant) => {
    expectClassic(name && !values.has(name) && !aliases.has(name));
    values.set(name, { shape, isFloat: constant?.isFloat ?? true, ...(constant && { constant }) });
  };
  for (const tensor of graph.initializer ?? []) {
    const constant = constantOf(tensor);
    declare(tensor.name, constant.shape, constant);
  }
  const inputs = (graph.input ?? []).filter(({ name = "" }) => !values.has(name));
  expectClassic(inputs.length === 1);
  const { fileBatch, shape } = sizesOf(inputs[0], sample);
  declare(inputs[0].name, shape);

  const rules = new Map<string, Rule>(Object.entries({ ...classicOperators(), Constant: constantRule }));
  const steps: Step[] = [];
  const makers = new Map<string, Step>();
  const context = { values, fileBatch, read: constantOf, refuse: () => new Error("more than classic files have") };
  for (const [i, node] of (graph.node ?? []).entries()) {
    const { opType = "", domain, input = [], output = [], attribute = [] } = node;
    const name = node.name || `${opType}_${i}`;
    const rule = isOwn(domain) && rules.get(opType);
    const inputs = input.map((each) => each && resolve(each));
    expectClassic(rule && inputs.every((each) => !each || values.has(each)));
    const outputs = output.slice(0, output.findLastIndex((each) => each !== "") + 1);
    expectClassic(attribute.every(({ refAttrName }) => !refAttrName));
    const attributes = new Map(attribute.map((each) => [each.name ?? "", each]));
    const call = callOf({ name, opType, rule, opset, inputs, outputs, attributes }, inputs, context);
    const meaning = rule(call);
    expectClassic(!("parts" in meaning));
    if ("constants" in meaning) {
      const [constant] = meaning.constants;
      declare(outputs[0], constant.shape, constant);
      continue;
    }
    if ("alias" in meaning) {
      expectClassic(outputs[0] && !values.has(outputs[0]) && !aliases.has(outputs[0]));
      aliases.set(outputs[0], meaning.alias);
      continue;
    }
    const { op, attributes: given = {}, inputs: read = call.inputs, shapes } = meaning;
    const held = read.filter((each) => values.get(each)?.constant);
    expectClassic(held.length < read.length && (held.length === 0 || (op !== "add" && op !== "mul")));
    // x · sigmoid(x), which is one op.
    expectClassic(
      !read.some((each) => op === "mul" && makers.get(each)?.inputs.some((source) => read.includes(source))),
    );
    expectClassic(shapes.flat().every((size) => Number.isSafeInteger(size) && size >= 0));
    declare(outputs[0], shapes[0]);
    const step = { op, name, inputs: read, outputs: outputs.slice(0, 1), attributes: given };
    makers.set(outputs[0], step);
    steps.push(step);
  }

  const [{ name = "" }, ...others] = graph.output ?? [];
  const output = resolve(name);
  const made = values.get(output);
  // Of two axes the last may be called what it likes.
  expectClassic(others.length === 0 && made && !made.constant && made.shape[0] === BATCH && made.shape.length < 3);
  return reduced({
    opset,
    producer: "",
    inputs: [inputs[0].name ?? ""],
    isChannelsLast: false,
    isWhole: false,
    outputs: [output],
    outputNames: [name],
    steps,
    values,
  });
}

const constantRule: Rule = (call) => {
  const made = tensorConstant(call);
  expectClassic(made);
  return made;
};
