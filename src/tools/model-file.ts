/** Files that the commands open, of whatever format: told by their bytes, not by their names. */
import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../core/thrown.js";
import { readPytorch } from "../faces/pytorch.js";
import type { QuantizedModel } from "../faces/quantize.js";
import { type LoadOptions, loadModel, type Model, readSafetensors, type StoredTensor } from "../hosts/default/index.js";
import { type LoadOnnxOptions, loadOnnx } from "../hosts/default/onnx.js";
import { checkRegular } from "../stores/regular.js";
import { readRegular, unreadable } from "./read-file.js";

export type Format = "safetensors" | "ONNX" | "PyTorch";

/** Metadata under which a saved model has its network, and a checkpoint the state of its trainer. */
const MODEL_KEY = "resnet-wasm";
const CHECKPOINT_KEY = "resnet-wasm-trainer";

export interface ModelFile {
  path: string;
  name: string;
  bytes: Uint8Array;
  format: Format;
}

const told = (path: string, expected: string, got: string): Error =>
  new Error(`${path}: file expected ${expected}, got ${got}`);

export async function openFile(path: string): Promise<ModelFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegular(path);
  } catch (cause) {
    throw Object.assign(told(path, "one that can be read", unreadable(cause)), { cause });
  }
  if (/^\s*<(!doctype|html)/i.test(String.fromCharCode(...bytes.subarray(0, 64))))
    throw told(path, "a model, weights or an ONNX network", "a page in place of the file");
  if (bytes.length === 0) throw told(path, "a model, weights or an ONNX network", "an empty one");
  return { path, name: basename(path), bytes, format: formatOf(bytes) };
}

/** A header's length and a brace; a zip archive or a pickle; else a protobuf message, which its reader will tell. */
function formatOf(bytes: Uint8Array): Format {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length > 8 && bytes[8] === 0x7b && view.getBigUint64(0, true) < BigInt(bytes.length)) return "safetensors";
  const isArchive = bytes.length > 4 && view.getUint32(0) === 0x504b0304;
  return isArchive || bytes[0] === 0x80 ? "PyTorch" : "ONNX";
}

export interface Weights {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
  kind: "saved model" | "saved model in eight bits" | "checkpoint" | "weights";
}

/** The tensors of a safetensors or PyTorch file. */
export function readWeights({ bytes, name, format }: ModelFile): Weights {
  if (format === "PyTorch") return { ...readPytorch(bytes, { fileName: name, integers: "round" }), kind: "weights" };
  const file = readSafetensors(bytes, { fileName: name, integers: "round" });
  const has = (key: string) => Object.hasOwn(file.metadata, key);
  if (has(MODEL_KEY)) return { ...file, kind: kindOfModel(file.metadata[MODEL_KEY]) };
  return { ...file, kind: has(CHECKPOINT_KEY) ? "checkpoint" : "weights" };
}

/** By the network's outermost layer. What is wrong with the text its loader says. */
function kindOfModel(text: string): Weights["kind"] {
  try {
    return JSON.parse(text).network.type === "Quantized" ? "saved model in eight bits" : "saved model";
  } catch {
    return "saved model";
  }
}

/** Weights beside an ONNX file, a part at a time. The importer lets no name lead out of the folder. */
const externalDataOf =
  ({ path }: ModelFile) =>
  (location: string, offset: number, length?: number) => {
    checkRegular(statSync(join(dirname(path), location)));
    const file = openSync(join(dirname(path), location), "r");
    try {
      const bytes = new Uint8Array(length ?? Math.max(0, fstatSync(file).size - offset));
      let read = 0;
      for (let got = -1; read < bytes.length && got !== 0; read += got)
        got = readSync(file, bytes, read, bytes.length - read, offset + read);
      return bytes.subarray(0, read);
    } finally {
      closeSync(file);
    }
  };

/** A model for predictions: what `openModel` opens, and saved networks in eight bits. */
export async function openPredictor(file: ModelFile, options: LoadOptions = {}): Promise<Model | QuantizedModel> {
  if (file.format === "ONNX" || readWeights(file).kind !== "saved model in eight bits") return openModel(file, options);
  const { loadModel } = await import("../hosts/default/quantize.js");
  return loadModel(file.bytes, options);
}

/** A model in float32 of a file with a network: a saved model, or ONNX. */
export async function openModel(file: ModelFile, options: LoadOptions & LoadOnnxOptions = {}): Promise<Model> {
  if (file.format === "ONNX")
    return loadOnnx(file.bytes, { ...options, fileName: file.name, externalData: externalDataOf(file) });
  const { kind } = readWeights(file);
  if (kind === "saved model in eight bits") throw told(file.path, "a network in float32", "one in eight bits");
  if (kind === "saved model") return loadModel(file.bytes, options);
  const got = kind === "weights" ? "weights alone" : "a trainer's checkpoint";
  const cure = "A program makes the network, model.loadStateDict takes weights, and model.save writes both";
  throw told(file.path, "a network", `${got}. ${cure}`);
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw Object.assign(new Error(`${path}: file expected a place that can be written, got ${messageOf(cause)}`), {
      cause,
    });
  }
}

/** `13.3 MB` */
export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const size = bytes / 1024 ** power;
  return `${size < 10 && power > 0 ? size.toFixed(1) : Math.round(size)} ${units[power]}`;
}
