import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { decodeFile } from "../../../src/data/image/decode.js";
import type { Target } from "./fuzz.js";

/** The checksums of a PNG's chunks put right again, three times in four: damage gets past them to what they guard. */
function resealed(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 16 || view.getUint32(0) !== 0x89504e47 || file[file.length >> 1] % 4 === 0) return file;
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > file.length) break;
    view.setUint32(end, crc32(file.subarray(at + 4, end)));
    at = end + 4;
  }
  return file;
}

/** Pictures of every kind, test/golden/images/pictures.json. */
export function picturesTarget(golden: URL): Target {
  const { files, turned } = JSON.parse(readFileSync(new URL("images/pictures.json", golden), "utf8"));
  const goldens = Object.values({ ...files, ...turned } as Record<string, { file: string }>);
  return {
    files: goldens.map(({ file }) => Uint8Array.from(Buffer.from(file, "base64"))),
    prepare: resealed,
    // A million pixels: 4 bytes each, and for the four components of a progressive JPEG 12; a PNG's slice unpacks to 17 MB.
    limit: 40e6,
    read(bytes) {
      const { data, width, height } = decodeFile(bytes, { maxPixels: 1e6, exifOrientation: true });
      const channels = data.length / (width * height);
      if (![1, 2, 3, 4].includes(channels)) throw new Error(`${width} x ${height}: ${data.length} bytes`);
      return data.length;
    },
  };
}
