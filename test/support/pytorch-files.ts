// Archives and pickles of torch.save by hand: well-formed ones that PyTorch 1.13 did not write yet, and hostile ones.
import { readFileSync } from "node:fs";

const folder = new URL("../golden/pytorch/", import.meta.url);
export const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));

export const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function fields(...values: [size: number, value: number][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of values) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

export interface ZipOptions {
  /** Sizes, offsets and counts in the 64-bit fields. */
  wide?: boolean;
  method?: number;
  comment?: string;
}

/** A stored zip archive. */
export function zip(entries: [name: string, data: Uint8Array][], options: ZipOptions = {}): Uint8Array {
  const { wide = false, method = 0, comment = "" } = options;
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, data] of entries) {
    const [text, checksum] = [utf8(name), checksumOf(data)];
    const local = fields([4, 0x04034b50], [2, 20], [2, 0], [2, method], [4, 0], [4, checksum]);
    const header = concat(local, fields([4, data.length], [4, data.length], [2, text.length], [2, 0]), text);
    const size = wide ? 0xffffffff : data.length;
    const extra = wide ? fields([2, 1], [2, 24], [8, data.length], [8, data.length], [8, at]) : new Uint8Array();
    directory.push(
      fields([4, 0x02014b50], [2, 20], [2, 20], [2, 0], [2, method], [4, 0], [4, checksum], [4, size], [4, size]),
      fields([2, text.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, wide ? 0xffffffff : at]),
      text,
      extra,
    );
    body.push(header, data);
    at += header.length + data.length;
  }
  const central = concat(...directory);
  const end64 = concat(
    fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, entries.length], [8, entries.length]),
    fields([8, central.length], [8, at]),
    fields([4, 0x07064b50], [4, 0], [8, at + central.length], [4, 1]),
  );
  const count = wide ? 0xffff : entries.length;
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, central.length]);
  const tail = fields([4, wide ? 0xffffffff : at], [2, comment.length]);
  return concat(...body, central, ...(wide ? [end64] : []), end, tail, utf8(comment));
}

/** `zlib.crc32` came with Node 22. */
function checksumOf(data: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < data.length; i++) {
    crc ^= data[i]!;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

export type Item = string | number | boolean | null | Item[] | { dict: [Item, Item][] } | { raw: Uint8Array };

export const raw = (...parts: (string | number | Uint8Array)[]): { raw: Uint8Array } => ({
  raw: concat(
    ...parts.map((part) =>
      typeof part === "number" ? Uint8Array.of(part) : typeof part === "string" ? utf8(part) : part,
    ),
  ),
});

/** A value as opcodes of protocol 2; arrays are tuples. */
export function opcodes(item: Item): Uint8Array {
  if (item === null) return utf8("N");
  if (typeof item === "boolean") return Uint8Array.of(item ? 0x88 : 0x89);
  if (typeof item === "string") return concat(utf8("X"), fields([4, utf8(item).length]), utf8(item));
  if (typeof item === "number") {
    const wide = new Uint8Array(new BigInt64Array([BigInt(item)]).buffer);
    return Number.isInteger(item) && Math.abs(item) < 2 ** 31
      ? concat(utf8("J"), fields([4, item >>> 0]))
      : concat(Uint8Array.of(0x8a, 8), wide);
  }
  if (Array.isArray(item)) return concat(utf8("("), ...item.map(opcodes), utf8("t"));
  if ("raw" in item) return item.raw;
  return concat(utf8("}("), ...item.dict.flat().map(opcodes), utf8("u"));
}

export const global = (module: string, name: string): Item => raw(`c${module}\n${name}\n`);
export const call = (module: string, name: string, args: Item[]): Item =>
  raw(opcodes(global(module, name)), opcodes(args), "R");
export const storage = (kind: string, key: string, length: Item, module = "torch"): Item =>
  raw(opcodes(["storage", global(module, `${kind}Storage`), key, "cpu", length]), "Q");

export interface TensorParts {
  kind?: string;
  key?: string;
  length?: Item;
  offset?: Item;
  shape?: Item;
  stride?: Item;
}

/** `torch._utils._rebuild_tensor_v2` on a storage. */
export function tensor({
  kind = "Float",
  key = "0",
  length = 2,
  offset = 0,
  shape = [2],
  stride = [1],
}: TensorParts = {}): Item {
  const args = [storage(kind, key, length), offset, shape, stride, false, call("collections", "OrderedDict", [])];
  return call("torch._utils", "_rebuild_tensor_v2", args);
}

export const pickle = (item: Item): Uint8Array => concat(Uint8Array.of(0x80, 2), opcodes(item), utf8("."));

/** An archive of one object and its storages. */
export function archive(
  item: Item | Uint8Array,
  storages: Record<string, Uint8Array> = {},
  more: Record<string, string> = {},
): [string, Uint8Array][] {
  return [
    ["archive/data.pkl", item instanceof Uint8Array ? item : pickle(item)],
    ...Object.entries(more).map(([name, text]): [string, Uint8Array] => [`archive/${name}`, utf8(text)]),
    ...Object.entries(storages).map(([key, data]): [string, Uint8Array] => [`archive/data/${key}`, data]),
    ["archive/version", utf8("3\n")],
  ];
}

export const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** The stream of before 1.6. */
export function stream(
  item: Item,
  storages: [key: string, elements: number, data: Uint8Array][],
  machine?: Item,
): Uint8Array {
  const magic = Uint8Array.of(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);
  return concat(
    pickle({ raw: magic }),
    pickle(1001),
    pickle(
      machine ?? {
        dict: [
          ["protocol_version", 1001],
          ["little_endian", true],
        ],
      },
    ),
    pickle(item),
    pickle(raw("]", "(", ...storages.map(([key]) => opcodes(key)), "e")),
    ...storages.flatMap(([, elements, data]) => [fields([8, elements]), data]),
  );
}

/** A state dict of float32 tensors, as torch.save writes it. */
export function stateDictFile(
  state: ReadonlyMap<string, { data: Float32Array; shape: readonly number[] }>,
): Uint8Array {
  const entries = [...state].map(([name, { data, shape }], i): [Item, Item] => {
    const stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    return [name, tensor({ key: `${i}`, length: data.length, shape: [...shape], stride })];
  });
  const storages = [...state.values()].map(({ data }, i) => [`${i}`, new Uint8Array(data.slice().buffer)]);
  return zip(archive({ dict: entries }, Object.fromEntries(storages)));
}
