/** Tensors of torch.save: a call of torch._utils._rebuild_… on a storage, an offset, sizes and strides. */
import { describe } from "../../core/errors.js";
import { type Dtype, dtypeSize, type IntegerRule, readElements } from "../dtypes.js";
import { MAX_RANK } from "../limits.js";
import type { StoredTensor } from "../safetensors.js";
import { formatError, type Origin } from "../safetensors-header.js";
import { Global, Made, PersistentId } from "./pickle.js";

/** Types by the classes of their storages. */
const STORAGES = new Map<string, Dtype>([
  ["Float", "F32"],
  ["Double", "F64"],
  ["Half", "F16"],
  ["BFloat16", "BF16"],
  ["Long", "I64"],
  ["Int", "I32"],
  ["Short", "I16"],
  ["Char", "I8"],
  ["Byte", "U8"],
  ["Bool", "BOOL"],
]);

/** The name of a class or function; empty for all else. */
export const nameOf = (value: unknown): string => (value instanceof Global ? value.name : "");

/** The type of a storage, whose class is torch.FloatStorage or torch.cuda.FloatStorage and so on. */
export const storageType = (storage: unknown): Dtype | undefined =>
  STORAGES.get(nameOf(storage).replace(/^torch\.(cuda\.)?(\w+)Storage$/, "$2"));

const REBUILD = /^torch\._(utils|tensor)\._rebuild_/;

/** Whether a value of a pickle stands for a tensor. */
export const isTensor = (value: unknown): value is Made & { args: unknown[] } =>
  value instanceof Made && Array.isArray(value.args) && REBUILD.test(nameOf(value.callee));

/** A storage's bytes, by its key. */
export type Storages = (key: string) => Uint8Array | undefined;

/** Returns a function that makes the tensors of one file: tied ones are one, and all take at most twice the file's bytes. */
export function tensorReader(storages: Storages, fileSize: number, origin: Origin, rule: IntegerRule) {
  const made = new Map<string, StoredTensor>();
  let room = Math.max(2 * fileSize, 2 ** 20);
  return (name: string, value: Made): StoredTensor => {
    const fail = (expected: string, got: unknown) => formatError(origin, `tensor ${describe(name)}`, expected, got);
    // A subclass of a parameter is the deepest there is.
    const call = unwrap(unwrap(value));
    const kind = isTensor(call) && nameOf(call.callee).replace(REBUILD, "");
    if (!kind || !/^tensor(_v2)?$/.test(kind))
      throw fail(
        "a tensor of numbers in memory",
        kind === "qtensor" ? "a quantised tensor" : `torch's _rebuild_${kind}`,
      );
    const [stored, offset, shape, stride] = call.args;
    // "storage", its class, key, device, number of elements
    const id = stored instanceof PersistentId ? stored.id : null;
    if (!Array.isArray(id) || typeof id[2] !== "string") throw fail("a storage", describe(stored));
    const dtype = storageType(id[1]);
    if (!dtype) throw fail("floats, integers or booleans", nameOf(id[1]));
    const bytes = storages(id[2]);
    if (!bytes) throw fail("its storage in the file", `no storage ${describe(id[2])}`);
    const size = dtypeSize(dtype);
    const length = bytes.length / size;
    // Before 0.4, a storage could be a part of the one in the file: its key, offset and length.
    const [, base, elements] = Array.isArray(id[5]) ? id[5] : [0, 0, length];
    if (id[4] !== length || !isSizes([base, elements]) || base + elements > length)
      throw fail(`a storage of ${bytes.length} bytes`, `${describe(id[4])} elements of ${dtype}`);
    if (!isSizes(shape) || !isSizes(stride) || !isSizes([offset]) || shape.length !== stride.length)
      throw fail("an offset, sizes and as many strides", describe([offset, shape, stride]));
    let count = 1;
    let last = offset as number;
    let isWild = false;
    shape.forEach((dimension, i) => {
      count *= dimension;
      last += (dimension - 1) * stride[i];
      isWild ||= count > Number.MAX_SAFE_INTEGER;
    });
    if (isWild || count > elements || (count && last >= elements))
      throw fail(`at most the ${elements} elements of its storage`, `${describe(shape)}, expanded or cut off`);

    const key = [bytes.byteOffset, dtype, base, offset, shape, stride].join(";");
    let tensor = made.get(key);
    if (tensor) return tensor;
    if ((room -= 4 * count) < 0) throw fail("tensors that are as float32 at most twice the file", "more");
    tensor = { data: new Float32Array(count), shape, dtype };
    made.set(key, tensor);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const source = { ...origin, name, rule };
    gather(tensor, stride, (from, out) =>
      readElements(dtype, view, size * (base + (offset as number) + from), out, source),
    );
    return tensor;
  };
}

/** A parameter is a call on the call that makes its tensor; a subclass, on the function and its arguments. */
function unwrap(made: unknown): unknown {
  if (!isTensor(made)) return made;
  const kind = nameOf(made.callee).replace(REBUILD, "");
  return /^parameter/.test(kind) ? made.args[0] : kind === "from_type_v2" ? new Made(made.args[0], made.args[2]) : made;
}

/** Reads elements that lie together, as many as `out` has. */
type Convert = (from: number, out: Float32Array) => void;

/** Copies a tensor in the order of its storage, so that runs of elements that lie together are converted together. */
function gather({ data, shape }: StoredTensor, stride: number[], convert: Convert): void {
  let into = data.length;
  const axes = shape
    .map((length, i) => ({ length, from: stride[i], to: (into /= length) }))
    .filter(({ length }) => length !== 1)
    .sort((a, b) => b.from - a.from || b.to - a.to);
  if (!data.length) return;
  if (axes.every(({ from, to }) => from === to)) {
    convert(0, data);
    return;
  }
  const last = axes[axes.length - 1];
  const run = last.from === 1 ? last : { length: 1, to: 1 };
  if (run === last) axes.pop();
  const row = new Float32Array(run.length);
  const walk = (axis: number, from: number, to: number): void => {
    const step = axes[axis];
    if (step) for (let i = 0; i < step.length; i++) walk(axis + 1, from + i * step.from, to + i * step.to);
    else {
      convert(from, row);
      for (let i = 0; i < run.length; i++) data[to + i * run.to] = row[i];
    }
  };
  walk(0, 0, 0);
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_RANK && value.every((size) => Number.isSafeInteger(size) && size >= 0);
