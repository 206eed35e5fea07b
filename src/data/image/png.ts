// PNG files before they are decoded: what is in them besides pixels is taken out, and what they unpack to is counted.
import { Unzlib } from "fflate";

/** The chunks that pixels are made of. Others, such as colour profiles, hold compressed data of their own. */
const CHUNKS = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];

/** Inflated at a time; deflate makes at most 1032 bytes of one, so 17 MB. */
const SLICE = 16384;

/**
 * The file without its ancillary chunks. Throws when its pixel data unpacks to more than its pixels can take: a small file
 * may otherwise fill the memory.
 */
export function essentialChunks(bytes: Uint8Array, maxPixels: number): Uint8Array<ArrayBuffer> {
  const end = () => new Error(`end after ${bytes.length} bytes`);
  // The first chunk is IHDR: width and height at 16.
  if (bytes.length < 26) throw end();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const pixels = width * height;
  if (!(pixels > 0 && pixels <= maxPixels)) throw new Error(`${pixels} pixels, at most ${maxPixels} are allowed`);

  // At most 8 bytes a pixel; interlaced images have up to two rows for one, each with a filter byte and padding.
  const most = pixels * 8 + height * 4 + 64;
  let inflated = 0;
  const counter = new Unzlib((part) => {
    inflated += part.length;
    if (inflated > most) throw new Error(`more data than ${width} x ${height} pixels take`);
  });

  const kept = new Uint8Array(bytes.length);
  kept.set(bytes.subarray(0, 8)); // the signature
  let length = 8;
  for (let at = 8; at < bytes.length; ) {
    if (at + 12 > bytes.length) throw end();
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = at + 8;
    const next = data + view.getUint32(at) + 4; // a checksum follows the data
    if (next > bytes.length) throw end();
    if (type === "IDAT")
      for (let from = data; from < next - 4; from += SLICE)
        counter.push(bytes.subarray(from, Math.min(from + SLICE, next - 4)));
    if (CHUNKS.includes(type)) {
      kept.set(bytes.subarray(at, next), length);
      length += next - at;
    }
    if (type === "IEND") break;
    at = next;
  }
  return kept.slice(0, length);
}
