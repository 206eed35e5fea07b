// Formats of pictures by their first bytes: those that are decoded here, those that platforms decode, and those that can
// only be named.
export type Format = "JPEG" | "PNG" | PlatformFormat | "HEIC" | "TIFF" | "JPEG XL" | "JPEG 2000" | "SVG" | "HTML";
export type PlatformFormat = "WebP" | "AVIF" | "GIF" | "BMP";

/** How a file is decoded; `fileName` and `advice`, a cure, are for errors. */
export interface FileDecoding {
  fileName?: string | undefined;
  advice?: string | undefined;
  maxPixels: number;
  exifOrientation: boolean;
}

/** Endings of file names of pictures. */
export const PICTURE_ENDINGS = /\.(jpe?g|jpe|jfif|png|webp|avif|gif|bmp|heic|heif|tiff?|jxl|jp2|p[bgnp]m)$/i;

/** Media types of what platforms decode. */
export const PLATFORM_TYPES: Record<PlatformFormat, string> = {
  WebP: "image/webp",
  AVIF: "image/avif",
  GIF: "image/gif",
  BMP: "image/bmp",
};

export const isForPlatform = (format: Format | undefined): format is PlatformFormat =>
  format !== undefined && format in PLATFORM_TYPES;

/** Letters of bytes `from` to `to`, one a byte. */
export const letters = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

export function formatOf(bytes: Uint8Array): Format | undefined {
  const start = letters(bytes, 0, 12);
  if (start.startsWith("\xff\xd8\xff")) return "JPEG";
  if (start.startsWith("\x89PNG")) return "PNG";
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return "WebP";
  if (start.slice(4, 8) === "ftyp") {
    // ISO base media files: the brands that they conform to follow.
    const brands = letters(bytes, 8, 40);
    if (/avi[fs]/.test(brands)) return "AVIF";
    if (/hei[cxmsf]|hev[cx]|mif1|msf1/.test(brands)) return "HEIC";
  }
  if (/^GIF8[79]a/.test(start)) return "GIF";
  if (start.startsWith("BM")) return "BMP";
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return "TIFF";
  if (start.startsWith("\xff\x0a") || start.slice(4, 8) === "JXL ") return "JPEG XL";
  if (start.slice(4, 8) === "jP  ") return "JPEG 2000";
  const text = letters(bytes, 0, 256).trimStart().toLowerCase();
  if (text.startsWith("<!doctype html") || text.startsWith("<html")) return "HTML";
  return text.startsWith("<svg") || (text.startsWith("<?xml") && text.includes("<svg")) ? "SVG" : undefined;
}

/** [width, height] that a file for the platform claims, so that it need not be unpacked to be refused. */
export function claimedSize(bytes: Uint8Array, format: PlatformFormat): [number, number] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 30) return undefined;
  const u24 = (at: number): number => view.getUint16(at, true) + bytes[at + 2] * 65536;
  if (format === "GIF") return [view.getUint16(6, true), view.getUint16(8, true)];
  if (format === "BMP")
    return view.getUint32(14, true) === 12
      ? [view.getUint16(18, true), view.getUint16(20, true)]
      : [Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true))];
  if (format === "WebP") {
    // The container's specification (RFC 9649): extended, lossless or lossy.
    const kind = letters(bytes, 12, 16);
    if (kind === "VP8X") return [u24(24) + 1, u24(27) + 1];
    if (kind === "VP8L")
      return [(view.getUint16(21, true) & 0x3fff) + 1, ((view.getUint32(21, true) >> 14) & 0x3fff) + 1];
    if (kind === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    return undefined;
  }
  return avifSize(bytes, view);
}

/** The largest of the `ispe` boxes (ISO/IEC 23008-12, 6.5.3): a grid of tiles has one for the whole and one for tiles. */
function avifSize(bytes: Uint8Array, view: DataView): [number, number] | undefined {
  let size: [number, number] | undefined;
  const end = bytes.length - 16;
  for (let at = bytes.indexOf(0x69, 4); at >= 0 && at <= end; at = bytes.indexOf(0x69, at + 1)) {
    if (view.getUint32(at) !== 0x69737065 || view.getUint32(at - 4) !== 20) continue; // a box of 20 bytes: "ispe"
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!size || width * height > size[0] * size[1]) size = [width, height];
  }
  return size;
}
