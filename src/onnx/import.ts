/** `importOnnx`: a file's network as a layer, and its weights as a state dict. */

import { BATCH } from "../core/any-batch.js";
import { asBytes } from "../core/bytes.js";
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { checked, flag, isRecord, optional, readOptions, type Schema, text } from "../core/options.js";
import { readNumbers, type Tensor } from "../core/tensor.js";
import { refuseOther } from "../io/other-file.js";
import { isSampleShape } from "../model/architecture.js";
import * as others from "../nn/imported/further-others.js";
import * as shapes from "../nn/imported/further-shapes.js";
import { OnnxNetwork } from "../nn/imported/network.js";
import { recordSteps } from "../nn/imported/record.js";
import { type Definition, inputShape as inputShapeOf } from "../nn/imported/recording.js";
import { registerLayer } from "../nn/registry.js";
import { Builder } from "../ops/builder.js";
import { canonical } from "./canonical.js";
import { define, stateOf } from "./define.js";
import { ALL_PATTERNS, withoutFinal } from "./further-patterns.js";
import { givesChannelsLast } from "./layout.js";
import type { ModelProto } from "./messages.js";
import { formatSizes, type Net } from "./net.js";
import { recognise } from "./patterns.js";
import { Reading } from "./protobuf.js";
import { readModel } from "./read.js";
import { readsWith } from "./reads.js";
import { simplify } from "./simplify.js";
import { type Constant, ConstantReader, type ExternalData } from "./tensor.js";
import { type UnsupportedNode, unsupported } from "./unsupported.js";

export interface ImportOptions {
  /** One sample's shape, channels last, where the file leaves sizes open or other ones are wanted. Default: the file's. */
  inputShape?: readonly number[];
  /** Gives the bytes of weights that lie in files of their own. Names never lead out of the network's folder. */
  externalData?: ExternalData;
  /** Tensors for further inputs of the graph, by name, in the file's order: they become parameters. */
  inputs?: Readonly<Record<string, { data: ArrayLike<number>; shape: readonly number[] }>>;
  /** Names of the outputs that are wanted, or of other values in the file. Default: the file's outputs. */
  outputs?: readonly string[];
  /**
   * Default true: the first axis of the input is the batch, of any size. With false the whole input is one sample, as for files
   * whose nodes mix that axis or that have no batch: `inputShape` and outputs have all sizes of the file, in its order, and batches
   * are of one.
   */
  batch?: boolean;
  /** Leave out a final Softmax or Sigmoid, for losses that take logits. Default false. */
  logits?: boolean;
  /** Names the file in messages. */
  fileName?: string;
}

export interface ImportReport {
  opset: number;
  producer: string;
  inputs: { name: string; shape: number[] }[];
  outputs: { name: string; shape: number[] }[];
  /** Nodes by op, as they were read. */
  nodes: Record<string, number>;
  /** Names of the trained weights. */
  parameters: string[];
  /** Names of what is kept but not trained. */
  constants: string[];
}

export interface ImportedNetwork {
  network: OnnxNetwork;
  state: Map<string, Tensor>;
  /** One sample's shape, for `createModel`. */
  inputShape: number[];
  report: ImportReport;
}

/**
 * Reads an ONNX file: a network to be predicted with and trained, and its weights under the file's names. Images are
 * [n, h, w, channels] here, whatever the file has. Throws an `UnsupportedOpError` that names every node for which there is no op,
 * `FormatError` on damaged files.
 *
 * @example
 * const { network, state, inputShape } = importOnnx(readFileSync("resnet18.onnx"));
 * const model = await createModel(network, { inputShape });
 * model.loadStateDict(state);
 */
export function importOnnx(bytes: Uint8Array | ArrayBuffer, options?: ImportOptions): ImportedNetwork {
  return importModel(bytes, options);
}

/** What makes another model of a file's. */
export type Change = (model: ModelProto, constants: ConstantReader, reading: Reading) => ModelProto;

/** `importOnnx` of what becomes of the file's model. */
export function importModel(
  bytes: Uint8Array | ArrayBuffer,
  options?: ImportOptions,
  change: Change = (model) => model,
): ImportedNetwork {
  const { inputShape, externalData, inputs, outputs, batch, logits, fileName } = readOptions(
    "importOnnx",
    options,
    schema,
  );
  const file = asBytes("importOnnx", bytes);
  refuseOther({ where: "importOnnx", path: fileName }, file, "an ONNX model", "ONNX");
  const reading = new Reading("importOnnx", file.length, fileName);
  const constants = new ConstantReader(reading, file.length, externalData);
  const model = change(readModel(file, reading), constants, reading);
  const bound = new Map(Object.entries(inputs ?? {}).map(([name, tensor]) => [name, constantOf(name, tensor)]));
  const names = new Set(bound.keys());
  const simple = simplify(model, constants, reading, { inputShape, inputs: bound, outputs, isWhole: !batch });
  const read = canonical(recognise(simple, ALL_PATTERNS), names);
  const net = logits ? withoutFinal(read) : read;
  expectOutputs(net, reading);
  const areLast = net.isWhole ? net.outputs.map(() => true) : givesChannelsLast(net);
  const definition = define(net, readsWith(names), areLast);
  registerLayer("OnnxNetwork", OnnxNetwork);
  for (const part of [shapes, others]) part.use();
  refuseUnsupported(definition, reading);
  const state = stateOf(net, definition);
  const describeValue = (name: string) => ({ name, shape: lookUp(net.values, name).shape.slice(batch ? 1 : 0) });
  const nodes: Record<string, number> = {};
  for (const { op } of net.steps) nodes[op] = (nodes[op] ?? 0) + 1;
  const kept = new Set(Object.values(definition.weights).flatMap(({ name, role }) => (role === "kept" ? [name] : [])));
  const isBuffer = (name: string) => kept.has(name) || /\.running_(mean|var)$/.test(name);
  const weights = [...state.keys()];
  return {
    network: new OnnxNetwork(definition),
    state,
    inputShape: inputShapeOf(definition, 1).slice(1),
    report: {
      opset: net.opset,
      producer: net.producer,
      inputs: net.inputs.map(describeValue),
      outputs: net.outputs.map((value, i) => ({ ...describeValue(value), name: net.outputNames[i] })),
      nodes,
      parameters: weights.filter((name) => !isBuffer(name)),
      constants: weights.filter(isBuffer),
    },
  };
}

/** Each output must be of each sample, and have a name of its own. */
function expectOutputs({ outputs, outputNames, values, isWhole }: Net, reading: Reading): void {
  if (outputs.length === 0) throw reading.error("outputs", "one or more", "none");
  outputs.forEach((output, i) => {
    const made = lookUp(values, output);
    const got = made.constant ? "a constant" : formatSizes(made.shape);
    const isOfSamples = isWhole || (!made.constant && made.shape[0] === BATCH);
    const name = describe(outputNames[i]);
    if (!isOfSamples || outputNames.indexOf(outputNames[i]) < i)
      throw reading.error(
        `output ${name}`,
        "a value of each sample, [n, …], once",
        isOfSamples ? "twice" : got,
        outputs.length > 1 ? "Pass { outputs } with the names of others" : undefined,
      );
  });
}

const schema = () =>
  ({
    inputShape: optional(checked("sizes of one sample", isSizes)),
    externalData: optional(checked("a function", (value): value is ExternalData => typeof value === "function")),
    inputs: optional(checked("tensors by name", isTensors)),
    outputs: optional(checked("names of values", isNames)),
    batch: flag(true),
    logits: flag(false),
    fileName: optional(text),
  }) satisfies Schema<ImportOptions>;

const isSizes = (value: unknown): value is readonly number[] => isSampleShape(value);
const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string");
const isTensors = (value: unknown): value is NonNullable<ImportOptions["inputs"]> => isRecord(value);

function constantOf(name: string, tensor: { data: ArrayLike<number>; shape: readonly number[] }): Constant {
  const refuse = (got: string) =>
    new ArgumentError(expectation("importOnnx", `input ${describe(name)}`, "{ data, shape }", got));
  const { data, shape } = readNumbers(tensor, refuse);
  if (!shape) throw refuse(describe(tensor));
  return { shape: [...shape], data: Float32Array.from({ length: data.length }, (_, i) => data[i] ?? 0), isFloat: true };
}

/** Records the network once, to find all nodes that there is no op for. */
function refuseUnsupported(definition: Definition, reading: Reading): void {
  const b = new Builder({ training: false });
  const found: UnsupportedNode[] = [];
  // Of two samples: with one, axes of size 1 would lie anywhere.
  const x = b.graph.value(inputShapeOf(definition, 2), "input");
  recordSteps(b, definition, x, ({ op, name }, reason) => found.push({ op, node: name, reason }));
  if (found.length > 0) throw unsupported(reading, "ops that the library has", found);
}
