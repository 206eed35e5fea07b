/** `resnet-wasm info`: what is in a file. */
import process from "node:process";
import { messageOf } from "../../core/thrown.js";
import type { StoredTensor } from "../../hosts/default/index.js";
import { inspectOnnx, UnsupportedOpError } from "../../hosts/default/onnx.js";
import type { Layer } from "../../nn/layer.js";
import type { Quantized } from "../../quantize/layer.js";
import { isInteger } from "../../quantize/precision.js";
import { type Command, columns } from "../command.js";
import { formatBytes, type ModelFile, openFile, openPredictor, readWeights } from "../model-file.js";

interface TensorInfo {
  name: string;
  dtype: string;
  shape: readonly number[];
}

/** What is told of a file, as JSON has it. */
interface FileInfo {
  file: string;
  format: string;
  kind: string;
  bytes: number;
  /** ONNX's opset and the program that wrote the file. */
  opset?: number;
  producer?: string;
  inputs?: { name: string; shape: readonly (number | string)[] }[];
  outputs?: { name: string; shape: readonly (number | string)[] }[];
  /** Nodes by op. */
  nodes?: Record<string, number>;
  /** Of a network that runs here: one sample's shapes, channels last. */
  inputShape?: readonly number[];
  outputShape?: readonly number[] | Readonly<Record<string, readonly number[]>>;
  layers?: string;
  /** Why an ONNX network does not run here, and the nodes for which there is no op. */
  runs?: boolean;
  refused?: string;
  unsupported?: readonly { op: string; node: string; reason: string }[];
  classNames?: readonly string[] | undefined;
  transform?: unknown;
  metadata?: Record<string, string>;
  /** Numbers in all tensors. */
  parameters: number;
  tensors: TensorInfo[];
}

const numel = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const info: Command = {
  arguments: "<file>",
  count: [1, 1],
  about: `Tells what is in a safetensors, ONNX or PyTorch file: which network, shapes, sizes, tensors, and of an ONNX network whether
    it runs here, with all nodes that keep it from doing so.`,
  options: {
    json: { about: "print it as JSON" },
    layers: { about: "print the table of the network's layers too" },
    tensors: { about: "print all tensors; without, at most 20" },
  },
  codes:
    "0 when the file could be read, whether its network runs here or not; 1 when it could not; 2 on wrong arguments.",
  async run(given) {
    const file = await openFile(given.arguments[0]);
    const found = file.format === "ONNX" ? await ofOnnx(file) : await ofWeights(file);
    if (given.flag("json")) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    else {
      process.stdout.write(format(found, given.flag("tensors")));
      if (given.flag("layers") && found.layers) process.stdout.write(`\n${found.layers}\n`);
    }
    return 0;
  },
};

/** What a model of the file says, if there can be one. */
async function ofModel(file: ModelFile) {
  const model = await openPredictor(file, { threads: 1 });
  const { inputShape, outputShape, outputShapes, classNames, transform } = model;
  const layers = "summary" in model ? model.summary() : precisionsOf(model.network);
  model.dispose();
  return { inputShape, outputShape: outputShapes ?? outputShape, classNames, transform, layers };
}

/** How each product of a network in eight bits is computed. */
function precisionsOf(network: Layer): string {
  const { precisions } = network as Quantized; // a class of the package, of which this program has no copy
  return `${columns(Object.entries(precisions).map(([name, each]) => [name, isInteger(each) ? "int8" : "float32"]))}\n`;
}

async function ofOnnx(file: ModelFile): Promise<FileInfo> {
  const { tensors, ...said } = inspectOnnx(file.bytes, { fileName: file.name });
  const found = {
    ...{ file: file.path, format: file.format, kind: "network", bytes: file.bytes.length },
    ...said,
    parameters: tensors.filter(({ dtype }) => /^B?F/.test(dtype)).reduce((sum, { shape }) => sum + numel(shape), 0),
    tensors: tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
  };
  try {
    return { ...found, runs: true, ...(await ofModel(file)) };
  } catch (error) {
    const unsupported = error instanceof UnsupportedOpError ? { unsupported: error.nodes } : {};
    return { ...found, runs: false, refused: messageOf(error), ...unsupported };
  }
}

async function ofWeights(file: ModelFile): Promise<FileInfo> {
  const { tensors, metadata, kind } = readWeights(file);
  const list = [...tensors].map(([name, { dtype, shape }]: [string, StoredTensor]) => ({ name, dtype, shape }));
  const model = kind.startsWith("saved model") ? await ofModel(file) : { metadata };
  return {
    ...{ file: file.path, format: file.format, kind, bytes: file.bytes.length, ...model },
    parameters: list.reduce((sum, { shape }) => sum + numel(shape), 0),
    tensors: list,
  };
}

const shapeOf = (shape: readonly (number | string)[]): string => `[${shape.join(", ")}]`;
const samples = (shape: FileInfo["outputShape"]): string =>
  Object.entries(shape ?? {}).every(([, size]) => typeof size === "number")
    ? shapeOf(["n", ...(shape as readonly number[])])
    : Object.entries(shape as Readonly<Record<string, readonly number[]>>)
        .map(([name, sizes]) => `${name} ${shapeOf(["n", ...sizes])}`)
        .join(", ");

/** `12 F32, 3 I64` */
function count(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, times]) => `${times} ${name}`).join(", ");
}

function format(found: FileInfo, allTensors: boolean): string {
  const { tensors, nodes, inputs, outputs, classNames, transform, metadata } = found;
  const rows: [string, string][] = [["file", `${found.format}, ${found.kind}, ${formatBytes(found.bytes)}`]];
  const row = (name: string, value: string | undefined | false) => value && rows.push([name, value]);
  row("opset", found.opset !== undefined && `${found.opset}${found.producer ? `, by ${found.producer}` : ""}`);
  for (const { name, shape } of inputs ?? []) row("input", `${name} ${shapeOf(shape)}`);
  for (const { name, shape } of outputs ?? []) row("output", `${name} ${shapeOf(shape)}`);
  row(
    "nodes",
    nodes &&
      Object.entries(nodes)
        .map(([op, times]) => `${times} ${op}`)
        .join(", "),
  );
  row("takes", found.inputShape && `${shapeOf(["n", ...found.inputShape])}, channels last`);
  row("gives", found.outputShape && samples(found.outputShape));
  row(
    "classes",
    classNames && `${classNames.length}: ${classNames.slice(0, 5).join(", ")}${classNames.length > 5 ? ", …" : ""}`,
  );
  row("transform", transform !== undefined && transform !== null && JSON.stringify(transform).slice(0, 300));
  for (const [key, value] of Object.entries(metadata ?? {})) row(key, value.slice(0, 200));
  const numbers = found.parameters.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  row("tensors", `${tensors.length} (${count(tensors.map(({ dtype }) => dtype))}), ${numbers} numbers`);
  if (found.runs !== undefined)
    row("runs here", found.runs ? "yes" : found.unsupported ? "no, for want of ops:" : `no: ${found.refused}`);
  for (const { op, node, reason } of found.unsupported ?? [])
    rows.push(["", `${op} (node ${JSON.stringify(node)})${reason && `: ${reason}`}`]);
  const shown = allTensors ? tensors : tensors.slice(0, 20);
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, dtype, shape }) => `  ${name.padEnd(width)}  ${dtype.padEnd(4)}  ${shapeOf(shape)}`);
  const more = tensors.length > shown.length ? [`  … ${tensors.length - shown.length} more: --tensors`] : [];
  return `${found.file}\n${columns(rows)}\n${[...lines, ...more].map((line) => `${line}\n`).join("")}`;
}
