// Files that PyTorch wrote, against the values it says they hold (test/golden/generate/pytorch_files.py).
import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError } from "../../../src/core/errors.js";
import { readPytorch } from "../../../src/io/pytorch/read.js";
import { huggingFaceResNet, timmResNet } from "../../../src/io/pytorch/rename.js";
import { readSafetensors } from "../../../src/io/safetensors.js";
import { writeSafetensors } from "../../../src/io/safetensors-writer.js";
import {
  archive,
  call,
  floats,
  global,
  golden,
  pickle,
  raw,
  storage,
  stream,
  tensor,
  zip,
} from "../../support/pytorch-files.js";
import { toBits } from "./files.js";

interface Expected {
  metadata: Record<string, string>;
  tensors: Record<string, { dtype: string; shape: number[]; bits: number[] }>;
}

const expected: Record<string, Expected> = JSON.parse(new TextDecoder().decode(golden("expected.json")));

describe("readPytorch", () => {
  it.each(Object.keys(expected))("reads %s as PyTorch does", (name) => {
    const { tensors, metadata } = readPytorch(golden(name), { integers: "round" });
    expect({ ...metadata }).toEqual(expected[name]!.metadata);
    const read = [...tensors].map(([key, { dtype, shape, data }]) => [key, { dtype, shape, bits: toBits(data) }]);
    expect(Object.fromEntries(read)).toEqual(expected[name]!.tensors);
    expect(read.map(([key]) => key)).toEqual(Object.keys(expected[name]!.tensors));
  });

  it("takes an ArrayBuffer, and a part of a larger buffer at any byte", () => {
    const file = golden("views.pth");
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    const names = [...readPytorch(file).tensors.keys()];
    expect([...readPytorch(file.buffer as ArrayBuffer).tensors.keys()]).toEqual(names);
    const { tensors } = readPytorch(shifted.subarray(3));
    expect(toBits(tensors.get("flat")!.data)).toEqual(expected["views.pth"]!.tensors["flat"]!.bits);
  });

  it("gives tied tensors as one, and other views of their storage apart", () => {
    for (const name of ["views.pth", "views-legacy.pth"]) {
      const { tensors } = readPytorch(golden(name));
      expect(tensors.get("twin")!.data).toBe(tensors.get("tied")!.data);
      expect(tensors.get("transposed")!.data).not.toBe(tensors.get("tied")!.data);
    }
  });

  it("refuses integers beyond float32 unless they may be rounded, as readSafetensors does", () => {
    const long = new Uint8Array(BigInt64Array.of(1n, 2n ** 24n + 1n).buffer);
    const file = zip(archive({ dict: [["n", tensor({ kind: "Long" })]] }, { 0: long }));
    expect(() => readPytorch(file)).toThrow(
      /tensor "n" element 1 \(I64\) expected integers that float32 holds exactly/,
    );
    expect([...readPytorch(file, { integers: "round" }).tensors.get("n")!.data]).toEqual([1, 2 ** 24]);
  });

  it("takes the entry that is asked for", () => {
    const ema = readPytorch(golden("nested.pth"), { key: "ema" }).tensors;
    const model = readPytorch(golden("nested.pth")).tensors;
    expect([...ema.keys()]).toEqual([...model.keys()]);
    expect(ema.get("fc.bias")!.data[0]).toBe(Math.fround(model.get("fc.bias")!.data[0]! + 1));
    const all = readPytorch(golden("checkpoint.pth"), { key: "optimizer" }).tensors;
    expect([...all.keys()][0]).toBe("state.0.momentum_buffer");
    const wrong = () => readPytorch(golden("nested.pth"), { key: "teacher" });
    expect(wrong).toThrow(ArgumentError);
    expect(wrong).toThrow('key expected ["model", "ema", "lr"], got teacher');
    expect(() => readPytorch(golden("nested.pth"), { key: "lr" })).toThrow('entry "lr" expected a state dict, got 0.5');
  });

  it("gives what writeSafetensors takes", () => {
    const { tensors, metadata } = readPytorch(golden("checkpoint.pth"));
    const again = readSafetensors(writeSafetensors(tensors, { metadata }));
    expect(again.metadata).toEqual(metadata);
    expect(toBits(again.tensors.get("module.fc.weight")!.data)).toEqual(
      expected["checkpoint.pth"]!.tensors["module.fc.weight"]!.bits,
    );
  });

  it("reads what PyTorch 2 writes: its byte order and records about alignment", () => {
    const more = {
      byteorder: "little",
      ".format_version": "1",
      ".storage_alignment": "64",
      ".data/serialization_id": "0",
    };
    const file = zip(archive({ dict: [["w", tensor()]] }, { 0: floats(3, 4) }, more));
    expect([...readPytorch(file).tensors.get("w")!.data]).toEqual([3, 4]);
  });

  it("reads archives with zip64 fields, and with a comment", () => {
    const entries = archive({ dict: [["w", tensor()]] }, { 0: floats(3, 4) });
    for (const options of [{ wide: true }, { comment: "PK\x05\x06 a comment" }])
      expect(readPytorch(zip(entries, options)).tensors.get("w")!.data).toEqual(Float32Array.of(3, 4));
  });

  it("reads parameters, subclasses of tensors, and OrderedDicts of Python 2", () => {
    const parameter = call("torch._utils", "_rebuild_parameter", [
      tensor(),
      true,
      call("collections", "OrderedDict", []),
    ]);
    const rebuild = global("torch._utils", "_rebuild_tensor_v2");
    const parts = [storage("Float", "0", 2), 0, [2], [1], false, call("collections", "OrderedDict", [])];
    const subclass = call("torch._tensor", "_rebuild_from_type_v2", [
      rebuild,
      global("mine", "Tensor"),
      parts,
      { dict: [] },
    ]);
    const root = call("collections", "OrderedDict", [
      raw("]((", opcode("p"), bytesOf(parameter), "t(", opcode("s"), bytesOf(subclass), "te"),
    ]);
    for (const file of [zip(archive(root, { 0: floats(1, 2) })), stream(root, [["0", 2, floats(1, 2)]])]) {
      const { tensors } = readPytorch(file);
      expect([...tensors].map(([name, { data }]) => [name, [...data]])).toEqual([
        ["p", [1, 2]],
        ["s", [1, 2]],
      ]);
    }
  });

  it("reads views of storages, as PyTorch before 0.4 wrote them", () => {
    const id = raw(bytesOf(["storage", global("torch", "FloatStorage"), "7", "cpu", 4, ["8", 1, 3]]), "Q");
    const made = call("torch._utils", "_rebuild_tensor", [id, 1, [2], [1]]);
    const file = stream({ dict: [["w", made]] }, [["7", 4, floats(0, 1, 2, 3)]]);
    expect([...readPytorch(file).tensors.get("w")!.data]).toEqual([2, 3]);
  });
});

const bytesOf = (item: Parameters<typeof pickle>[0]): Uint8Array => pickle(item).slice(2, -1);
const opcode = bytesOf;

describe("what is no state dict", () => {
  it.each([
    ["module.pth", "file expected a state dict, got a whole object of class __main__.Net. Save its state_dict()"],
    ["module-legacy.pth", 'entry "model" expected a state dict, got a whole object of class __main__.Net'],
    ["script.pth", "got a TorchScript archive. Save torch.jit.load(file).state_dict()"],
    ["quantised.pth", 'tensor "q" expected a tensor of numbers in memory, got a quantised tensor'],
    ["sparse.pth", 'tensor "s" expected a tensor of numbers in memory, got torch\'s _rebuild_sparse_tensor'],
    ["complex.pth", 'tensor "c" expected floats, integers or booleans, got torch.ComplexFloatStorage'],
    ["expanded.pth", 'tensor "e" expected at most the 1 elements of its storage, got [1000], expanded or cut off'],
    ["tensor.pth", "file expected a state dict, got a tensor"],
    ["dump.pth", "got other bytes, such as pickle.dump writes"],
  ])("%s is refused by name", (name, message) => {
    const read = () => readPytorch(golden(name), { fileName: name });
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^readPytorch: [\w-]+\.pth: /);
  });

  it("is no argument: bytes and options are checked", () => {
    expect(() => readPytorch("resnet18.pth" as never)).toThrow("bytes expected a Uint8Array or ArrayBuffer");
    expect(() => readPytorch(golden("views.pth"), { keys: "x" } as never)).toThrow("option expected");
    expect(() => readPytorch(golden("views.pth"), { key: 1 as never })).toThrow("key expected a string, got 1");
  });
});

describe("rename presets", () => {
  it.each([
    ["resnet.embedder.embedder.convolution.weight", "conv1.weight"],
    ["resnet.embedder.embedder.normalization.running_mean", "bn1.running_mean"],
    ["resnet.encoder.stages.0.layers.1.layer.0.convolution.weight", "layer1.1.conv1.weight"],
    ["resnet.encoder.stages.3.layers.0.layer.2.normalization.bias", "layer4.0.bn3.bias"],
    ["encoder.stages.1.layers.0.shortcut.convolution.weight", "layer2.0.downsample.0.weight"],
    [
      "resnet.encoder.stages.1.layers.0.shortcut.normalization.num_batches_tracked",
      "layer2.0.downsample.1.num_batches_tracked",
    ],
    ["classifier.1.bias", "fc.bias"],
    ["layer1.0.conv1.weight", "layer1.0.conv1.weight"],
  ])("huggingFaceResNet: %s", (name, renamed) => expect(huggingFaceResNet(name)).toBe(renamed));

  it.each([
    ["timm_model.layer1.0.conv1.weight", "layer1.0.conv1.weight"],
    ["backbone.timm_model.fc.bias", "fc.bias"],
    ["module.model.bn1.weight", "bn1.weight"],
    ["layer1.0.se.fc1.weight", "layer1.0.se.fc1.weight"],
  ])("timmResNet: %s", (name, renamed) => expect(timmResNet(name)).toBe(renamed));
});
