/**
 * Reads what `model.save` writes in float32, and nothing else: a few lines, which every app with `loadModel` has. Other files,
 * and damaged ones, are for the reader in safetensors.ts, which takes or explains them and comes on demand.
 */
import { crc32 } from "../core/crc32.js";
import { isRecord } from "../core/options.js";
import { numel } from "../core/shape.js";
import { DIGEST_KEY, digestOf } from "./digest.js";
import { MAX_RANK, MAX_TENSORS } from "./limits.js";
import type { Dtype, SafetensorsFile, StoredTensor } from "./safetensors.js";

/** Bytes of a header; JSON.parse takes some 50 times as many, whatever is in it. */
const MOST = 2 ** 21;

/** An entry as `model.save` writes it: these keys, in this order. */
interface OwnEntry {
  /** Weights, and how many batches a BatchNorm has seen. */
  dtype: "F32" | "I64";
  shape: number[];
  data_offsets: [begin: number, end: number];
}

type Stored = { name: string; dtype: Dtype; shape: number[]; bytes: Uint8Array };

const isSize = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31;

function isOwn(entry: unknown): entry is OwnEntry {
  if (!isRecord(entry) || Object.keys(entry).join() !== "dtype,shape,data_offsets") return false;
  const { dtype, shape, data_offsets: offsets } = entry;
  const isList = (list: unknown): list is number[] =>
    Array.isArray(list) && list.length <= MAX_RANK && list.every(isSize);
  if (!isList(shape) || !isList(offsets)) return false;
  const bytes = dtype === "F32" ? 4 : dtype === "I64" && shape.length === 0 ? 8 : NaN;
  return offsets.length === 2 && offsets[1] - offsets[0] === bytes * numel(shape);
}

/** Undefined where the file is not exactly such a one, or its digest is that of another. */
export function readOwn(file: Uint8Array, verify: boolean): SafetensorsFile | undefined {
  try {
    const view = new DataView(file.buffer, file.byteOffset);
    const length = view.getUint32(0, true);
    if (length > MOST || view.getUint32(4, true) > 0) return undefined;
    const start = 8 + length;
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.subarray(8, start));
    const header: unknown = JSON.parse(text);
    // What is written again the same has each key once and integers in plain digits; halves of characters stay escaped.
    if (!isRecord(header) || JSON.stringify(header).padEnd(text.length) !== text || text.includes("\\ud"))
      return undefined;
    const { __metadata__: metadata = {}, ...entries } = header;
    const names = Object.keys(entries);
    if (!isRecord(metadata) || Math.max(names.length, Object.keys(metadata).length) > MAX_TENSORS) return undefined;
    const found: Record<string, string> = Object.create(null);
    for (const [key, value] of Object.entries(metadata)) {
      if (typeof value !== "string") return undefined;
      found[key] = value;
    }
    const tensors = new Map<string, StoredTensor>();
    const stored: Stored[] = [];
    // One copy of all, of which numbers are views: they stand at multiples of their size, and NaN payloads stay.
    const content = new Uint8Array(file.subarray(start));
    let at = 0;
    for (const name of names) {
      const entry = entries[name];
      if (!isOwn(entry) || entry.data_offsets[0] !== at) return undefined;
      const { dtype, shape, data_offsets } = entry;
      const bytes = content.subarray(at, data_offsets[1]);
      if (bytes.length !== data_offsets[1] - at) return undefined;
      const words = new Uint32Array(content.buffer, at, bytes.length / 4);
      const data = dtype === "F32" ? new Float32Array(content.buffer, at, words.length) : Float32Array.of(words[0]);
      if (dtype === "I64" && (data[0] !== words[0] || words[1] > 0)) return undefined;
      const tensor = { name, data, shape, dtype, bytes };
      tensors.set(name, tensor);
      stored.push(tensor);
      at += bytes.length;
    }
    if (at !== content.length) return undefined;
    const digest = found[DIGEST_KEY];
    delete found[DIGEST_KEY];
    const sum = ({ bytes }: Stored) => crc32(bytes);
    if (verify && digest !== undefined && digestOf(found, stored, sum) !== digest) return undefined;
    return { tensors, metadata: found };
  } catch {
    return undefined; // the reader that comes on demand says what is wrong
  }
}
