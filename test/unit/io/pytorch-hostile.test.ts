// Files made to deceive the reader: each is refused with a FormatError that says what and where, in bounded time and memory.
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/core/errors.js";
import { readPytorch } from "../../../src/io/pytorch/read.js";
import { fuzz } from "../../support/fuzz/fuzz.js";
import { pytorchTarget } from "../../support/fuzz/pytorch.js";
import {
  archive,
  call,
  concat,
  floats,
  type Item,
  pickle,
  raw,
  stream,
  tensor,
  zip,
} from "../../support/pytorch-files.js";

const one = (made: Item): Uint8Array => zip(archive({ dict: [["w", made]] }, { 0: floats(3, 4) }));
const pickled = (...parts: (string | number | Uint8Array)[]): Uint8Array =>
  zip(archive(concat(Uint8Array.of(0x80, 2), raw(...parts).raw), { 0: floats(3, 4) }));
/** A file with `bytes` at the last place where `pattern` stands. */
function patched(file: Uint8Array, pattern: number[], offset: number, bytes: number[]): Uint8Array {
  const copy = file.slice();
  let at = copy.length - pattern.length;
  while (!pattern.every((byte, i) => copy[at + i] === byte)) at--;
  copy.set(bytes, at + offset);
  return copy;
}
const valid = one(tensor());
const CENTRAL = [0x50, 0x4b, 1, 2];
const END = [0x50, 0x4b, 5, 6];
const many = (count: number): Item => ({
  dict: Array.from({ length: count }, (_, i): [Item, Item] => [
    `${i}`,
    tensor({ kind: "Byte", length: 8, shape: [7 + (i % 2)], offset: 0 }),
  ]),
});

describe("a hostile file", () => {
  it("is not this one", () => expect([...readPytorch(valid).tensors.get("w")!.data]).toEqual([3, 4]));

  // biome-ignore format: a table, one case a line
  const cases: [string, Uint8Array, string | RegExp][] = [
    ["empty", new Uint8Array(), "got other bytes"],
    ["of text", new TextEncoder().encode("hello, world; no weights here"), "file expected a state dict of torch.save, got other bytes"],
    ["cut in its directory", valid.subarray(0, valid.length - 1), "a directory, got none. Is the file cut off?"],
    ["without a pickle", zip([["archive/version", floats(1)]]), 'an archive of ["archive/version"]'],
    ["compressed", zip(archive({ dict: [["w", tensor()]] }, { 0: floats(3, 4) }), { method: 8 }), "compressed or encrypted"],
    ["with an entry twice", zip([...archive({ dict: [] }), ["archive/version", floats(1)]]), 'each entry once, got "archive/version" again'],
    ["with a changed weight", patched(valid, [0, 0, 0x40, 0x40], 3, [0x41]), 'checksum'],
    ["with an entry outside", patched(valid, CENTRAL, 42, [0xf0, 0xff, 0xff, 0x7f]), "entry 2 within the file, got its data at 2147483632"],
    ["with a directory outside", patched(valid, END, 16, [0xf0, 0xff, 0xff, 0x7f]), "entry 0 within the file, got its header at 2147483632"],
    ["with more entries than it has", patched(valid, END, 10, [9]), "entry 3 within the file"],
    ["of another byte order", zip(archive({ dict: [["w", tensor()]] }, { 0: floats(3, 4) }, { byteorder: "big" })), "big-endian"],
    ["whose pickle does not end", pickled("}"), "up to byte 3, expected 1 more bytes, got opcode 0x7d"],
    ["with an unknown opcode", pickled("\xff."), "an opcode of protocol 2 to 5, got opcode 0xc3"],
    ["of a text protocol", pickled("(dp0\n."), "an opcode of protocol 2 to 5, got opcode 0x64"],
    ["of a later protocol", zip(archive(Uint8Array.of(0x80, 6, 0x4e, 0x2e))), "protocol 2 to 5, got opcode 0x80"],
    ["that pops too much", pickled("0."), "1 values on the stack, got opcode 0x30"],
    ["that pops across a mark", pickled("N(0s."), "2 values on the stack, got opcode 0x73"],
    ["without a mark", pickled("t."), "a mark on the stack, got opcode 0x74"],
    ["that gets what it did not put", pickled("h\x05."), "a memo index that was put, got opcode 0x68"],
    ["that puts far away", pickled("}r", Uint8Array.of(0, 0, 0, 0x7f), "."), "a memo index next to the last, got opcode 0x72"],
    ["with a string longer than it", pickled("X", Uint8Array.of(0xff, 0xff, 0xff, 0x7f), "a."), "2147483647 more bytes"],
    ["with a string of 2^64 bytes", pickled(Uint8Array.of(0x8d, ...new Array(8).fill(255)), "."), "more bytes"],
    ["with a number of 2^31 digits", pickled(Uint8Array.of(0x8b, 255, 255, 255, 127), "."), "at most 1024 bytes, got opcode 0x8b"],
    ["that puts items into a list", pickled("](NNu."), "a list, or a dictionary and pairs, got opcode 0x75"],
    ["with odd items", pickled("}(Nu."), "a dictionary and pairs"],
    ["that appends to a number", pickled("K\x01K\x02a."), "a list, or a dictionary and pairs, got opcode 0x61"],
    ["with too many objects", pickled("}".repeat(2 ** 20), "."), "fewer steps and objects"],
    ["with too many steps", pickled("N0".repeat(2 ** 22), "."), "fewer steps and objects"],
    ["that calls what it likes", one(call("os", "system", ["echo"])), 'entry "w" expected a state dict, got a whole object of class os.system'],
    ["that calls in a tensor", one(call("torch._utils", "_rebuild_tensor_v2", [call("os", "system", ["echo"]), 0, [2], [1]])), 'tensor "w" expected a storage'],
    ["of an unknown way to rebuild", one(call("torch._utils", "_rebuild_wrapper_subclass", [])), "torch's _rebuild_wrapper_subclass"],
    ["of a parameter of a number", one(call("torch._utils", "_rebuild_parameter", [1])), "a tensor of numbers in memory"],
    ["without its storage", one(tensor({ key: "1" })), 'no storage "1"'],
    ["with a storage __proto__", one(tensor({ key: "__proto__" })), 'no storage "__proto__"'],
    ["of an unknown storage", one(tensor({ kind: "constructor" })), "floats, integers or booleans"],
    ["with a longer storage", one(tensor({ length: 3 })), "a storage of 8 bytes, got 3 elements of F32"],
    ["with a shorter storage", one(tensor({ length: 1 })), "a storage of 8 bytes"],
    ["larger than its storage", one(tensor({ shape: [3] })), "at most the 2 elements of its storage"],
    ["expanded", one(tensor({ shape: [1000], stride: [0] })), "at most the 2 elements"],
    ["beyond its storage by an offset", one(tensor({ offset: 1 })), "at most the 2 elements"],
    ["beyond its storage by strides", one(tensor({ stride: [2] })), "at most the 2 elements"],
    ["before its storage", one(tensor({ offset: -1 })), "an offset, sizes and as many strides"],
    ["with a negative stride", one(tensor({ stride: [-1], offset: 1 })), "an offset, sizes and as many strides"],
    ["with a negative size", one(tensor({ shape: [-2] })), "an offset, sizes and as many strides"],
    ["with strides missing", one(tensor({ shape: [1, 2] })), "an offset, sizes and as many strides"],
    ["with 65 dimensions", one(tensor({ shape: new Array(65).fill(1), stride: new Array(65).fill(0) })), "as many strides"],
    ["whose size wraps", one(tensor({ shape: [2 ** 32, 2 ** 32], stride: [0, 0] })), "at most the 2 elements"],
    ["whose size is no number", one(tensor({ shape: [2 ** 52, 2 ** 52, 0], stride: [1, 1, 1] })), "at most the 2 elements"],
    ["whose size is a name", one(tensor({ shape: ["x"] })), "an offset, sizes"],
    ["with a boolean of 3", zip(archive({ dict: [["w", tensor({ kind: "Bool" })]] }, { 0: Uint8Array.of(1, 3) })), "0 or 1, got 3"],
    ["that is larger in memory than twice itself", zip(archive({ dict: [["w", tensor({ kind: "Byte", length: 2 ** 20, shape: [2 ** 20] })]] }, { 0: new Uint8Array(2 ** 20) })), "tensors that are as float32 at most twice the file"],
    ["with a name twice", one({ dict: [["b", tensor()], ["b.c", tensor()], [1, tensor()], ["1", tensor()]] }), 'names expected at most 100000, each once, got "w.1" twice'],
    ["cut in a storage, in the old format", stream({ dict: [["w", tensor()]] }, [["0", 2, floats(3)]]), /got \d+ of \d+ bytes. Is the file cut off\?/],
    ["with a storage of no type, in the old format", stream({ dict: [["w", tensor()]] }, [["9", 2, floats(3, 4)]]), 'storage "9" of no class'],
    ["of another machine, in the old format", stream({ dict: [] }, [], { dict: [["little_endian", false]] }), "big-endian"],
  ];
  it.each(cases)("%s is refused", (_, file, message) => {
    const start = performance.now();
    const read = () => readPytorch(file, { fileName: "evil.pth" });
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^readPytorch: evil\.pth: /);
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  it("may tie a tensor thousands of times, but not twist one as often", () => {
    const tied = (count: number) => zip(archive(many(count), { 0: new Uint8Array(8) }));
    expect(readPytorch(tied(5000)).tensors.size).toBe(5000);
    const storages = { 0: new Uint8Array(2 ** 18) };
    const views = Array.from({ length: 200 }, (_, i): [Item, Item] => [
      `${i}`,
      tensor({ kind: "Byte", length: 2 ** 18, shape: [2 ** 18 - i], offset: i }),
    ]);
    expect(() => readPytorch(zip(archive({ dict: views }, storages)))).toThrow(
      "tensors that are as float32 at most twice the file",
    );
  });

  it("may hold itself", () => {
    // d = {}; d["d"] = d; d["w"] = tensor
    const file = pickled("}q\x00", bytesOf("d"), "h\x00s", bytesOf("w"), bytesOf(tensor()), "s.");
    expect([...readPytorch(file).tensors.keys()]).toEqual(["w"]);
  });

  it("may name tensors like members of Object, and metadata too", () => {
    const names = ["__proto__", "constructor", ""];
    const dict = names.map((name): [Item, Item] => [name, tensor()]);
    const file = zip(archive({ dict: [...dict, ["toString", "x"]] }, { 0: floats(3, 4) }));
    const { tensors, metadata } = readPytorch(file);
    expect([...tensors.keys()]).toEqual(names);
    expect(Object.entries(metadata)).toEqual([["toString", "x"]]);
  });
});

const folder = new URL("../../golden/pytorch/", import.meta.url);

function bytesOf(item: Item): Uint8Array {
  return pickle(item).slice(2, -1);
}

describe("3,000 mutated files", () => {
  it("are refused with a typed error or load, in time and memory", async () => {
    const { loaded, refused } = await fuzz(pytorchTarget(folder), 3000, 20261125);
    expect(loaded).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(1000);
  });
});
