/** PNG files as chunks, each with its checksum (W3C PNG specification, third edition, sections 5 and 11). */
import { crc32 } from "../../../core/crc32.js";
import { checkPixels, Damage } from "../damage.js";
import { exifOrientation, type Orientation } from "../orientation.js";

/** Colour types by number: stored channels, and bits that these may have. */
const TYPES: Record<number, { channels: number; depths: number[] }> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] }, // grey
  2: { channels: 3, depths: [8, 16] }, // RGB
  3: { channels: 1, depths: [1, 2, 4, 8] }, // indices into a palette
  4: { channels: 2, depths: [8, 16] }, // grey + alpha
  6: { channels: 4, depths: [8, 16] }, // RGBA
};

interface Header {
  width: number;
  height: number;
  /** Bits a channel. */
  depth: number;
  /** Stored channels: 1 for indices. */
  channels: number;
  indexed: boolean;
  interlaced: boolean;
}

export interface PngFile extends Header {
  /** RGB of each index. */
  palette: Uint8Array;
  /** Alpha of the first indices; or the one grey or colour that is transparent, 16 bits a channel. */
  transparency?: Uint8Array;
  orientation: Orientation;
  /** The pixels as a zlib stream. */
  packed: Uint8Array;
}

/** Reads the chunks and checks each: no flipped bit goes unseen. Nothing is unpacked yet. */
export function readChunks(bytes: Uint8Array, maxPixels: number): PngFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 8 || view.getUint32(4) !== 0x0d0a1a0a)
    throw new Damage("signature", "8 bytes of PNG", "others", "A transfer as text changes line ends");
  const pixels: Uint8Array[] = [];
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  let orientation: Orientation = 1;
  for (let at = 8; ; ) {
    const length = at + 12 <= bytes.length ? view.getUint32(at) : bytes.length;
    const next = at + 12 + length; // length, type, data, checksum
    if (next > bytes.length) throw new Damage("file", "chunks up to IEND", `its end after ${bytes.length} bytes`);
    const data = bytes.subarray(at + 8, next - 4);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8)).replace(/[^A-Za-z]/g, "?");
    const [sum, stored] = [crc32(bytes.subarray(at + 4, next - 4)), view.getUint32(next - 4)];
    if (sum !== stored) throw new Damage(`checksum of chunk ${name} at byte ${at}`, hex(stored), hex(sum));
    at = next;
    if (!header) {
      if (name !== "IHDR") throw new Damage("first chunk", "IHDR", name);
      header = readHeader(data, maxPixels);
    } else if (name === "IDAT") pixels.push(data);
    else if (name === "PLTE") palette = data;
    else if (name === "tRNS") transparency = data;
    else if (name === "eXIf") orientation = exifOrientation(data);
    else if (name === "IEND") break;
    // An upper case letter first: a chunk without which the picture is another (5.4).
    else if (/^[A-Z]/.test(name)) throw new Damage("chunk", "IHDR, PLTE, IDAT or IEND", name);
  }
  if (header.indexed && (!palette?.length || palette.length % 3))
    throw new Damage("chunk PLTE", "3 bytes a colour", palette ? `${palette.length} bytes` : "none");
  // Pixels with alpha of their own need no other; libpng passes it over as well.
  if (header.channels % 2 === 0) transparency = undefined;
  const key = header.channels * 2;
  if (transparency && (header.indexed ? transparency.length > 256 : transparency.length !== key))
    throw new Damage("chunk tRNS", header.indexed ? "at most 256 bytes" : `${key} bytes`, transparency.length);
  return { ...header, palette: palette ?? new Uint8Array(0), transparency, orientation, packed: join(pixels) };
}

function readHeader(data: Uint8Array, maxPixels: number): Header {
  if (data.length !== 13) throw new Damage("chunk IHDR", "13 bytes", data.length);
  const view = new DataView(data.buffer, data.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  checkPixels(width, height, maxPixels);
  const [depth, kind, compression, filter, interlace] = data.subarray(8) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  const type = TYPES[kind];
  if (!type?.depths.includes(depth)) throw new Damage("chunk IHDR", "a colour type and its bits", `${kind}, ${depth}`);
  if (compression !== 0 || filter !== 0 || interlace > 1)
    throw new Damage("chunk IHDR", "methods 0, 0 and 0 or 1", `${compression}, ${filter} and ${interlace}`);
  return { width, height, depth, channels: type.channels, indexed: kind === 3, interlaced: interlace === 1 };
}

function join(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const hex = (sum: number): string => sum.toString(16).padStart(8, "0");
