/** From an image of any size to a network's input, described by plain JSON that is stored beside the weights. */
import { expectInteger } from "../../core/check.js";
import { ArgumentError, describe, expectation, ShapeError } from "../../core/errors.js";
import { checked, integer, type Option, oneOf, optional, readOptions, type Schema } from "../../core/options.js";
import type { Size } from "../../core/size.js";
import { tagOf } from "../../core/tag.js";
import { expectImage, type Image, MAX_PIXELS, withChannels } from "./pixels.js";
import { INTERPOLATIONS, type Interpolation, resizeImage } from "./resize.js";

/** Applied in this order, each as torchvision does it on a Pillow image; what is absent is left out. */
export interface ImageTransform {
  /** A number: the shorter side's new length, the other in proportion; [height, width]: exactly that. */
  resize?: number | readonly [number, number];
  /** Default "bilinear". */
  interpolation?: Interpolation;
  /** Cut from the centre: a square, or [height, width]. Smaller images get black borders. */
  crop?: number | readonly [number, number];
  /** Per channel, of values from 0 to 1. Three channels make RGB, one grey. */
  mean: readonly number[];
  std: readonly number[];
}

/**
 * How torchvision's and timm's ImageNet networks were evaluated.
 *
 * @example
 * const photos = await loadImageFolder("photos", { transform: IMAGENET_TRANSFORM });
 */
export const IMAGENET_TRANSFORM = {
  resize: 256,
  interpolation: "bilinear",
  crop: 224,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const satisfies ImageTransform;

/** A size in pixels, of the shorter side or as [height, width]. */
const size: Option<Size> = (where, name, value) => {
  if (Array.isArray(value) && value.length !== 2)
    throw new ArgumentError(expectation(where, name, "a number or [height, width]", describe(value)));
  const side = integer({ min: 1, max: 65535 });
  if (Array.isArray(value)) return [side(where, name, value[0]), side(where, name, value[1])];
  return side(where, name, value);
};

/** One number for all channels, or one for each of three. */
const perChannel = (name: "mean" | "std") => {
  const fits = (value: unknown) => Number.isFinite(value) && (name === "mean" || Number(value) > 0);
  return checked(
    `1 or 3 finite numbers${name === "std" ? " above 0" : ""}`,
    (values): values is readonly number[] =>
      Array.isArray(values) && (values.length === 1 || values.length === 3) && values.every(fits),
  );
};

const schema = () =>
  ({
    resize: optional(size),
    interpolation: optional(oneOf(INTERPOLATIONS)),
    crop: optional(size),
    mean: perChannel("mean"),
    std: perChannel("std"),
  }) satisfies Schema<ImageTransform>;

/**
 * Checks a transform, from JSON for example. `where` begins the error's message.
 *
 * @example
 * const transform = expectTransform("myFunction", model.transform); // throws where it is none of pictures
 */
export function expectTransform(where: string, transform: unknown): ImageTransform {
  if (typeof where !== "string") throw new ArgumentError(expectation("expectTransform", "where", "a string", where));
  const { mean, std } = readOptions(where, transform, schema);
  if (mean.length !== std.length) {
    throw new ArgumentError(expectation(where, "std", `${mean.length} numbers, as many as mean`, std.length));
  }
  return transform as ImageTransform;
}

/**
 * Shape of what `transformImage` makes of an image of `width` x `height`: [height, width, channels].
 *
 * @example
 * const [height, width, channels] = transformedShape(IMAGENET_TRANSFORM, 640, 480); // 224, 224, 3
 */
export function transformedShape(transform: ImageTransform, width: number, height: number): [number, number, number] {
  const where = "transformedShape";
  expectTransform(where, transform);
  expectInteger(where, "width", width, 1);
  expectInteger(where, "height", height, 1);
  return shapeOf(transform, width, height);
}

function shapeOf(transform: ImageTransform, width: number, height: number): [number, number, number] {
  const [resizedHeight, resizedWidth] = resizedSize(transform.resize, width, height);
  const [cropHeight, cropWidth] = pair(transform.crop) ?? [resizedHeight, resizedWidth];
  return [cropHeight, cropWidth, transform.mean.length];
}

const pair = (size: number | readonly [number, number] | undefined): readonly [number, number] | undefined =>
  typeof size === "number" ? [size, size] : size;

/** [height, width]. The longer side is rounded down, as torchvision's Resize does. */
function resizedSize(resize: ImageTransform["resize"], width: number, height: number): readonly [number, number] {
  if (resize === undefined) return [height, width];
  if (typeof resize !== "number") return resize;
  return width <= height
    ? [Math.floor((resize * height) / width), resize]
    : [resize, Math.floor((resize * width) / height)];
}

/** Python's round: halves to the even neighbour. */
const roundEven = (x: number): number => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/**
 * The network's input: NHWC, normalised. `out` takes it where given, from `offset` on, so that batches are filled in
 * place; otherwise it is a new tensor [1, height, width, channels].
 *
 * @example
 * const { data, shape } = transformImage(picture, IMAGENET_TRANSFORM); // shape [1, 224, 224, 3]
 */
export function transformImage(
  image: Image,
  transform: ImageTransform,
  out?: Float32Array,
  offset = 0,
): { data: Float32Array; shape: [number, number, number, number] } {
  const where = "transformImage";
  expectTransform(where, transform);
  const channels = transform.mean.length as 1 | 3;
  expectImage(where, image);
  const [height, width] = shapeOf(transform, image.width, image.height);
  if (height * width > MAX_PIXELS)
    throw new ShapeError(expectation(where, "transform", `at most ${MAX_PIXELS} pixels`, `${height} x ${width}`));
  const flat = withChannels(where, image, channels);
  const [resizedHeight, resizedWidth] = resizedSize(transform.resize, flat.width, flat.height);
  const resized = resizeImage(flat, resizedWidth, resizedHeight, transform.interpolation);
  const data = out ?? new Float32Array(height * width * channels);
  expectInteger(where, "offset", offset, 0, Number.MAX_SAFE_INTEGER);
  if (tagOf(data) !== "Float32Array" || data.length < offset + height * width * channels) {
    const expected = `a Float32Array with ${height * width * channels} values from ${offset} on`;
    throw new ShapeError(expectation(where, "out", expected, describe(out)));
  }
  const top = cropStart(resized.height, height);
  const left = cropStart(resized.width, width);
  let at = offset;
  for (let row = top; row < top + height; row++) {
    for (let column = left; column < left + width; column++) {
      const inside = row >= 0 && row < resized.height && column >= 0 && column < resized.width;
      for (let c = 0; c < channels; c++) {
        const byte = inside ? resized.data[(row * resized.width + column) * channels + c] : 0;
        data[at++] = (byte / 255 - transform.mean[c]) / transform.std[c];
      }
    }
  }
  return { data, shape: [1, height, width, channels] };
}

/** Where a centred window begins; before 0 where it is larger than the image. */
const cropStart = (size: number, window: number): number =>
  window > size ? -Math.floor((window - size) / 2) : roundEven((size - window) / 2);
