/** The library's augmentations: what they are given is checked, and what made them is kept. */
import { ArgumentError, describe, expectation } from "../../core/errors.js";
import { isSize } from "../../core/shape.js";
import { tagOf } from "../../core/tag.js";
import { describeAugmentation } from "../description.js";
import type { BatchAugmentation, ImageAugmentation, SignalAugmentation, SignalShape } from "./augment.js";
import type { ImageShape } from "./pixels.js";

export function makeImageAugmentation(type: string, options: object, made: ImageAugmentation): ImageAugmentation {
  return describeAugmentation(type, options, {
    ...made,
    check: checkOf(type, made),
    apply(x, shape, random, scratch) {
      const size = expectShape(type, shape);
      expectFloats(type, "x", x, size);
      expectFloats(type, "scratch", scratch, size);
      expectRandom(type, random);
      made.apply(x, shape, random, scratch);
    },
  });
}

export function makeBatchAugmentation(type: string, options: object, made: BatchAugmentation): BatchAugmentation {
  return describeAugmentation(type, options, {
    ...made,
    check: checkOf(type, made),
    apply(x, y, count, shape, random) {
      const size = expectShape(type, shape);
      if (!Number.isInteger(count) || count < 1) throw refuse(type, "count", "a number of samples", count);
      expectFloats(type, "x", x, size * count);
      expectFloats(type, "y", y, count);
      expectRandom(type, random);
      made.apply(x, y, count, shape, random);
    },
  });
}

export function makeSignalAugmentation(type: string, options: object, made: SignalAugmentation): SignalAugmentation {
  return describeAugmentation(type, options, {
    ...made,
    apply(x, shape, random, scratch) {
      const { length, channels }: Partial<SignalShape> = { ...shape }; // the length of a proxy cannot be read
      if (!isSize(length) || !isSize(channels)) throw refuse(type, "shape", "{ length, channels }", shape);
      expectFloats(type, "x", x, length * channels);
      expectFloats(type, "scratch", scratch, length * channels);
      expectRandom(type, random);
      made.apply(x, shape, random, scratch);
    },
  });
}

const checkOf =
  (type: string, { check }: ImageAugmentation | BatchAugmentation) =>
  (shape: ImageShape): void => {
    expectShape(type, shape);
    check?.(shape);
  };

/** The number of values. */
function expectShape(type: string, shape: ImageShape): number {
  const { height, width, channels }: Partial<ImageShape> = Object(shape);
  if (isSize(height) && isSize(width) && isSize(channels)) return height * width * channels;
  throw refuse(type, "shape", "{ height, width, channels }", shape);
}

function expectFloats(type: string, name: string, values: Float32Array, least: number): void {
  if (tagOf(values) !== "Float32Array" || values.length < least)
    throw refuse(type, name, `a Float32Array of at least ${least}`, values);
}

function expectRandom(type: string, random: unknown): void {
  const { uniform, integer }: { uniform?: unknown; integer?: unknown } = Object(random);
  if (typeof uniform !== "function" || typeof integer !== "function")
    throw refuse(type, "random", "the generator that augment gives", random);
}

const refuse = (type: string, name: string, expected: string, got: unknown): ArgumentError =>
  new ArgumentError(expectation(type, name, expected, describe(got)));
