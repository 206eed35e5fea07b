// Pictures as Pillow decodes them, and files that are refused.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { ArgumentError, FormatError, RuntimeSupportError, ShapeError } from "../../../src/core/errors.js";
import { decodeFile } from "../../../src/data/image/decode.js";
import { claimedSize, formatOf, type PlatformFormat } from "../../../src/data/image/formats.js";
import type { Image } from "../../../src/data/image/pixels.js";
import { withChannels } from "../../../src/data/image/pixels.js";
import { decodeImage, toImage } from "../../../src/faces/data.js";
import { chunk, crc32, goldenFile, goldens, packedPng, platformGoldens, png, turnedGoldens } from "./pictures.js";

const sha256 = (data: Uint8Array | Uint8ClampedArray): string => createHash("sha256").update(data).digest("hex");
const options = { maxPixels: 1e8, exifOrientation: true };
const decode = (bytes: Uint8Array, more: object = {}): Image => decodeFile(bytes, { ...options, ...more });

/** The pixels in one of Pillow's modes. */
function inMode({ data, width, height }: Image, mode: "L" | "LA" | "RGB" | "RGBA"): Uint8Array {
  const channels = data.length / (width * height);
  const colours = channels < 3 ? 1 : 3;
  const alpha = channels - colours;
  const out: number[] = [];
  for (let at = 0; at < data.length; at += channels) {
    const pixel = data.subarray(at, at + colours);
    out.push(...(mode.startsWith("RGB") && colours === 1 ? [pixel[0], pixel[0], pixel[0]] : pixel));
    if (mode.endsWith("A")) out.push(alpha ? data[at + colours] : 255);
  }
  return Uint8Array.from(out);
}

describe("decodeImage", () => {
  it.each(Object.keys(goldens))("%s: Pillow's pixels", (name) => {
    const { size, mode, sha256: expected } = goldens[name];
    const picture = decode(goldenFile(name));
    expect([picture.width, picture.height]).toEqual(size);
    expect(sha256(inMode(picture, mode))).toBe(expected);
  });

  const older = JSON.parse(readFileSync(new URL("../../golden/images/decoded.json", import.meta.url), "utf8"));
  it.each(Object.keys(older))("%s: Pillow's pixels", (name) => {
    const picture = decode(goldenFile(name));
    expect([picture.width, picture.height]).toEqual(older[name].size);
    const { data } = withChannels("t", picture, 3);
    if (older[name].rgb) expect(sha256(data)).toBe(older[name].rgb);
    else expect(Array.from(data)).toEqual(older[name].pixels);
  });

  it.each(Object.keys(turnedGoldens))("%s: upright as by Pillow's exif_transpose, or as stored", async (name) => {
    const { size, mode, sha256: expected } = turnedGoldens[name];
    const upright = await decodeImage(goldenFile(name));
    expect([upright.width, upright.height]).toEqual(size);
    expect(sha256(inMode(upright, mode))).toBe(expected);
    const stored = await decodeImage(goldenFile(name), name, { exifOrientation: false });
    expect([stored.width, stored.height]).toEqual(Number(/\d/.exec(name)) > 4 ? size.toReversed() : size);
    expect(sha256(stored.data) === sha256(upright.data)).toBe(name.includes("orientation 1"));
  });

  it("takes an ArrayBuffer, a larger array's part and arrays of other realms", async () => {
    const file = goldenFile("rgb 8 bits.png");
    const { data } = decode(file);
    expect((await decodeImage(file.buffer)).data).toEqual(data);
    const part = new Uint8Array(file.length + 20).subarray(7, 7 + file.length);
    part.set(file);
    expect((await decodeImage(part)).data).toEqual(data);
    const { runInNewContext } = await import("node:vm");
    const foreign = runInNewContext(`new Uint8Array([${file.join()}])`);
    expect(foreign instanceof Uint8Array).toBe(false);
    expect((await decodeImage(foreign)).data).toEqual(data);
  });

  it("refuses arguments of other kinds", async () => {
    for (const bytes of [null, undefined, "a.png", [1, 2], new Int16Array(4), {}, 3, new Blob([])])
      await expect(decodeImage(bytes as never)).rejects.toThrow(ArgumentError);
    const file = goldenFile("rgb 8 bits.png");
    await expect(decodeImage(file, 3 as never)).rejects.toThrow("decodeImage: fileName expected a string, got 3");
    await expect(decodeImage(file, "a", { maxPixels: 0 })).rejects.toThrow("maxPixels expected an integer from 1");
    await expect(decodeImage(file, "a", { orientation: 1 } as never)).rejects.toThrow("orientation");
  });

  it.each<[string, string | number[], string]>([
    ["nothing", [], "bytes none"],
    ["GIF", "GIF89a", "GIF"],
    ["TIFF", "II*\0", "TIFF. Save it as JPEG or PNG"],
    ["HEIC", "\0\0\0\x18ftypheic", "HEIC. Save it"],
    ["JPEG XL", [0xff, 0x0a], "JPEG XL"],
    ["SVG", '<?xml version="1.0"?><svg xmlns=""/>', "SVG"],
    ["a page", "<!DOCTYPE html><title>404", "HTML. A web page is no picture"],
    ["text", "no image", "bytes 6e 6f 20 69"],
  ])("names %s", (_, start, got) => {
    const bytes = typeof start === "string" ? Uint8Array.from(Buffer.from(start, "latin1")) : Uint8Array.from(start);
    expect(() => decode(bytes, { fileName: "a.png" })).toThrow(FormatError);
    expect(() => decode(bytes, { fileName: "a.png" })).toThrow(
      `decodeImage: a.png: file expected JPEG or PNG, got ${got}`,
    );
  });
});

describe("toImage", () => {
  it("takes pixels as they are, and files in bytes and blobs", async () => {
    const pixels = { data: new Uint8Array(12), width: 2, height: 2 };
    expect(await toImage(pixels)).toBe(pixels);
    const file = goldenFile("orientation 6.png");
    const { data } = decode(file);
    expect((await toImage(file)).data).toEqual(data);
    expect((await toImage(file.buffer)).data).toEqual(data);
    expect((await toImage(new Blob([file]))).data).toEqual(data);
    expect((await toImage(new Blob([file]), { exifOrientation: false })).data).not.toEqual(data);
    await expect(toImage(new File([file.subarray(0, 30)], "a.png"))).rejects.toThrow(
      "decodeImage: a.png: PNG: file expected",
    );
  });

  it("refuses other things, and sizes that do not fit", async () => {
    for (const source of [null, undefined, 3, "a.png", {}, [], new Float32Array(4)])
      await expect(toImage(source as never)).rejects.toThrow(ArgumentError);
    await expect(toImage({ data: new Uint8Array(11), width: 2, height: 2 })).rejects.toThrow(ShapeError);
    await expect(toImage({ data: new Float32Array(12), width: 2, height: 2 } as never)).rejects.toThrow(ArgumentError);
    const pixels = { data: new Uint8Array(12), width: 2, height: 2 };
    await expect(toImage(pixels, { maxPixels: 3 })).rejects.toThrow("1 to 3 pixels, got 2 x 2, 4 pixels");
    const bitmap = { [Symbol.toStringTag]: "ImageBitmap", width: 2, height: 2 };
    await expect(toImage(bitmap as never)).rejects.toThrow(RuntimeSupportError);
    await expect(toImage({ ...bitmap, width: 0 } as never)).rejects.toThrow(
      "got 0 x 2, 0 pixels. Wait until it is loaded",
    );
  });
});

describe("JPEG files", () => {
  const file = goldenFile("35x18 2x2.jpg");
  const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
  const changed = (changes: Record<number, number>, from = file): Uint8Array => {
    const bytes = from.slice();
    for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
    return bytes;
  };

  it("of kinds that nobody shows are refused by name", () => {
    for (const [marker, name] of [
      [0xc3, "lossless"],
      [0xc5, "hierarchical"],
      [0xc9, "arithmetic coding"],
      [0xca, "arithmetic coding, progressive"],
    ] as const)
      expect(() => decode(changed({ [frame + 1]: marker }))).toThrow(
        `JPEG: JPEG expected baseline or progressive Huffman coding of 8 bits, got ${name}. Save it again`,
      );
    expect(() => decode(changed({ [frame + 4]: 12 }))).toThrow("got 12 bits. Save it again");
    expect(() => decode(changed({ [frame + 5]: 0, [frame + 6]: 0 }))).toThrow("got 0, to be defined later (DNL)");
    expect(() => decode(changed({ [frame + 11]: 0x32, [frame + 14]: 0x21 }))).toThrow(
      "sampling expected divisors of 3 x 2, got 2 x 1",
    );
  });

  it("are whole without their end marker, and cut anywhere else are refused", () => {
    expect(decode(file.subarray(0, -2))).toEqual(decode(file));
    for (const name of ["35x18 2x2.jpg", "35x18 2x2 restart.jpg", "35x18 2x2 progressive.jpg", "cmyk.jpg"]) {
      const whole = goldenFile(name);
      const end = name.includes("progressive") ? whole.length : whole.length - 3;
      for (let length = 3; length < end; length += length < 700 ? 41 : 3)
        expect(() => decode(whole.subarray(0, length)), `${name}, ${length} bytes`).toThrow(FormatError);
    }
  });

  it("of more pixels than allowed are refused by their header", () => {
    expect(() => decode(file, { maxPixels: 629 })).toThrow("size expected 1 to 629 pixels, got 35 x 18, 630 pixels");
    expect(decode(file, { maxPixels: 630 }).width).toBe(35);
  });

  it("of few bytes that claim many pixels are refused before memory is asked for", () => {
    for (const name of ["35x18 2x2.jpg", "35x18 2x2 progressive.jpg", "grey.jpg"]) {
      const whole = goldenFile(name);
      const at = whole.findIndex((byte, i) => byte === 0xff && (whole[i + 1] === 0xc0 || whole[i + 1] === 0xc2));
      const claims = changed({ [at + 5]: 0x27, [at + 6]: 0x10, [at + 7]: 0x27, [at + 8]: 0x10 }, whole);
      const before = process.memoryUsage().arrayBuffers;
      expect(() => decode(claims)).toThrow(/file expected at least \d+ bytes for 10000 x 10000 pixels, got/);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    }
  });

  it("whose scans do not follow each other are refused: their number bounds the time", () => {
    const whole = goldenFile("35x18 2x2 progressive.jpg");
    const scan = whole.findLastIndex((byte, i) => byte === 0xff && whole[i + 1] === 0xda);
    const repeated = Buffer.concat([whole.subarray(0, -2), whole.subarray(scan)]);
    expect(() => decode(Uint8Array.from(repeated))).toThrow("scan header expected the next of a progression");
    const again = file.findLastIndex((byte, i) => byte === 0xff && file[i + 1] === 0xda);
    const twice = Buffer.concat([file.subarray(0, -2), file.subarray(again)]);
    expect(() => decode(Uint8Array.from(twice))).toThrow("file expected one scan a component, got another");
  });

  it("of few bytes whose scans refine nothing take no longer than their pixels", () => {
    const side = 4000;
    const blocks = (side / 8) ** 2;
    const segment = (marker: number, ...bytes: number[]): number[] => [0xff, marker, 0, bytes.length + 2, ...bytes];
    const zeros = (count: number): number[] => Array(count).fill(0);
    // The AC codes: 0 begins a run of 2^14 blocks and more without coefficients, 10 is never used.
    const tables = [
      ...segment(0xdb, 0, ...Array(64).fill(1)),
      ...segment(0xc2, 8, side >> 8, side & 255, side >> 8, side & 255, 1, 1, 0x11, 0),
      ...segment(0xc4, 0x00, 1, ...zeros(15), 0),
      ...segment(0xc4, 0x10, 1, 1, ...zeros(14), 0xe0, 0x01),
    ];
    const runs = zeros(Math.ceil((blocks / 2 ** 14) * 2) + 2);
    const file = (refined: boolean): Uint8Array => {
      const scans = [segment(0xda, 1, 1, 0, 0, 0, 0), zeros(blocks / 8)];
      for (let low = 13; low >= 0 && refined; low--)
        scans.push(segment(0xda, 1, 1, 0, 1, 63, low === 13 ? low : ((low + 1) << 4) | low), runs);
      return Uint8Array.from([0xff, 0xd8, ...tables, ...scans.flat(), 0xff, 0xd9]);
    };
    const time = (bytes: Uint8Array): number => {
      const begin = performance.now();
      expect(decode(bytes).data.length).toBe(side * side);
      return performance.now() - begin;
    };
    const [plain, refined] = [file(false), file(true)];
    const times = [1, 2, 3].map(() => ({ plain: time(plain), refined: time(refined) }));
    // 1.4 times as long; 7 times when each scan looks at each coefficient.
    expect(Math.min(...times.map((each) => each.refined / each.plain))).toBeLessThan(4);
  });

  it("with a wrong restart marker, table or component are refused", () => {
    const restarts = goldenFile("35x18 2x2 restart.jpg");
    const marker = restarts.findIndex((byte, i) => byte === 0xff && restarts[i + 1] === 0xd0);
    expect(() => decode(changed({ [marker + 1]: 0xd3 }, restarts))).toThrow("expected restart marker 0 at byte");
    const scan = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xda);
    expect(() => decode(changed({ [scan + 5]: 9 }))).toThrow("scan header expected components of the frame, got 9");
    expect(() => decode(changed({ [scan + 6]: 0x33 }))).toThrow("scan expected Huffman table 3, got none");
    expect(() => decode(changed({ [frame + 12]: 3 }))).toThrow("scan expected quantisation table 3, got none");
  });
});

describe("PNG files", () => {
  const rgb = { width: 2, height: 2, depth: 8, type: 2 };
  const rows = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12);

  it("with any one bit flipped are refused, or give the same pixels", () => {
    for (const name of ["rgb 8 bits.png", "palette alpha.png", "grey 16 bits interlaced.png"]) {
      const file = goldenFile(name);
      const { data } = decode(file);
      let refused = 0;
      for (let bit = 0; bit < 8 * file.length; bit++) {
        const bytes = file.slice();
        bytes[bit >> 3] ^= 1 << (bit & 7);
        try {
          expect(decode(bytes).data, `${name}, bit ${bit}`).toEqual(data);
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          refused++;
        }
      }
      expect(refused).toBe(8 * file.length);
    }
  });

  it("that unpack to more, or to less, than their pixels are refused early", () => {
    expect(decode(png(rgb, rows)).data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    const bomb = png(rgb, new Uint8Array(200e6));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decode(bomb)).toThrow("pixel data expected 14 bytes, got more");
    expect(() => decode(png(rgb, rows.subarray(0, 13)))).toThrow("pixel data expected 14 bytes, got fewer");
    const large = { width: 10_000, height: 10_000, depth: 16, type: 6 };
    expect(() => decode(png(large, rows))).toThrow("pixel data expected 800010000 bytes, got 22 packed, at most");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(70e6);
    expect(() => decode(png(large, rows), { maxPixels: 1e6 })).toThrow(
      "size expected 1 to 1000000 pixels, got 10000 x",
    );
  });

  it("of rows without end are refused: a pixel each, they take long to unfilter", () => {
    const narrow = { width: 1, height: 50_000_000, depth: 1, type: 0 };
    expect(() => decode(png(narrow, new Uint8Array(1000)))).toThrow(
      "size expected sides of at most 1000000 pixels, got 1 x",
    );
  });

  it("whose other chunks are packed are read without unpacking these", () => {
    const profile = Buffer.concat([Buffer.from("name\0\0"), deflateSync(new Uint8Array(50e6))]);
    const before = process.memoryUsage().arrayBuffers;
    expect(decode(png(rgb, rows, [chunk("iCCP", profile)])).data.length).toBe(12);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });

  it("with a wrong checksum of their pixels, header or palette are refused", () => {
    const packed = deflateSync(rows);
    packed[packed.length - 1] ^= 1;
    expect(() => decode(packedPng(rgb, packed))).toThrow("checksum of the pixel data expected");
    expect(() => decode(packedPng(rgb, packed.subarray(2)))).toThrow("pixel data expected a zlib stream");
    expect(() => decode(packedPng(rgb, Buffer.concat([packed.subarray(0, 4), packed.subarray(9)])))).toThrow(
      FormatError,
    );
    expect(() => decode(png({ ...rgb, depth: 4 }, rows))).toThrow("expected a colour type and its bits, got 2, 4");
    expect(() => decode(png({ ...rgb, width: 0 }, rows))).toThrow("got 0 x 2, 0 pixels");
    expect(() => decode(png({ ...rgb, interlaced: 2 }, rows))).toThrow("got 0, 0 and 2");
    const indexed = { width: 2, height: 1, depth: 8, type: 3 };
    const indices = Uint8Array.of(0, 1, 2);
    expect(() => decode(png(indexed, indices))).toThrow("chunk PLTE expected 3 bytes a colour, got none");
    const colours = chunk("PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(() => decode(png(indexed, indices, [colours]))).toThrow("expected indices of 2 colours, got 2");
    expect(() => decode(png(rgb, rows, [chunk("ABCD", rows)]))).toThrow(
      "chunk expected IHDR, PLTE, IDAT or IEND, got ABCD",
    );
    expect(() => decode(png(rgb, Uint8Array.of(5, ...rows.subarray(1))))).toThrow("filters 0 to 4, got 5");
  });

  it("of 16 bits and 30 megapixels are decoded, in memory that does not grow with what they unpack to", () => {
    const [width, height] = [6000, 5000];
    // 60 MB of zeros, and a sum that is told in advance: 227 kB of file and less.
    const file = png({ width, height, depth: 16, type: 0 }, new Uint8Array((2 * width + 1) * height));
    const picture = decode(file);
    expect(file.length).toBeLessThan(227_000);
    expect(picture.data.length).toBe(width * height);
    expect(picture.data.every((value) => value === 0)).toBe(true);
  });

  it("have the checksum of the specification", () => {
    expect(crc32(Buffer.from("123456789")).toString(16)).toBe("cbf43926");
  });
});

describe("WebP and AVIF", () => {
  it.each(Object.keys(platformGoldens))("%s is known, and its size, before anybody decodes it", (name) => {
    const file = goldenFile(name);
    const format = formatOf(file);
    expect(format?.toLowerCase()).toBe(name.split(".")[1]);
    expect(claimedSize(file, format as PlatformFormat)).toEqual(platformGoldens[name].size);
    for (let length = 0; length < file.length; length += 3)
      expect(() => claimedSize(file.subarray(0, length), format as PlatformFormat)).not.toThrow();
  });

  const webp = Uint8Array.from(
    Buffer.from("RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\x03\x40\0\0\0\0\0\0\0\0\0\0\0", "latin1"),
  );

  it("are refused by name, with a cure, where nobody decodes them", async () => {
    const refused = decodeImage(webp, "a.webp");
    await expect(refused).rejects.toThrow(RuntimeSupportError);
    await expect(refused).rejects.toThrow(
      /a\.webp: file expected JPEG or PNG where .*, got WebP\. Save it as JPEG or PNG/,
    );
  });

  it("are decoded by the platform, which is asked for what they claim", async () => {
    const closed = vi.fn();
    const bitmap = vi.fn(async (_blob: Blob, _options: object) => ({ width: 4, height: 2, close: closed }));
    vi.stubGlobal("createImageBitmap", bitmap);
    vi.stubGlobal(
      "OffscreenCanvas",
      class {
        getContext = () => ({
          drawImage: () => {},
          getImageData: (_x: number, _y: number, width: number, height: number) => {
            return { data: new Uint8ClampedArray(4 * width * height) };
          },
        });
      },
    );
    try {
      expect(await decodeImage(webp)).toMatchObject({ width: 4, height: 2, data: new Uint8ClampedArray(32) });
      expect(bitmap.mock.calls[0][0].type).toBe("image/webp");
      expect(bitmap.mock.calls[0][1]).toMatchObject({ imageOrientation: "from-image", premultiplyAlpha: "none" });
      expect(closed).toHaveBeenCalledOnce();
      await expect(decodeImage(webp, "a", { maxPixels: 3 })).rejects.toThrow(
        "size of WebP expected 1 to 3 pixels, got 4 x 2",
      );
      expect(bitmap).toHaveBeenCalledOnce();
      await decodeImage(webp, "a", { exifOrientation: false });
      expect(bitmap.mock.calls[1][1]).toMatchObject({ imageOrientation: "none" });
      bitmap.mockRejectedValueOnce(new Error("The source image could not be decoded."));
      await expect(decodeImage(webp, "a.webp")).rejects.toThrow(
        /a\.webp: file expected a whole, valid WebP, got The source/,
      );
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
