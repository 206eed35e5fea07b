// Picture files for the tests: those of test/golden/generate/pictures.py, and PNGs made here.
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";

interface Golden {
  file: string;
  size: [number, number];
  mode: "L" | "LA" | "RGB" | "RGBA";
  sha256: string;
}

const folder = new URL("../../golden/images/", import.meta.url);
const { files, turned, platform } = JSON.parse(readFileSync(new URL("pictures.json", folder), "utf8"));

/** What Pillow made of pictures of every kind, by name. */
export const goldens: Record<string, Golden> = files;
/** Pictures with an EXIF orientation, upright. */
export const turnedGoldens: Record<string, Golden> = turned;
/** WebP, AVIF, GIF and BMP. */
export const platformGoldens: Record<string, Golden> = platform;

export function goldenFile(name: string): Uint8Array<ArrayBuffer> {
  const golden = goldens[name] ?? turnedGoldens[name] ?? platformGoldens[name];
  return Uint8Array.from(golden ? Buffer.from(golden.file, "base64") : readFileSync(new URL(name, folder)));
}

export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

export function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

export interface Header {
  width: number;
  height: number;
  depth: number;
  type: number;
  interlaced?: number;
}

/** A PNG file whose unfiltered rows, or other zlib data, are `rows`. */
export function png(header: Header, rows: Uint8Array, more: Buffer[] = []): Uint8Array<ArrayBuffer> {
  return packedPng(header, deflateSync(rows), more);
}

export function packedPng(header: Header, packed: Uint8Array, more: Buffer[] = []): Uint8Array<ArrayBuffer> {
  const fields = Buffer.alloc(13);
  fields.writeUInt32BE(header.width, 0);
  fields.writeUInt32BE(header.height, 4);
  fields.set([header.depth, header.type, 0, 0, header.interlaced ?? 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const chunks = [chunk("IHDR", fields), ...more, chunk("IDAT", packed), chunk("IEND", new Uint8Array())];
  return Uint8Array.from(Buffer.concat([signature, ...chunks]));
}
