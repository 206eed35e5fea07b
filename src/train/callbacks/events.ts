/**
 * TensorBoard's event files. A record is its length, a checksum of that, its bytes, a checksum of those (TFRecord,
 * tensorflow/core/lib/io/record_writer.h); the bytes are an Event (tensorflow/core/util/event.proto). Loaded on demand.
 */
import { tagOf } from "../../core/tag.js";
import { type GrowingTarget, openGrowing } from "../../stores/growing.js";
import { isStore } from "../../stores/store.js";
import type { FittingTrainer } from "../callback.js";

/** Event files that one process has begun. */
let begun = 0;

/** CRC-32C (RFC 3720, B.4), bit by bit: records are short. */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Checksums of bytes that hold checksums, made unlike them: turned by 15 bits, and a constant. */
const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length, true); // of 64 bits, the upper half 0
  view.setUint32(8, masked(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return bytes;
}

// Protobuf: a field is its number and wire type, then its value.

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}

function number(field: number, value: number, width: 4 | 8): number[] {
  const view = new DataView(new ArrayBuffer(width));
  if (width === 8) view.setFloat64(0, value, true);
  else view.setFloat32(0, value, true);
  return [field * 8 + (width === 8 ? 1 : 5), ...new Uint8Array(view.buffer)];
}

const integer = (field: number, value: number): number[] => [field * 8, ...varint(value)];
const bytes = (field: number, value: ArrayLike<number>): number[] => [
  field * 8 + 2,
  ...varint(value.length),
  ...Array.from(value),
];
const text = (field: number, value: string): number[] => bytes(field, new TextEncoder().encode(value));

/** Event: wall_time 1, step 2, file_version 3, summary 5, session_log 7. */
const event = (step: number, content: number[]): Uint8Array =>
  Uint8Array.from([...number(1, Date.now() / 1000, 8), ...integer(2, step), ...content]);

/** Summary.value 1: tag 1, simple_value 2. */
const scalars = (values: readonly [string, number][]): number[] =>
  bytes(
    5,
    values.flatMap(([tag, value]) => bytes(1, [...text(1, tag), ...number(2, value, 4)])),
  );

/** SessionLog.status 1 is START 1: readers leave out events of this step and later ones that came before. */
const START = bytes(7, integer(1, 1));

export interface EventWriter {
  /** Writes the numbers among some values under `prefix` and their names, by the steps that the trainer has taken. */
  write(prefix: string, values: Readonly<Record<string, unknown>>): Promise<void>;
  flush(): Promise<void>;
}

export async function openEvents(
  where: string,
  folder: GrowingTarget,
  { trainer, goesOn }: { trainer: FittingTrainer; goesOn: boolean },
): Promise<EventWriter> {
  const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, "0");
  const name = `events.out.tfevents.${seconds}.${String(begun++).padStart(6, "0")}.${crypto.randomUUID().slice(0, 8)}`;
  const file = await openGrowing(where, within(folder, name), name);
  const append = (step: number, content: number[]) => file.append(record(event(step, content)));
  await append(0, text(3, "brain.Event:2"));
  if (goesOn) await append(trainer.stepCount + 1, START);
  return {
    async write(prefix, values) {
      const numbers = numbersOf(values).map(([key, value]): [string, number] => [prefix + key, value]);
      if (numbers.length > 0) await append(trainer.stepCount, scalars(numbers));
    },
    flush: () => file.flush(),
  };
}

const within = (folder: GrowingTarget, name: string): GrowingTarget =>
  isStore(folder)
    ? folder
    : tagOf(folder) === "URL"
      ? new URL(`${String(folder).replace(/\/?$/, "/")}${name}`)
      : `${folder}/${name}`;

const numbersOf = (values: Readonly<Record<string, unknown>>): [string, number][] =>
  Object.entries(values).flatMap(([key, value]): [string, number][] =>
    typeof value === "number" ? [[key, value]] : [],
  );
