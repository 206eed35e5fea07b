import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../../../src/core/errors.js";
import { withChannels } from "../../../src/data/image/pixels.js";
import { resizeBox } from "../../../src/data/image/resize.js";
import {
  expectTransform,
  IMAGENET_TRANSFORM,
  type Image,
  type ImageTransform,
  resizeImage,
  transformedShape,
  transformImage,
} from "../../../src/faces/data.js";
import { image } from "./picture.js";

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
