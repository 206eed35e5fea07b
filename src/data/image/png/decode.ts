/**
 * PNG files of every colour type, depth and interlacing: the pixels that Pillow gives, 8 bits a channel. Colour
 * profiles and gamma are left out, as Pillow leaves them.
 */
import { Damage } from "../damage.js";
import type { Orientation } from "../orientation.js";
import type { Image } from "../pixels.js";
import { type PngFile, readChunks } from "./chunks.js";
import { unpackRows } from "./unpack.js";

/** The seven passes of Adam7: first column and row, and steps (section 8.1). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Puts `count` pixels of a row into the image: the first at pixel `first`, the others `step` apart. */
type PutRow = (row: Uint8Array, count: number, first: number, step: number) => void;

/**
 * Pixels of a PNG file: grey, grey + alpha, RGB or RGBA. Palettes become colours, with alpha where tRNS gives one; 16 bits
 * keep the upper 8; fewer than 8 are spread over 0 to 255. Beside the file and the pixels it takes some 20 MB.
 */
export function decodePng(bytes: Uint8Array, maxPixels: number): { image: Image; orientation: Orientation } {
  const file = readChunks(bytes, maxPixels);
  const { width, height, depth, channels } = file;
  const bits = channels * depth;
  const grid = file.interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  const columns = grid.map(([left, , step]) => Math.ceil((width - left) / step));
  const passes = grid.map(([, top, , step], i) => {
    // Small images have empty passes.
    const rows = columns[i] > 0 ? Math.max(0, Math.ceil((height - top) / step)) : 0;
    return { rows, stride: Math.ceil((columns[i] * bits) / 8) };
  });
  const outChannels = (file.indexed ? 3 : channels) + (file.transparency ? 1 : 0);
  let data = new Uint8Array(0);
  let put: PutRow | undefined;
  unpackRows(file.packed, passes, Math.max(1, bits >> 3), (row, pass, y) => {
    if (!put) {
      // Not before a first row was there to be unpacked.
      data = new Uint8Array(width * height * outChannels);
      const asStored = depth >= 8 && channels === outChannels && !file.indexed;
      put = asStored ? bytesTo(data, channels, depth >> 3) : samplesTo(data, file);
    }
    const [left, top, across, down] = grid[pass];
    put(row, columns[pass], (top + y * down) * width + left, across);
  });
  return { image: { data, width, height }, orientation: file.orientation };
}

/** Rows that hold what the image holds, each channel's upper byte first. */
function bytesTo(out: Uint8Array, channels: number, bytes: number): PutRow {
  return (row, count, first, step) => {
    if (step === 1 && bytes === 1) out.set(row, first * channels);
    else if (step === 1) for (let i = 0, at = first * channels; i < row.length; i += 2) out[at++] = row[i];
    else
      for (let i = 0; i < count; i++)
        for (let c = 0; c < channels; c++) out[(first + i * step) * channels + c] = row[(i * channels + c) * bytes];
  };
}

function samplesTo(out: Uint8Array, { depth, channels, indexed, palette, transparency }: PngFile): PutRow {
  const most = 2 ** depth - 1;
  const sample = (row: Uint8Array, i: number): number => {
    if (depth === 16) return row[2 * i] * 256 + row[2 * i + 1];
    const bit = i * depth;
    return (row[bit >> 3] >> (8 - depth - (bit & 7))) & most;
  };
  if (indexed) {
    const colours = palette.length / 3;
    const pixel = transparency ? 4 : 3;
    return (row, count, first, step) => {
      for (let i = 0, at = first * pixel; i < count; i++, at += step * pixel) {
        const index = sample(row, i);
        if (index >= colours) throw new Damage("pixel data", `indices of ${colours} colours`, index);
        for (let c = 0; c < 3; c++) out[at + c] = palette[3 * index + c];
        if (transparency) out[at + 3] = transparency[index] ?? 255;
      }
    };
  }
  // What tRNS names is transparent, other pixels are opaque. Types with alpha of their own have none.
  const key = transparency && Array.from({ length: channels }, (_, c) => sample16(transparency, c) & most);
  const pixel = channels + (key ? 1 : 0);
  return (row, count, first, step) => {
    for (let i = 0, at = first * pixel; i < count; i++, at += step * pixel) {
      let alpha = 0;
      for (let c = 0; c < channels; c++) {
        const value = sample(row, i * channels + c);
        out[at + c] = depth === 16 ? value >> 8 : (value * 255) / most;
        if (key && value !== key[c]) alpha = 255;
      }
      if (key) out[at + channels] = alpha;
    }
  };
}

const sample16 = (bytes: Uint8Array, i: number): number => bytes[2 * i] * 256 + bytes[2 * i + 1];
