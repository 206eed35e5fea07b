// The examples on images, on files made here: what they learn means nothing, but every step of them is taken.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createModel, readSafetensors, resnet18, writeSafetensors } from "../../../src/hosts/node/index.js";
import { runExample } from "./run.js";

const folder = mkdtempSync(join(tmpdir(), "resnet-wasm-images-"));
const weights = join(folder, "resnet18.safetensors");

/** A 24 x 24 RGB picture of one colour and some noise. */
function png(red: number, seed: number): Buffer {
  const size = 24;
  const rows = Buffer.alloc(size * (1 + 3 * size), 40);
  for (let y = 0; y < size; y++) {
    rows[y * (1 + 3 * size)] = 0;
    for (let x = 0; x < size; x++) rows[y * (1 + 3 * size) + 1 + 3 * x] = red + ((x * 7 + y * 13 + seed * 29) % 32);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** node:zlib has crc32 from Node 20.15 and 22.2 on. */
function crc(data: Buffer): number {
  if (typeof crc32 === "function") return crc32(data);
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

beforeAll(async () => {
  for (const [name, red] of [
    ["dark", 10],
    ["red", 200],
  ] as const) {
    mkdirSync(join(folder, "pictures", name), { recursive: true });
    for (let i = 0; i < 4; i++) writeFileSync(join(folder, "pictures", name, `${i}.png`), png(red, i));
  }
  const model = await createModel(resnet18(), { inputShape: [224, 224, 3], threads: 1 });
  writeFileSync(weights, writeSafetensors(model.stateDict()));
  const record = (i: number) => Buffer.from([i % 10, ...Array.from({ length: 3072 }, (_, p) => (p * (i + 3)) % 256)]);
  const records = Buffer.concat(Array.from({ length: 40 }, (_, i) => record(i)));
  for (const file of ["data_batch_1.bin", "test_batch.bin"]) writeFileSync(join(folder, file), records);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("examples on images", () => {
  it("cifar-resnet.js trains and evaluates", async () => {
    const { code, stdout, stderr } = await runExample("cifar-resnet.js", [folder, "1", "40"]);
    expect(stderr).toMatch(/epoch 1\/1 .*loss/); // progress
    expect(code).toBe(0);
    expect(stdout).toMatch(/test accuracy [\d.]+ %, loss [\d.]+/);
  });

  it("classify-image.js names five classes for each picture", async () => {
    const pictures = [join(folder, "pictures/dark/0.png"), join(folder, "pictures/red/1.png")];
    const { code, stdout } = await runExample("classify-image.js", ["resnet18", weights, ...pictures]);
    expect(code).toBe(0);
    expect(stdout.match(/class \d+: -?[\d.]+/g)).toHaveLength(10);
  });

  it("classify-image.js reads files of torch.save, of other families too", async () => {
    const packed = new URL("../../golden/pytorch/families/mobilenet_v3_small.pth.gz.gz", import.meta.url);
    const file = join(folder, "mobilenet.pth");
    writeFileSync(file, gunzipSync(gunzipSync(readFileSync(packed))));
    const picture = join(folder, "pictures/dark/0.png");
    const { code, stdout } = await runExample("classify-image.js", ["mobilenet_v3_small", file, picture]);
    expect(code).toBe(0);
    expect(stdout.match(/class \d+: \S+/g)).toHaveLength(5);
  });

  it("fine-tune-head.js saves a network with a head that tells the folders apart", async () => {
    const output = join(folder, "tuned.safetensors");
    const { code, stdout, stderr } = await runExample("fine-tune-head.js", [join(folder, "pictures"), weights, output]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("8 images of dark, red: 100.0 % right");
    const { tensors } = readSafetensors(readFileSync(output));
    expect(tensors.get("fc.weight")!.shape).toEqual([2, 512]);
    expect(tensors.size).toBe(122);
    const before = readSafetensors(readFileSync(weights)).tensors;
    expect(tensors.get("layer4.1.conv2.weight")!.data).toEqual(before.get("layer4.1.conv2.weight")!.data);
  });

  it.each(["cifar-resnet.js", "classify-image.js", "fine-tune-head.js"])(
    "%s without arguments says how to use it",
    async (name) => {
      const { code, stderr } = await runExample(name);
      expect(code).toBe(2);
      expect(stderr).toContain(`usage: node examples/${name}`);
    },
  );
});
