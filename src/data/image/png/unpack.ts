/**
 * The zlib stream of a PNG file as rows of bytes, with the filters taken off (W3C PNG specification, sections 9 and
 * 10).
 */
import { Inflate } from "fflate";
import { codeOf, messageOf } from "../../../core/thrown.js";
import { Damage } from "../damage.js";

/** Deflate makes at most 1032 bytes of one. */
const MOST_OF_ONE = 1032;

/** Inflated at a time: at most 17 MB. */
const SLICE = 16384;

/** An image, or one pass of an interlaced one. */
export interface Pass {
  rows: number;
  /** Bytes a row, without the one that names its filter. */
  stride: number;
}

/**
 * Calls `use` with each row of each pass, in order; the row is valid until it returns. A stream that holds more or less than
 * these rows is refused as soon as that is seen, whatever it would unpack to.
 */
export function unpackRows(
  packed: Uint8Array,
  passes: readonly Pass[],
  pixelBytes: number,
  use: (row: Uint8Array, pass: number, y: number) => void,
): void {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  // RFC 1950: method 8, no dictionary, a multiple of 31.
  const header = packed.length < 6 ? 0 : view.getUint16(0);
  if ((header & 0x0f20) !== 0x0800 || header % 31 !== 0)
    throw new Damage("pixel data", "a zlib stream", `${packed.length} bytes that begin with ${header.toString(16)}`);
  const total = passes.reduce((sum, { rows, stride }) => sum + rows * (stride + 1), 0);
  if (total > packed.length * MOST_OF_ONE)
    throw new Damage("pixel data", `${total} bytes`, `${packed.length} packed, at most ${packed.length * MOST_OF_ONE}`);

  let pass = 0;
  let y = 0;
  let before = new Uint8Array(0); // the row above, zeros above the first of a pass
  let row = new Uint8Array(0); // the filter, then the row
  let filled = 0;
  const beginPass = (): void => {
    while (passes[pass]?.rows === 0) pass++;
    const stride = passes[pass]?.stride ?? 0;
    before = new Uint8Array(stride + 1);
    row = new Uint8Array(stride + 1);
  };
  beginPass();
  const adler = new Adler32();
  const inflate = new Inflate((part) => {
    adler.update(part);
    for (let at = 0; at < part.length; ) {
      if (pass === passes.length) throw new Damage("pixel data", `${total} bytes`, "more");
      const taken = Math.min(part.length - at, row.length - filled);
      row.set(part.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < row.length) break;
      unfilter(row, before, pixelBytes);
      use(row.subarray(1), pass, y);
      [before, row] = [row, before];
      filled = 0;
      if (++y < passes[pass].rows) continue;
      y = 0;
      pass++;
      beginPass();
    }
  });
  const end = packed.length - 4;
  try {
    for (let at = 2; at < end; at += SLICE)
      inflate.push(packed.subarray(at, Math.min(at + SLICE, end)), at + SLICE >= end);
  } catch (error) {
    // fflate's own errors have a number.
    if (error instanceof Damage || typeof codeOf(error) !== "number") throw error;
    throw new Damage("pixel data", "a zlib stream", messageOf(error));
  }
  if (pass < passes.length) throw new Damage("pixel data", `${total} bytes`, "fewer");
  if (adler.value !== view.getUint32(end))
    throw new Damage("checksum of the pixel data", view.getUint32(end), adler.value);
}

/** The checksum of zlib (RFC 1950). */
class Adler32 {
  private a = 1;
  private b = 0;

  update(bytes: Uint8Array): void {
    // 5552 additions are the most for which b stays below 2^32.
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 5552);
      for (; at < end; at++) {
        this.a += bytes[at];
        this.b += this.a;
      }
      this.a %= 65521;
      this.b %= 65521;
    }
  }

  get value(): number {
    return this.b * 65536 + this.a;
  }
}

/** Takes the filter `row[0]` off: each byte was stored minus a prediction from those to the left and above. */
function unfilter(row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  const { length } = row;
  const first = pixelBytes + 1; // bytes before it have none to the left
  switch (row[0]) {
    case 0:
      return;
    case 1: // left
      for (let i = first; i < length; i++) row[i] += row[i - pixelBytes];
      return;
    case 2: // above
      for (let i = 1; i < length; i++) row[i] += above[i];
      return;
    case 3: // their mean
      for (let i = 1; i < length; i++) row[i] += ((i < first ? 0 : row[i - pixelBytes]) + above[i]) >> 1;
      return;
    case 4: // Paeth: the one of left, above and above left that is nearest to left + above - above left
      for (let i = 1; i < Math.min(first, length); i++) row[i] += above[i];
      for (let i = first; i < length; i++) {
        const left = row[i - pixelBytes];
        const up = above[i];
        const corner = above[i - pixelBytes];
        const toLeft = Math.abs(up - corner);
        const toUp = Math.abs(left - corner);
        const toCorner = Math.abs(left + up - 2 * corner);
        row[i] += toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
      }
      return;
    default:
      throw new Damage("pixel data", "filters 0 to 4", row[0]);
  }
}
