// TensorBoard's event files, by known vectors and a reader of their own.
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/stores/stores.js";
import type { FitBeginning } from "../../../src/train/callback.js";
import { crc32c, record } from "../../../src/train/callbacks/events.js";
import { tensorboard } from "../../../src/train/callbacks/tensorboard.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Protobuf without a schema: fields by number, in order. */
function fieldsOf(bytes: Uint8Array): [field: number, value: number | Uint8Array][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const fields: [number, number | Uint8Array][] = [];
  while (at < bytes.length) {
    const key = varint();
    const [field, type] = [key >> 3, key & 7];
    if (type === 0) fields.push([field, varint()]);
    else if (type === 1) fields.push([field, view.getFloat64(at, true)]) && (at += 8);
    else if (type === 5) fields.push([field, view.getFloat32(at, true)]) && (at += 4);
    else if (type === 2) {
      const length = varint();
      fields.push([field, bytes.subarray(at, at + length)]);
      at += length;
    } else throw new Error(`wire type ${type}`);
  }
  return fields;
}

const text = (value: unknown) => new TextDecoder().decode(value as Uint8Array);
const field = (fields: [number, number | Uint8Array][], number: number) => fields.find(([n]) => n === number)?.[1];

/** The events of a file, its checksums verified in another way than they are made: by a table, and by division of the mask. */
function eventsOf(file: Uint8Array) {
  const table = Array.from({ length: 256 }, (_, i) => {
    let c = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    return c >>> 0;
  });
  const check = (bytes: Uint8Array, stored: number) => {
    let crc = 0xffffffff;
    for (const byte of bytes) crc = (table[(crc ^ byte) & 255] ^ (crc >>> 8)) >>> 0;
    const rotated = (stored - 0xa282ead8) >>> 0;
    expect(((rotated << 15) | (rotated >>> 17)) >>> 0).toBe(~crc >>> 0);
  };
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const events = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    check(file.subarray(at, at + 8), view.getUint32(at + 8, true));
    const data = file.subarray(at + 12, at + 12 + length);
    check(data, view.getUint32(at + 12 + length, true));
    const fields = fieldsOf(data);
    const summary = field(fields, 5) as Uint8Array | undefined;
    const values = (summary ? fieldsOf(summary) : []).map(([, value]) => {
      const inner = fieldsOf(value as Uint8Array);
      return [text(field(inner, 1)), field(inner, 2)];
    });
    const version = field(fields, 3);
    const session = field(fields, 7);
    events.push({
      step: field(fields, 2),
      time: field(fields, 1) as number,
      ...(version !== undefined && { version: text(version) }),
      ...(session !== undefined && { session: fieldsOf(session as Uint8Array) }),
      ...(summary && { values: Object.fromEntries(values) }),
    });
    at += 16 + length;
  }
  return events;
}

describe("event files", () => {
  it("have the checksums of RFC 3720, B.4", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
  });

  it("begin as TensorFlow's own do", () => {
    // The first record of any event file: 24 bytes, and the checksum of that.
    expect(hex(record(new Uint8Array(24))).slice(0, 24)).toBe("1800000000000000a37f4b22");
  });

  it("hold what a fit tells, by the steps of its trainer", async () => {
    const store = memoryStore();
    const callback = tensorboard(store, { every: 2 });
    const trainer = { stepCount: 300 };
    const begin = (goesOn: boolean) => callback.onBegin?.({ trainer, goesOn } as unknown as FitBeginning);
    await begin(false);
    for (let step = 0; step < 4; step++) {
      trainer.stepCount++;
      await callback.onStep?.({
        epoch: 0,
        step,
        stepsPerEpoch: 4,
        epochs: 1,
        loss: 2 - step / 4,
        lr: 0.5,
        gradNorm: 3,
      });
    }
    const validation = { loss: 0.25, accuracy: 0.75, samples: 9, metrics: { f1: 0.5, matrix: [[1]] } };
    await callback.onEpoch?.({ epoch: 0, loss: 1.5, lr: 0.5, ms: 1, validation } as never);
    await begin(true);
    await callback.onClose?.();
    const names = (await store.list()).sort();
    expect(names.every((name) => /^events\.out\.tfevents\.\d{10}\.\d{6}\.\w+$/.test(name))).toBe(true);
    const [first, second] = await Promise.all(names.map(async (name) => eventsOf((await store.read(name))!)));
    expect(first.map(({ time, ...rest }) => rest)).toEqual([
      { step: 0, version: "brain.Event:2" },
      { step: 302, values: { "train/loss": 1.75, "train/lr": 0.5, "train/gradNorm": 3 } },
      { step: 304, values: { "train/loss": 1.25, "train/lr": 0.5, "train/gradNorm": 3 } },
      { step: 304, values: { "epoch/loss": 1.5 } },
      { step: 304, values: { "validation/loss": 0.25, "validation/accuracy": 0.75, "validation/f1": 0.5 } },
    ]);
    // Readers leave out what earlier files have of step 305 and later.
    expect(second.map(({ time, ...rest }) => rest)).toEqual([
      { step: 0, version: "brain.Event:2" },
      { step: 305, session: [[1, 1]] },
    ]);
    expect(Math.abs(first[1].time - Date.now() / 1000)).toBeLessThan(60);
  });
});
