// What every app has reads the files of this library as the full reader does, and takes nothing that it refuses.
import { describe, expect, it } from "vitest";
import { Philox } from "../../../src/core/random.js";
import { bitsOf } from "../../../src/io/dtypes.js";
import { readOwn } from "../../../src/io/own-safetensors.js";
import { readSafetensors, type SafetensorsFile } from "../../../src/io/safetensors.js";
import { writeSafetensors } from "../../../src/io/safetensors-writer.js";

const weights = new Map([
  [
    "0.weight",
    { data: new Float32Array(new Uint32Array([0x7fc01234, 0xff800000, 0, 0x80000000, 1, 2]).buffer), shape: [2, 3] },
  ],
  ["0.bias", { data: Float32Array.of(0.1, -0), shape: [2] }],
  ['größe \\ "x"', { data: new Float32Array(0), shape: [0, 4] }],
  ["scale", { data: Float32Array.of(7), shape: [] }],
  ["bn.num_batches_tracked", { data: Float32Array.of(123), shape: [] }],
]);
const metadata = { "resnet-wasm": '{"type":"Linear"}', note: "a\n\u0001" };
const write = (digest: boolean) =>
  writeSafetensors(weights, { metadata, digest, dtype: (name) => (name.endsWith("tracked") ? "I64" : "F32") });

/** Bits, so that NaN payloads count. */
const told = ({ tensors, metadata }: SafetensorsFile) => [
  [...tensors].map(([name, { data, shape, dtype }]) => [name, [...bitsOf(data)], shape, dtype]),
  Object.entries(metadata),
];

const orRefused = (bytes: Uint8Array, verify: boolean) => {
  try {
    return told(readSafetensors(bytes, { verify }));
  } catch {
    return "refused";
  }
};

/** A file with this header before `length` bytes of data. */
function file(header: string, length = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  return bytes;
}

describe("readOwn", () => {
  it.each([true, false])("reads what is written as the full reader does, digest %s", (digest) => {
    const bytes = write(digest);
    const own = readOwn(bytes, true);
    expect(own && told(own)).toEqual(told(readSafetensors(bytes)));
    expect(Object.getPrototypeOf(own?.metadata)).toBe(null);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    const again = readOwn(shifted, true);
    expect(again && told(again)).toEqual(told(readSafetensors(bytes)));
  });

  it("copies, so that the file may change", () => {
    const bytes = write(false);
    const own = readOwn(bytes, true);
    bytes.fill(0);
    expect(own?.tensors.get("scale")?.data).toEqual(Float32Array.of(7));
  });

  it("leaves to the full reader what it does not take", () => {
    const tensor = (shape: string, offsets: string) =>
      `{"a":{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}}`;
    expect(readOwn(file(tensor("[1]", "[0,4]"), 4), true)).toBeDefined();
    const others = [
      file(tensor("[1]", "[0,4]"), 5),
      file(tensor("[1]", "[0,4]"), 3),
      file(tensor("[1]", "[4,8]"), 8),
      file(tensor("[-1]", "[0,-4]"), 4),
      file(tensor("[1.0]", "[0,4]"), 4),
      file(tensor("[01]", "[0,4]"), 4),
      file(tensor("[4503599627370496,4503599627370496,0]", "[0,0]")),
      file(tensor("[1]", "[0,4,4]"), 4),
      file(tensor("1", "[0,4]"), 4),
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
      file('{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4),
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":0}}', 4),
      file('{"a":{"dtype":"F32","shape":[400000000],"data_offsets":[0,1600000000]}}', 8),
      file('{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', 8),
      file('{"__metadata__":{"a":1}}'),
      file('{"__metadata__":{"a":"1","a":"2"}}'),
      file('{"__metadata__":{"a":"\\ud800"}}'),
      file('{"__metadata__":[]}'),
      file("[]"),
      file("null"),
      file("{}\n"),
      file(`{"a":${"[".repeat(50_000)}`),
      new Uint8Array(0),
      new Uint8Array(7),
    ];
    for (const bytes of others) expect(readOwn(bytes, true)).toBeUndefined();
  });

  it("checks digests, unless told not to", () => {
    const bytes = write(true);
    bytes[bytes.length - 1] ^= 1;
    expect(readOwn(bytes, true)).toBeUndefined();
    const own = readOwn(bytes, false);
    expect(own && told(own)).toEqual(orRefused(bytes, false));
  });

  it("takes nothing that the full reader refuses, whichever bytes are changed", () => {
    const random = new Philox(1, 0);
    let taken = 0;
    for (const verify of [true, false])
      for (let i = 0; i < 4000; i++) {
        const bytes = write(i % 2 === 0);
        for (let n = random.integer(3); n >= 0; n--) bytes[random.integer(bytes.length)] = random.integer(256);
        const own = readOwn(bytes, verify);
        if (!own) continue;
        taken++;
        expect(told(own)).toEqual(orRefused(bytes, verify));
      }
    expect(taken).toBeGreaterThan(100);
  });
});
