/**
 * Reads what torch.save writes of a state dict: a zip archive with a pickle and the storages, or (before PyTorch 1.6)
 * one pickle after the other with the storages at the end. Nothing of the file is executed; what it costs is bounded by
 * its size.
 */
import { asBytes } from "../../core/bytes.js";
import { describe } from "../../core/errors.js";
import { optional, readOptions, type Schema, text } from "../../core/options.js";
import { dtypeSize } from "../dtypes.js";
import { refuseOther } from "../other-file.js";
import { type ReadOptions, readerSchema, type StoredTensor } from "../safetensors.js";
import { formatError, type Origin } from "../safetensors-header.js";
import { reading, readPickle } from "./pickle.js";
import { findState, valueAt } from "./state.js";
import { nameOf, type Storages, storageType, tensorReader } from "./tensors.js";
import { readArchive } from "./zip.js";

/** All that a file of `torch.save` holds of a state dict, in the form of `readSafetensors`. */
export interface PytorchFile {
  /** In the state dict's order. Tensors that are tied in the file are one object under two names. */
  tensors: Map<string, StoredTensor>;
  /** Numbers, strings and booleans beside the tensors, such as `epoch`, as text. Has no prototype. */
  metadata: Record<string, string>;
}

export interface ReadPytorchOptions extends ReadOptions {
  /**
   * Which entry of a checkpoint holds the state dict: "state_dict_ema". Default: the file itself if it holds tensors, else
   * the first there is of state_dict, model_state_dict, model, module, net, network, weights, params, ema, state_dict_ema,
   * model_ema, params_ema; else all tensors, by the path to them.
   */
  key?: string;
}

const schema = () => ({ ...readerSchema(), key: optional(text) }) satisfies Schema<ReadPytorchOptions>;

/**
 * Reads a state dict from a `.pt` or `.pth` file in memory: what `torch.save(model.state_dict(), file)` wrote, or a
 * checkpoint that holds one. Tensors may be of any float type, integers or booleans, of any strides.
 *
 * No code of the file is run and no class of it is made. TorchScript archives, whole modules, and quantised, sparse or complex
 * tensors are refused with a `FormatError` that says so. Tensors are float32 copies, of at most twice the file's size in all.
 *
 * @example
 * model.loadStateDict(readPytorch(readFileSync("resnet18.pth")).tensors);
 */
export function readPytorch(bytes: Uint8Array | ArrayBuffer, options?: ReadPytorchOptions): PytorchFile {
  const { fileName, integers: rule, key } = readOptions("readPytorch", options, schema);
  const origin: Origin = { where: "readPytorch", path: fileName };
  const file = asBytes("readPytorch", bytes);
  refuseOther(origin, file, "a state dict of torch.save", "torch.save");
  const { root, storages } = file[0] === 0x50 ? fromArchive(file, origin) : fromStream(file, origin);
  const { leaves, metadata } = findState(root, key, origin);
  const read = tensorReader(storages, file.length, origin, rule);
  return { tensors: new Map(leaves.map(([name, made]) => [name, read(name, made)])), metadata };
}

interface Contents {
  root: unknown;
  storages: Storages;
}

const refuse = (origin: Origin, got: string) => formatError(origin, "file", "a state dict of torch.save", got);
const BIG_ENDIAN = "a file of a big-endian machine";

/** `<name>/data.pkl`, `<name>/data/<key>` and, since 2.1, `<name>/byteorder`. */
function fromArchive(file: Uint8Array, origin: Origin): Contents {
  const { names, take } = readArchive(file, origin);
  const pickle = names.find((name) => /^[^/]+\/data\.pkl$/.test(name)) ?? "";
  const folder = pickle.slice(0, -"data.pkl".length);
  if (names.some((name) => name.startsWith(`${folder}code/`)))
    throw refuse(origin, "a TorchScript archive. Save torch.jit.load(file).state_dict()");
  const bytes = take(pickle);
  // "little" or "big"
  const order = take(`${folder}byteorder`) ?? [0x6c];
  if (order[0] !== 0x6c) throw refuse(origin, BIG_ENDIAN);
  if (!bytes) throw refuse(origin, `an archive of ${describe(names)}`);
  return { root: readPickle(reading(bytes, file, origin)), storages: (key) => take(`${folder}data/${key}`) };
}

const MAGIC = 0x1950a86a20f9469cfc6cn;

/** Pickles of a magic number, a protocol, the machine, the object and the storages' keys; then the storages. */
function fromStream(file: Uint8Array, origin: Origin): Contents {
  const pickles = reading(file, file, origin);
  // All pickles of protocol 2 and later begin with 0x80.
  if (file[0] !== 0x80 || readPickle(pickles) !== MAGIC)
    throw refuse(origin, "other bytes, such as pickle.dump writes");
  readPickle(pickles); // 1001, the protocol of all versions
  if (valueAt(readPickle(pickles), "little_endian") !== true) throw refuse(origin, BIG_ENDIAN);
  const root = readPickle(pickles);
  // A storage's length is in elements, whose type the pickle tells.
  const types = new Map<unknown, unknown>();
  for (const { id } of pickles.outside) if (Array.isArray(id)) types.set(id[2], id[1]);
  const keys = readPickle(pickles);
  let { at } = pickles;
  const storages = new Map<unknown, Uint8Array>();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (const key of Array.isArray(keys) ? keys : []) {
    const type = types.get(key);
    const dtype = storageType(type);
    const start = at + 8;
    if (!dtype || start > file.length)
      throw refuse(origin, `storage ${describe(key)} of ${nameOf(type) || "no class"}`);
    at = start + dtypeSize(dtype) * (view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32);
    if (at > file.length) throw refuse(origin, `${file.length} of ${at} bytes. Is the file cut off?`);
    storages.set(key, file.subarray(start, at));
  }
  return { root, storages: (key) => storages.get(key) };
}
