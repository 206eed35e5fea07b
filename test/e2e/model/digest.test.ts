// Digests of kept files: every changed bit of content is seen before anything is handed out; other content is said to be such.
import { crc32 as reference } from "node:zlib";
import { describe, expect, it } from "vitest";
import { crc32 } from "../../../src/core/crc32.js";
import { readPytorch } from "../../../src/faces/pytorch.js";
import {
  createTrainer,
  crossEntropy,
  FormatError,
  Linear,
  loadModel,
  type Model,
  ReLU,
  readSafetensors,
  readSafetensorsStream,
  Sequential,
  SGD,
  type Trainer,
  writeSafetensors,
} from "../../../src/hosts/node/index.js";
import { loadModel as loadPredictor } from "../../../src/hosts/node/inference.js";
import { DIGEST_KEY } from "../../../src/io/digest.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { inspectOnnx } from "../../../src/onnx/inspect.js";
import { build } from "../../support/setups.js";

const plain = { relaxedSimd: false, threads: 1 };
const model = async (): Promise<Model> => build(new Sequential(new Linear(3, 5), new ReLU(), new Linear(5, 2)), [3]);
const trainerOf = (made: Model): Trainer =>
  createTrainer(made, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A file as another program writes it again: other tensors, the metadata kept. */
function rewritten(bytes: Uint8Array, change: (name: string, data: Float32Array) => void): Uint8Array {
  const { tensors } = readSafetensors(bytes);
  for (const [name, { data }] of tensors) change(name, data);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { __metadata__ } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const map = new Map([...tensors].map(([name, { data, shape }]) => [name, { data, shape }]));
  return writeSafetensors(map, { metadata: __metadata__ });
}

const CHANGED = /expected the content that "resnet-wasm-digest" was made of, got another.*verify: false/;

describe("crc32", () => {
  it("is that of zip, in one piece or in many", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * i * 31) >> 3);
    for (const [from, to] of [
      [0, 0],
      [0, 7],
      [3, 64],
      [1, 1000],
    ]) {
      const part = bytes.subarray(from, to);
      const middle = (to - from) >> 1;
      expect(crc32(part)).toBe(reference ? reference(part) : crc32(part));
      expect(crc32(part.subarray(middle), crc32(part.subarray(0, middle)))).toBe(crc32(part));
    }
  });
});

describe("kept files", () => {
  it("are refused when any one bit is another", async () => {
    const made = await model();
    for (const bytes of [await made.save(), await trainerOf(made).save()]) {
      const { tensors, metadata } = readSafetensors(bytes);
      let unseen = 0;
      for (let bit = 0; bit < bytes.length * 8; bit += 5) {
        const flipped = bytes.slice();
        flipped[bit >> 3] ^= 1 << (bit & 7);
        try {
          const read = readSafetensors(flipped);
          // Without its key there is no digest: what is handed out is right nevertheless.
          expect(read.tensors).toEqual(tensors);
          expect(read.metadata).toMatchObject({ ...metadata });
          unseen++;
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
      expect(unseen).toBeLessThan(DIGEST_KEY.length * 2);
    }
  });

  it("are refused with a tail of zeros, by every reader", async () => {
    const made = await model();
    const trainer = trainerOf(made);
    const [saved, checkpoint] = [await made.save(), await trainer.save()];
    for (const bytes of [saved, checkpoint]) bytes.fill(0, bytes.length - 40);
    // A checkpoint's last tensors may be zeros of the optimiser.
    checkpoint.fill(1, checkpoint.length - 8);
    await expect(loadModel(saved, plain)).rejects.toThrow(CHANGED);
    await expect(loadPredictor(saved, plain)).rejects.toThrow(CHANGED);
    await expect(trainer.load(checkpoint)).rejects.toThrow(CHANGED);
    for (const size of [1, 3, 64, 1e6]) {
      const heard: string[] = [];
      const reading = readSafetensorsStream(pieces(saved, size), (name) => void heard.push(name));
      await expect(reading).rejects.toThrow(CHANGED);
      expect(heard.length).toBeLessThan(4);
    }
  });

  it("say so when another program changed them, and are taken with verify: false", async () => {
    const made = await model();
    const other = rewritten(await made.save(), (name, data) => void (name === "0.bias" && data.fill(7)));
    await expect(loadModel(other, plain)).rejects.toThrow(
      /model: tensor "0.bias" expected the content.*another program/,
    );
    for (const load of [loadModel, loadPredictor])
      expect((await load(other, { ...plain, verify: false })).outputShape).toEqual([2]);
    expect(() => readSafetensors(other)).toThrow(CHANGED);
    expect(readSafetensors(other, { verify: false }).tensors.get("0.bias")!.data[0]).toBe(7);
    const heard: string[] = [];
    await readSafetensorsStream(pieces(other, 50), (name) => void heard.push(name), { verify: false });
    expect(heard.length).toBe(4);

    const trainer = trainerOf(made);
    const checkpoint = rewritten(await trainer.save(), (name, data) => void (name === "model.2.bias" && data.fill(3)));
    await expect(trainer.load(checkpoint)).rejects.toThrow(/tensor "model.2.bias"/);
    await trainer.load(checkpoint, { verify: false });
    expect([...made.stateDict().get("2.bias")!.data]).toEqual([3, 3]);
  });

  it("may be written again with the same content in another order, type of padding or place", async () => {
    const bytes = await (await model()).save();
    const length = new DataView(bytes.buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const text = JSON.stringify(Object.fromEntries(Object.entries(header).reverse()), null, 3);
    const encoded = new TextEncoder().encode(text);
    const other = new Uint8Array(8 + encoded.length + bytes.length - 8 - length);
    new DataView(other.buffer).setUint32(0, encoded.length, true);
    other.set(encoded, 8);
    other.set(bytes.subarray(8 + length), 8 + encoded.length);
    expect((await loadModel(other, plain)).outputShape).toEqual([2]);
  });

  it("hand out metadata without the digest, so that a changed file can be written", async () => {
    const bytes = await (await model()).save({ dtype: "F16" });
    const { tensors, metadata } = readSafetensors(bytes);
    expect(Object.keys(metadata)).toEqual(["resnet-wasm"]);
    tensors.get("0.bias")!.data.fill(1);
    const again = writeSafetensors(tensors, { metadata });
    expect((await loadModel(again, plain)).stateDict().get("0.bias")!.data[0]).toBe(1);
  });

  it("of the writer's have digests where asked for, whatever their names are", () => {
    const tensors = {
      'a "quoted" é': { data: new Float32Array(3), shape: [3] },
      "": { data: new Float32Array(0), shape: [0] },
    };
    const metadata = { z: '"resnet-wasm-digest":"0000', a: "\u2028\\" };
    const bytes = writeSafetensors(tensors, { metadata, digest: true });
    expect({ ...readSafetensors(bytes).metadata }).toEqual(metadata);
    bytes[bytes.length - 1] ^= 1;
    expect(() => readSafetensors(bytes)).toThrow(CHANGED);
  });
});

it.each([
  ["a page", new TextEncoder().encode("<!doctype html><html>"), "This is a page in place of the file"],
  ["a pointer of Git LFS", new TextEncoder().encode("version https://git-lfs"), "This is a pointer of Git LFS"],
  ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0), "packed by gzip: unpack it first"],
  ["safetensors", writeSafetensors(new Map()), "This is a safetensors file: loadModel or readSafetensors reads it"],
])("readers of ONNX and PyTorch tell what else they were given: %s", (_, bytes, hint) => {
  for (const read of [importOnnx, inspectOnnx, readPytorch]) {
    expect(() => read(bytes)).toThrow(FormatError);
    expect(() => read(bytes)).toThrow(hint);
  }
});

describe("files of other kinds", () => {
  const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  it.each([
    ["a zip of PyTorch", "PK\x03\x04\x00\x00\x08\x08rest", /torch\.save: readPytorch of resnet-wasm\/pytorch/],
    ["a zip of version 0", "PK\x03\x04\x00\x00\x00\x00rest", /torch\.save/],
    ["PyTorch's older form", "\x80\x02\x8a\nl\xfc\x9cF\xf9 j", /torch\.save/],
    ["a page", "<!DOCTYPE html><html>", /a page in place of the file/],
    ["a short page", "<html>", /a page in place of the file/],
    ["a pointer of Git LFS", "version https://git-lfs", /git lfs pull/],
    ["a packed file", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", /gzip/],
    ["an ONNX model", "\x08\x07\x12\x07pytorch\x1a", /loadOnnx of resnet-wasm\/onnx/],
    ["JSON", '{"weights": []}', /This is JSON/],
  ])("are told from the first bytes: %s", async (_, text, cure) => {
    const bytes = bytesOf(text);
    expect(() => readSafetensors(bytes)).toThrow(cure);
    await expect(loadModel(bytes)).rejects.toThrow(cure);
    await expect(readSafetensorsStream(pieces(bytes, 4), () => {})).rejects.toThrow(FormatError);
  });

  it("are told apart: models, checkpoints, weights of others", async () => {
    const made = await model();
    const trainer = trainerOf(made);
    await expect(loadModel(await trainer.save())).rejects.toThrow(/a checkpoint: trainer\.load/);
    await expect(loadPredictor(await trainer.save())).rejects.toThrow(/a checkpoint: trainer\.load/);
    await expect(trainer.load(await made.save())).rejects.toThrow(/models of model\.save are read by loadModel/);
    await expect(loadModel(writeSafetensors(made.stateDict()))).rejects.toThrow(/model\.loadStateDict/);
  });
});
