/**
 * Reads what `model.save` writes in float32, and nothing else: a few lines, which every app with `loadModel` has. Other files,
 * and damaged ones, are for the reader in safetensors.ts, which takes or explains them and comes on demand.
 */
import { crc32 } from "../core/crc32.js";
import { isRecord } from "../core/options.js";
import { numel } from "../core/shape.js";
import { DIGEST_KEY, digestOf } from "./digest.js";
import { MAX_RANK, MAX_TENSORS } from "./limits.js";
import type { SafetensorsFile, StoredTensor } from "./safetensors.js";

/** Bytes of a header; JSON.parse takes some 50 times as many, whatever is in it. */
const MOST = 2 ** 21;

/** An entry as the writer writes it: these keys, in this order. */
interface OwnEntry {
  dtype: "F32";
  shape: number[];
  data_offsets: [begin: number, end: number];
}

const isSize = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31;

function isOwn(entry: unknown): entry is OwnEntry {
  if (!isRecord(entry) || Object.keys(entry).join() !== "dtype,shape,data_offsets") return false;
  const { dtype, shape, data_offsets: offsets } = entry;
  const lists = [shape, offsets].every((list) => Array.isArray(list) && list.length <= MAX_RANK && list.every(isSize));
  return dtype === "F32" && lists && Array.isArray(offsets) && offsets.length === 2;
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
    let at = start;
    for (const name of names) {
      const entry = entries[name];
      if (!isOwn(entry)) return undefined;
      const {
        shape,
        data_offsets: [begin, end],
      } = entry;
      if (start + begin !== at || end - begin !== 4 * numel(shape)) return undefined;
      at = start + end;
      if (at > file.length) return undefined;
      const data = new Float32Array((end - begin) / 4);
      new Uint8Array(data.buffer).set(file.subarray(start + begin, at)); // bytes, not numbers: any alignment, and NaN payloads stay
      tensors.set(name, { data, shape, dtype: "F32" });
    }
    if (at !== file.length) return undefined;
    const { [DIGEST_KEY]: digest } = found;
    delete found[DIGEST_KEY];
    const all = [...tensors].map(([name, { shape, data }]) => ({ name, dtype: "F32" as const, shape, data }));
    const sum = ({ data }: { data: Float32Array }) => crc32(new Uint8Array(data.buffer));
    if (verify && digest !== undefined && digestOf(found, all, sum) !== digest) return undefined;
    return { tensors, metadata: found };
  } catch {
    return undefined; // the reader that comes on demand says what is wrong
  }
}
