import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ArgumentError, DataError, FormatError, ShapeError } from "../../../src/core/errors.js";
import { decodeImage } from "../../../src/data/image/decode.js";
import { withChannels } from "../../../src/data/image/pixels.js";
import { resizeBox } from "../../../src/data/image/resize.js";
import {
  expectTransform,
  IMAGENET_TRANSFORM,
  type Image,
  type ImageTransform,
  loadImageFolder,
  resizeImage,
  transformedShape,
  transformImage,
} from "../../../src/faces/data.js";
import { image } from "./picture.js";
import { read } from "./read.js";

const folder = new URL("../../golden/images/", import.meta.url);
const json = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const golden = json("images.json");
const sha256 = (data: Uint8Array | Uint8ClampedArray): string => createHash("sha256").update(data).digest("hex");

describe("resizeImage", () => {
  it.each<[number, number, number, number, number, "bilinear" | "bicubic", string]>(golden.resize)(
    "%i x %i, %i channels, to %i x %i, %s: bit for bit as Pillow",
    (width, height, channels, toWidth, toHeight, interpolation, expected) => {
      const resized = resizeImage(image(width, height, channels), toWidth, toHeight, interpolation);
      expect(resized).toMatchObject({ width: toWidth, height: toHeight });
      expect(sha256(resized.data)).toBe(expected);
    },
  );

  it("resizes boxes of floats as Pillow crops and resizes them", () => {
    for (const [top, left, height, width, interpolation, expected] of golden.boxes) {
      const x = Float32Array.from(image(12, 10, 1).data, (value) => value / 255);
      resizeBox(x, { height: 10, width: 12, channels: 1 }, { top, left, height, width }, interpolation);
      for (const [i, value] of x.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(2e-6);
    }
  });

  it("refuses bad sizes and images", () => {
    const good = image(4, 4, 3);
    expect(() => resizeImage(good, 0, 4)).toThrow("resizeImage: width expected an integer");
    expect(() => resizeImage(good, 4, 4, "cubic" as never)).toThrow(ArgumentError);
    expect(() => resizeImage({ ...good, width: 5 }, 4, 4)).toThrow(ShapeError);
    expect(() => resizeImage({ ...good, width: 5 }, 4, 4)).toThrow(
      "1, 2, 3 or 4 bytes for each of 5 x 4 pixels, got 48 bytes",
    );
    expect(() => resizeImage({ ...good, height: 0 }, 4, 4)).toThrow("a width and height above 0, got 4 x 0");
    expect(() => resizeImage(null as never, 4, 4)).toThrow(ArgumentError);
  });
});

describe("withChannels", () => {
  it("makes grey as Pillow does, drops alpha, repeats grey", () => {
    expect(sha256(withChannels("t", image(37, 23, 3), 1).data)).toBe(golden.luma);
    const rgba: Image = { data: Uint8ClampedArray.of(1, 2, 3, 0, 4, 5, 6, 9), width: 2, height: 1 };
    expect([...withChannels("t", rgba, 3).data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...withChannels("t", { data: Uint8Array.of(7, 0, 8, 0), width: 2, height: 1 }, 3).data]).toEqual([
      7, 7, 7, 8, 8, 8,
    ]);
    expect([...withChannels("t", { data: Uint8Array.of(7, 0, 8, 0), width: 2, height: 1 }, 1).data]).toEqual([7, 8]);
  });
});

describe("transformImage", () => {
  const { mean, std } = IMAGENET_TRANSFORM;
  it.each(golden.transformed as Record<string, unknown>[])("does what torchvision does, case %#", (expected) => {
    const [width, height, channels] = expected["image"] as [number, number, number];
    const picture = image(width, height, channels);
    const transform: ImageTransform = {
      ...(expected["resize"] ? { resize: expected["resize"] as number } : {}),
      ...(expected["crop"] ? { crop: expected["crop"] as number } : {}),
      interpolation: expected["interpolation"] as "bilinear",
      mean,
      std,
    };
    const { data, shape } = transformImage(picture, transform);
    expect(shape).toEqual([1, ...(expected["shape"] as number[])]);
    expect(transformedShape(transform, width, height)).toEqual(expected["shape"]);
    for (const [i, value] of (expected["first"] as number[]).entries()) expect(data[i]).toBeCloseTo(value, 5);
    const raw = transformImage(picture, { ...transform, mean: [0, 0, 0], std: [1, 1, 1] }).data;
    expect(sha256(Uint8Array.from(raw, (value) => Math.round(value * 255)))).toBe(expected["sha256"]);
  });

  it("fills a batch in place", () => {
    const transform = { crop: 2, mean: [0], std: [1] };
    const out = new Float32Array(9).fill(-1);
    transformImage({ data: Uint8Array.of(255, 0, 51, 255), width: 2, height: 2 }, transform, out, 4);
    expect([...out]).toEqual([-1, -1, -1, -1, 1, 0, Math.fround(0.2), 1, -1]);
    expect(() => transformImage(image(2, 2, 1), transform, out, 6)).toThrow("4 values from 6 on, got Float32Array(9)");
  });

  it("survives JSON and refuses what is no transform", () => {
    expect(expectTransform("t", JSON.parse(JSON.stringify(IMAGENET_TRANSFORM)))).toEqual(IMAGENET_TRANSFORM);
    const base = { mean: [0, 0, 0], std: [1, 1, 1] };
    const bad: [unknown, string][] = [
      [{ ...base, resize: 0 }, "t: resize expected an integer"],
      [{ ...base, resize: [1, 2, 3] }, "resize expected a number or [height, width], got [1, 2, 3]"],
      [{ ...base, crop: "224" }, "crop expected an integer"],
      [{ ...base, interpolation: "nearest" }, "interpolation expected"],
      [{ ...base, mean: [0] }, "std expected 1 numbers, as many as mean, got 3"],
      [{ ...base, std: [1, 0, 1] }, "std expected 1 or 3 finite numbers above 0, got [1, 0, 1]"],
      [{ ...base, mean: [0, Number.NaN, 0] }, "mean expected 1 or 3 finite numbers"],
      [{ std: [1] }, "mean expected 1 or 3 finite numbers, got undefined"],
      [{ ...base, scale: 2 }, '"scale"'],
      [[], "options expected an object"],
    ];
    for (const [transform, message] of bad) {
      expect(() => expectTransform("t", transform), JSON.stringify(transform)).toThrow(ArgumentError);
      expect(() => expectTransform("t", transform)).toThrow(message);
    }
  });
});

describe("decodeImage", () => {
  const decoded = json("decoded.json");
  it.each(Object.keys(decoded))("%s as Pillow", (name) => {
    const picture = decodeImage(readFileSync(new URL(name, folder)), name);
    expect([picture.width, picture.height]).toEqual(decoded[name].size);
    const { data } = withChannels("t", picture, 3);
    if (decoded[name].rgb) expect(sha256(data)).toBe(decoded[name].rgb);
    else {
      // Pillow smooths chroma that was stored at half size, jpeg-js repeats it: a few levels, on this steep ramp.
      const bound = name === "half.jpg" ? 24 : 3;
      for (const [i, value] of data.entries())
        expect(Math.abs(value - decoded[name].pixels[i])).toBeLessThanOrEqual(bound);
    }
  });

  it("refuses anything else with a FormatError", () => {
    const bad = (bytes: Uint8Array, message: string) => expect(() => decodeImage(bytes, "a.png")).toThrow(message);
    bad(new Uint8Array(), "decodeImage: a.png: file expected JPEG or PNG, got bytes none");
    bad(Uint8Array.of(0x47, 0x49, 0x46, 0x38), "got bytes 47 49 46 38");
    const png = Uint8Array.from(readFileSync(new URL("rgb.png", folder)));
    const large = png.slice();
    large.set([0, 1, 0, 0, 0, 1, 0, 0], 16);
    bad(large, "4294967296 pixels, at most 100000000 are allowed");
    bad(png.subarray(0, 20), "a whole, valid image, got end after 20 bytes");
    expect(() => decodeImage(png, "a.png", 10)).toThrow(/pixels, at most 10 are allowed/);
    const jpeg = Uint8Array.from(readFileSync(new URL("smooth.jpg", folder)));
    expect(() => decodeImage(jpeg, "a.jpg", 10)).toThrow(/maxResolutionInMP limit exceeded/);
    fc.assert(
      fc.property(
        fc.constantFrom("rgb.png", "palette.png", "bit.png", "smooth.jpg", "half.jpg"),
        fc.nat(),
        fc.nat(255),
        fc.boolean(),
        (name, at, value, cut) => {
          const bytes = Uint8Array.from(readFileSync(new URL(name, folder)));
          bytes[at % bytes.length] = value;
          try {
            const { data, width, height } = decodeImage(cut ? bytes.subarray(0, at % bytes.length) : bytes);
            expect(data.length % (width * height)).toBe(0);
          } catch (error) {
            if (!(error instanceof FormatError)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("PNG files that unpack to more than their pixels", () => {
  const chunk = (type: string, data: Uint8Array) => {
    const bytes = Buffer.alloc(12 + data.length); // the checksum stays 0
    bytes.writeUInt32BE(data.length, 0);
    bytes.write(type, 4);
    bytes.set(data, 8);
    return bytes;
  };
  const file = (data: Uint8Array, ...more: Buffer[]) => {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(2, 0);
    header.writeUInt32BE(2, 4);
    header.set([8, 2, 0, 0, 0], 8);
    const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
    const end = chunk("IEND", new Uint8Array());
    return Uint8Array.from(
      Buffer.concat([signature, chunk("IHDR", header), ...more, chunk("IDAT", deflateSync(data)), end]),
    );
  };
  const rows = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12);
  const bomb = new Uint8Array(50e6);

  it("in the pixel data are refused early", () => {
    expect(decodeImage(file(rows)).data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    expect(() => decodeImage(file(bomb))).toThrow("more data than 2 x 2 pixels take");
  });

  it("elsewhere are read without that", () => {
    const profile = Buffer.concat([Buffer.from("name\0\0"), deflateSync(bomb)]);
    const before = process.memoryUsage().arrayBuffers;
    const { data } = decodeImage(file(rows, chunk("iCCP", profile)));
    expect(data.length).toBe(12);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });
});

describe("loadImageFolder", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "images-"));
    const put = async (from: string, to: string) => {
      await mkdir(join(root, to, ".."), { recursive: true });
      await copyFile(new URL(from, folder), join(root, to));
    };
    await put("rgb.png", "dog/b.png");
    await put("grey.png", "dog/deep/a.PNG");
    await put("smooth.jpg", "cat/1.jpeg");
    await put("smooth.jpg", ".hidden/1.jpeg");
    await put("smooth.jpg", "stray.jpg");
    await put("decoded.json", "cat/notes.json");
  });
  afterAll(() => rm(root, { recursive: true }));
  const transform = { resize: [5, 7], mean: [0, 0, 0], std: [1, 1, 1] } as const;

  it("reads classes by name, with and without prefetching and cache", async () => {
    const dataset = await loadImageFolder(root, { transform });
    expect(dataset).toMatchObject({ length: 3, inputShape: [5, 7, 3], classes: 2, classNames: ["cat", "dog"] });
    expect(dataset.paths).toEqual(["cat/1.jpeg", "dog/b.png", "dog/deep/a.PNG"]);
    const { x, y } = read(dataset);
    expect([...y]).toEqual([0, 1, 1]);
    expect(x.subarray(105, 210)).toEqual(Float32Array.from(image(7, 5, 3).data, (value) => value / 255));
    const lean = await loadImageFolder(pathToFileURL(root), { transform, cacheBytes: 0 });
    await lean.prefetch!([2, 0]);
    expect(read(lean, [2, 0]).x.subarray(105)).toEqual(x.subarray(0, 105));
    expect(read(lean).x).toEqual(x);
  });

  it("says what is wrong", async () => {
    const absent = loadImageFolder(join(root, "none"), { transform });
    await expect(absent).rejects.toThrow(DataError);
    await expect(absent).rejects.toThrow("loadImageFolder: folder expected a readable folder, got ENOENT");
    await expect(loadImageFolder(join(root, "dog"), { transform })).resolves.toMatchObject({ classNames: ["deep"] });
    await expect(loadImageFolder(join(root, "dog", "deep"), { transform })).rejects.toThrow(
      "images at <class>/<name>.jpg",
    );
    const sizes = { resize: 5, mean: [0], std: [1] };
    await expect(loadImageFolder(root, { transform: sizes })).rejects.toThrow(
      "crop, or resize: [height, width], got 5 without crop",
    );
    await expect(loadImageFolder(3 as never, { transform })).rejects.toThrow("a path or a file: URL, got 3");
    await expect(loadImageFolder(root, {} as never)).rejects.toThrow(ArgumentError);

    await mkdir(join(root, "zebra"));
    await writeFile(join(root, "zebra", "broken.png"), "no image");
    const dataset = await loadImageFolder(root, { transform });
    expect(() => read(dataset, [3])).toThrow("decodeImage: zebra/broken.png: file expected JPEG or PNG");
    await expect(dataset.prefetch!([3])).rejects.toThrow(FormatError);
    await rm(join(root, "zebra"), { recursive: true });
    expect(() => read(dataset, [3])).toThrow("zebra/broken.png expected a readable file, got ENOENT");
    expect(read(dataset, [0]).y[0]).toBe(0);
  });
});
