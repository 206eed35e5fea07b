/** `importOnnx`: a file's network as a layer, and its weights as a state dict. */

import { asBytes } from "../core/bytes.js";
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { checked, flag, isRecord, optional, readOptions, type Schema, text } from "../core/options.js";
import { numel } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { isSampleShape } from "../model/architecture.js";
import { registerLayer } from "../nn/registry.js";
import { Builder } from "../ops/builder.js";
import { BATCH_NORM, layerPath, nodePath } from "./emit.js";
import type { ModelProto } from "./messages.js";
import { atBatch, BATCH, formatSizes, type Net, type Step } from "./net.js";
import { OnnxNetwork, recordSteps } from "./network.js";
import { recognise, withoutFinal } from "./patterns.js";
import { Reading } from "./protobuf.js";
import { readModel } from "./read.js";
import { channelsLast, type Definition, type Weight } from "./recording.js";
import { simplify } from "./simplify.js";
import { type Constant, ConstantReader, type ExternalData } from "./tensor.js";

export interface ImportOptions {
  /** One sample's shape, channels last, where the file leaves sizes open or other ones are wanted. Default: the file's. */
  inputShape?: readonly number[];
  /** Gives the bytes of weights that lie in files of their own. Names never lead out of the network's folder. */
  externalData?: ExternalData;
  /** Tensors for further inputs of the graph, by name, in the file's order: they become parameters. */
  inputs?: Readonly<Record<string, { data: ArrayLike<number>; shape: readonly number[] }>>;
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
 * [n, h, w, channels] here, whatever the file has. Throws a `FormatError` that names every node for which there is no op.
 *
 * @example
 * const { network, state, inputShape } = importOnnx(readFileSync("resnet18.onnx"));
 * const model = await createModel(network, { inputShape });
 * model.loadStateDict(state);
 */
export function importOnnx(bytes: Uint8Array | ArrayBuffer, options?: ImportOptions): ImportedNetwork {
  const { inputShape, externalData, inputs, logits, fileName } = readOptions("importOnnx", options, schema);
  const file = asBytes("importOnnx", bytes);
  const reading = new Reading("importOnnx", file.length, fileName);
  const model = readModel(file, reading);
  const isChannelsLast = takesChannelsLast(model);
  const given = inputShape && (isChannelsLast ? [...inputShape] : toFile(inputShape));
  const bound = new Map(Object.entries(inputs ?? {}).map(([name, tensor]) => [name, constantOf(name, tensor)]));
  const constants = new ConstantReader(reading, file.length, externalData);
  const read = recognise(simplify(model, constants, reading, { inputShape: given, inputs: bound }));
  const net = logits ? withoutFinal(read) : read;
  if (net.outputs.length !== 1) throw reading.error("outputs", "one", describe(net.outputs));

  const [output] = net.outputs as [string];
  const made = net.values.get(output);
  if (made?.constant || made?.shape[0] !== BATCH)
    throw reading.error(
      `output ${describe(output)}`,
      "a value of each sample, [n, …]",
      made?.constant ? "a constant" : formatSizes(made?.shape ?? []),
    );
  const definition = define(net, isChannelsLast);
  const sizes = definition.shapes[definition.input].map((size) => atBatch(size, 1));
  const order = isChannelsLast ? sizes.map((_, i) => i) : channelsLast(sizes.length);
  const sample = order.map((axis) => sizes[axis]).slice(1);
  // Of two samples: with one, axes of size 1 would lie anywhere.
  refuseUnsupported(definition, [2, ...sample], reading);
  registerLayer("OnnxNetwork", OnnxNetwork as never);
  const state = stateOf(net, definition);
  const describeValue = (name: string) => ({ name, shape: definition.shapes[name].slice(1) });
  const nodes: Record<string, number> = {};
  for (const { op } of net.steps) nodes[op] = (nodes[op] ?? 0) + 1;
  const isBuffer = (name: string) => /\.running_(mean|var)$/.test(name);
  const names = [...state.keys()];
  return {
    network: new OnnxNetwork(definition),
    state,
    inputShape: sample,
    report: {
      opset: net.opset,
      producer: net.producer,
      inputs: net.inputs.map(describeValue),
      outputs: net.outputs.map(describeValue),
      nodes,
      parameters: names.filter((name) => !isBuffer(name)),
      constants: names.filter(isBuffer),
    },
  };
}

const schema = () =>
  ({
    inputShape: optional(checked("sizes of one sample", isSizes)),
    externalData: optional(checked("a function", (value): value is ExternalData => typeof value === "function")),
    inputs: optional(checked("tensors by name", isTensors)),
    logits: flag(false),
    fileName: optional(text),
  }) satisfies Schema<ImportOptions>;

const isSizes = (value: unknown): value is readonly number[] => isSampleShape(value);
const isTensors = (value: unknown): value is NonNullable<ImportOptions["inputs"]> => isRecord(value);

function constantOf(name: string, { data, shape }: { data: ArrayLike<number>; shape: readonly number[] }): Constant {
  if (data?.length !== numel(shape))
    throw new ArgumentError(
      expectation("importOnnx", `input ${describe(name)}`, `${numel(shape)} numbers`, data?.length),
    );
  return { shape: [...shape], data: Float32Array.from(data), isFloat: true };
}

/** [h, w, c] → [c, h, w] */
const toFile = (sample: readonly number[]): number[] =>
  sample.length < 2 ? [...sample] : [...sample.slice(-1), ...sample.slice(0, -1)];

/** Whether all that is done to the first input is to bring its channels to the front. */
function takesChannelsLast({ graph }: ModelProto): boolean {
  const weights = new Set(graph?.initializer?.map(({ name }) => name));
  const input = graph?.input?.find(({ name }) => !weights.has(name))?.name ?? "";
  const readers = graph?.node?.filter((node) => node.input?.includes(input)) ?? [];
  const isToFront = (perm: number[]) => perm.join() === "0,3,1,2" || perm.join() === "0,2,1";
  const isTurned = readers.every(
    ({ opType, attribute }) =>
      opType === "Transpose" && isToFront(Array.from(attribute?.find(({ name }) => name === "perm")?.ints ?? [])),
  );
  return readers.length > 0 && isTurned;
}

/** Which weights the steps read, and how the state dict has them. */
function define(net: Net, isChannelsLast: boolean): Definition {
  const weights: Record<string, Weight> = Object.create(null);
  const used = new Map<string, string>();
  const declare = (name: string | undefined, weight: Omit<Weight, "name">) => {
    if (name && net.values.get(name)?.constant && !weights[name]) {
      // "onnx::Conv_193" is as good a name as any, a slash is not: it would stand in paths.
      const label = nodePath(name);
      const taken = used.has(label);
      used.set(label, name);
      weights[name] = { name: taken ? `${label}_${used.size}` : label, ...weight };
    }
  };
  const vector = (name: string | undefined, size: number, factor?: number) => {
    const shape = name ? net.values.get(name)?.shape : undefined;
    if (shape && numel(shape) === size)
      declare(name, {
        shape: [numel(shape)],
        role: "vector",
        ...(factor === undefined || factor === 1 ? {} : { factor }),
      });
  };
  for (const step of net.steps) {
    const [, w, bias] = step.inputs;
    const shape = w ? (net.values.get(w)?.shape ?? []) : [];
    if (step.op === "conv" && shape.length < 5) {
      declare(w, { shape, role: "conv" });
      vector(bias, shape[0]);
    } else if (step.op === "linear" || step.op === "gemm") {
      const isTransposed = step.op === "linear" || !step.attributes["transB"];
      const { alpha = 1, beta = 1 } = step.attributes as { alpha?: number; beta?: number };
      const factor = alpha === 1 ? {} : { factor: alpha };
      declare(w, {
        shape: isTransposed ? [...shape].reverse() : shape,
        role: "linear",
        ...(isTransposed ? { isTransposed } : {}),
        ...factor,
      });
      vector(bias, shape[isTransposed ? 1 : 0], beta);
    } else if (step.op === "mul") {
      const name = step.inputs.find((input) => net.values.get(input)?.constant);
      const channels = name ? (net.values.get(name)?.shape ?? []).filter((size) => size !== 1) : [];
      // A number for each channel, as LayerScale has.
      if (channels.length === 1) declare(name, { shape: [channels[0], 1, 1, 1], role: "conv" });
    } else if (["layerNorm", "groupNorm", "instanceNorm"].includes(step.op)) {
      const x = lookUp(net.values, step.inputs[0]).shape;
      for (const name of step.inputs.slice(1)) vector(name, step.op === "layerNorm" ? x[x.length - 1] : x[1]);
    }
  }
  const kept = new Set([...net.inputs, ...net.steps.flatMap(({ outputs }) => outputs)]);
  const shapes = Object.fromEntries(
    [...net.values].flatMap(([name, { shape }]) => (kept.has(name) ? [[name, shape]] : [])),
  );
  return { input: net.inputs[0], output: net.outputs[0], isChannelsLast, steps: net.steps, shapes, weights };
}

/** Records the network once, to find all nodes that there is no op for. */
function refuseUnsupported(definition: Definition, shape: number[], reading: Reading): void {
  const b = new Builder({ training: false });
  const found: string[] = [];
  const x = b.graph.value(shape, "input");
  recordSteps(b, definition, x, (step: Step, reason) => {
    found.push(`${step.op} (node ${describe(step.name)}${reason ? `: ${reason}` : ""})`);
  });
  if (found.length === 0) return;
  const more = found.length > 20 ? ` and ${found.length - 20} more` : "";
  throw reading.error("nodes", "ops that the library has", found.slice(0, 20).join(", ") + more);
}

function stateOf(net: Net, definition: Definition): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  const weights = new Map([...net.values].flatMap(([name, { constant }]) => (constant ? [[name, constant.data]] : [])));
  const data = (name: string) => lookUp(weights, name);
  for (const [key, { name, shape, isTransposed, factor = 1 }] of Object.entries(definition.weights)) {
    const from = data(key);
    const to = Float32Array.from(from);
    const [out, into] = shape as [number, number];
    if (isTransposed) for (let i = 0; i < out; i++) for (let j = 0; j < into; j++) to[i * into + j] = from[j * out + i];
    if (factor !== 1) for (let i = 0; i < to.length; i++) to[i] *= factor;
    state.set(name, { data: to, shape });
  }
  for (const step of net.steps)
    if (step.op === "batchNorm")
      for (const [i, suffix] of BATCH_NORM.entries()) {
        const values = data(step.inputs[i + 1]);
        state.set(layerPath(step, BATCH_NORM) + suffix, { data: Float32Array.from(values), shape: [values.length] });
      }
  return state;
}
