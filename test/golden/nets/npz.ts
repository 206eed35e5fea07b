// numpy's .npz: a zip of .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
import { inflateRawSync } from "node:zlib";

const CENTRAL_FILE = 0x02014b50;
const CENTRAL_END = 0x06054b50;

/** The arrays by name; numbers of `<f4`, `<f8`, `<i4` and `<i8` as float64. */
export function readNpz(bytes: Uint8Array): Map<string, Float64Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== CENTRAL_END) end--;
  if (end < 0) throw new Error("not a zip file");
  const arrays = new Map<string, Float64Array>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== CENTRAL_FILE) throw new Error("broken zip directory");
    const [method, size] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true)];
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const local = view.getUint32(at + 42, true);
    const path = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name));
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = bytes.subarray(start, start + size);
    arrays.set(path.replace(/\.npy$/, ""), readNpy(method === 0 ? content : inflateRawSync(content)));
    at += 46 + name + extra + comment;
  }
  return arrays;
}

function readNpy(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, start] = bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const kind = /'descr': '<([fi])([48])'/.exec(header);
  if (!kind || header.includes("'fortran_order': True")) throw new Error(`cannot read ${header}`);
  const width = Number(kind[2]);
  const from = start + length;
  return Float64Array.from({ length: (bytes.length - from) / width }, (_, i) => {
    const at = from + i * width;
    if (kind[1] === "f") return width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
    return width === 4 ? view.getInt32(at, true) : Number(view.getBigInt64(at, true));
  });
}
