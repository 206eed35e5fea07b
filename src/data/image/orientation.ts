/**
 * The orientation tag of EXIF: how to turn stored pixels so that the picture stands upright. Cameras store what the
 * sensor gave and note how they were held; browsers turn pictures, Pillow's `open` does not (its
 * `ImageOps.exif_transpose` does).
 */
import { expectImage, type Image } from "./pixels.js";

/** EXIF 2.32, tag 274: 1 upright, 2 mirrored, 3 upside down, 4 its mirror, 5 to 8 rows and columns exchanged. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** The orientation that EXIF data, a TIFF file in itself, notes; 1 where it notes none or cannot be read. */
export function exifOrientation(tiff: Uint8Array): Orientation {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 14) return 1;
  const little = view.getUint16(0) === 0x4949; // "II"; else "MM"
  if ((!little && view.getUint16(0) !== 0x4d4d) || view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = Math.min(view.getUint16(directory, little), Math.floor((tiff.length - directory - 2) / 12));
  for (let at = directory + 2; at < directory + 2 + 12 * entries; at += 12) {
    if (view.getUint16(at, little) !== 274) continue;
    const value = view.getUint16(at + 2, little) === 3 ? view.getUint16(at + 8, little) : 1;
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** The picture upright: mirrored, turned or both, as its orientation asks for. */
export function orient(image: Image, orientation: Orientation): Image {
  const channels = expectImage("orient", image);
  if (orientation === 1) return image;
  const { data, width: storedWidth, height: storedHeight } = image;
  const exchanged = orientation >= 5;
  const [width, height] = exchanged ? [storedHeight, storedWidth] : [storedWidth, storedHeight];
  // A step right and a step down in the result, in the stored pixels; `start` is what goes to the upper left.
  const fromRight = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const fromBottom = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const column = (fromRight ? -1 : 1) * channels;
  const row = (fromBottom ? -1 : 1) * storedWidth * channels;
  const start = (fromRight ? -column * (storedWidth - 1) : 0) + (fromBottom ? -row * (storedHeight - 1) : 0);
  const [right, down] = exchanged ? [row, column] : [column, row];
  const out = new Uint8Array(data.length);
  let at = 0;
  for (let y = 0; y < height; y++) {
    let from = start + y * down;
    for (let x = 0; x < width; x++, from += right) for (let c = 0; c < channels; c++) out[at++] = data[from + c];
  }
  return { data: out, width, height };
}
