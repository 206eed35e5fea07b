// JPEG and PNG files to bytes, by jpeg-js and fast-png: pure JavaScript, the same pixels in every runtime.
import { convertIndexedToRgb, decode as decodePng } from "fast-png";
import decodeJpeg from "jpeg-js/lib/decoder.js";
import { expectation, FormatError } from "../../core/errors.js";
import { type Image, MAX_PIXELS } from "./pixels.js";
import { essentialChunks } from "./png.js";

/** Decodes a JPEG or PNG file, recognised by its first bytes; 16 bits per channel become 8. */
export function decodeImage(bytes: Uint8Array, fileName?: string, maxPixels = MAX_PIXELS): Image {
  const fail = (expected: string, got: string, cause?: unknown): FormatError =>
    new FormatError(expectation("decodeImage", "file", expected, got, { path: fileName }), { cause });
  const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const decode = start.startsWith("ff d8 ff") ? jpeg : start === "89 50 4e 47" ? png : undefined;
  if (!decode) throw fail("JPEG or PNG", `bytes ${start || "none"}`);
  try {
    return decode(bytes, maxPixels);
  } catch (error) {
    throw fail("a whole, valid image", error instanceof Error ? error.message : String(error), error);
  }
}

function jpeg(bytes: Uint8Array, maxPixels: number): Image {
  const options = {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: maxPixels / 1e6,
  };
  const { data, width, height } = decodeJpeg(bytes, options);
  return { data, width, height };
}

function png(bytes: Uint8Array, maxPixels: number): Image {
  const decoded = decodePng(essentialChunks(bytes, maxPixels));
  const { width, height, depth } = decoded;
  if (decoded.palette) return { data: convertIndexedToRgb(decoded), width, height };
  if (depth === 16) return { data: Uint8Array.from(decoded.data, (value) => value >> 8), width, height };
  if (depth === 8) return { data: decoded.data as Uint8Array, width, height };
  return { data: unpackGrey(decoded.data as Uint8Array, width, height, depth), width, height };
}

/** Grey of 1, 2 or 4 bits, rows padded to bytes, to 0 … 255. */
function unpackGrey(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const stride = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  const out = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const bit = column * depth;
      const value = (data[row * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & most;
      out[row * width + column] = (value * 255) / most;
    }
  }
  return out;
}
