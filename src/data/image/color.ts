/** Colour jitter, after torchvision's ColorJitter on float tensors: values 0 … 1, clipped after each step. */
import { ArgumentError, DataError, describe, expectation } from "../../core/errors.js";
import { type Option, readOptions, type Schema } from "../../core/options.js";
import type { Philox } from "../../core/random.js";
import type { ImageAugmentation } from "./augment.js";
import { expectRgb } from "./geometry.js";
import { makeImageAugmentation } from "./made.js";

/** A number b: factors from max(0, 1 - b) to 1 + b (hue: from -b to b); or the range itself. */
type Strength = number | readonly [number, number];

export interface ColorJitterOptions {
  brightness?: Strength;
  contrast?: Strength;
  saturation?: Strength;
  /** In turns of the colour circle, within [-0.5, 0.5]. */
  hue?: Strength;
}

/**
 * Changes brightness, contrast, saturation and hue, in random order, each by a random factor. RGB images only.
 *
 * @example
 * augment(dataset, [colorJitter({ brightness: 0.2, contrast: 0.2 })]);
 */
export function colorJitter(options: ColorJitterOptions): ImageAugmentation {
  const { brightness, contrast, saturation, hue } = readOptions("colorJitter", options, schema);
  const ranges = [brightness, contrast, saturation, hue];
  const steps = [adjustBrightness, adjustContrast, adjustSaturation, adjustHue];
  return makeImageAugmentation("colorJitter", options, {
    kind: "image",
    check: (shape) => expectRgb("colorJitter", shape),
    apply(x, _, random) {
      checkColours(x);
      for (const step of shuffled(random)) {
        const bounds = ranges[step];
        if (bounds) steps[step](x, bounds[0] + (bounds[1] - bounds[0]) * random.uniform());
      }
    },
  });
}

/** Clipping would make most of normalised values black or white. Those of bicubic crops may lie a little outside. */
function checkColours(x: Float32Array): void {
  const odd = x.find((value) => !(value >= -0.5 && value <= 1.5));
  if (odd === undefined) return;
  const hint = "Put augment before normalise; a dataset of bytes is divided by 255 already";
  throw new DataError(expectation("colorJitter", "colours", "values of 0 to 1", odd, { hint }));
}

const shuffled = (random: Philox): Int32Array => random.shuffle(Int32Array.of(0, 1, 2, 3));

type Range = readonly [number, number];

const range: Option<Range | undefined, Strength | undefined> = (where, name, value) => {
  const strength = value as Strength | undefined;
  if (strength === undefined || strength === 0) return undefined;
  const hue = name === "hue";
  const [low, high] = Array.isArray(strength)
    ? strength
    : typeof strength === "number" && strength > 0
      ? [hue ? -strength : Math.max(0, 1 - strength), hue ? strength : 1 + strength]
      : [Number.NaN, Number.NaN];
  if (Number.isFinite(low) && Number.isFinite(high) && low <= high && (hue ? low >= -0.5 && high <= 0.5 : low >= 0)) {
    return [low, high];
  }
  const expected = hue
    ? "at most 0.5, or [low, high] within it"
    : "a number >= 0, or [low, high] with 0 <= low <= high";
  throw new ArgumentError(expectation(where, name, expected, describe(strength)));
};

const schema = () =>
  ({ brightness: range, contrast: range, saturation: range, hue: range }) satisfies Schema<ColorJitterOptions>;

const clip = (value: number): number => Math.min(1, Math.max(0, value));

const grey = (x: Float32Array, at: number): number => 0.2989 * x[at] + 0.587 * x[at + 1] + 0.114 * x[at + 2];

export function adjustBrightness(x: Float32Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i] = clip(factor * x[i]);
}

/** Away from, or towards, the mean grey of the whole image. */
export function adjustContrast(x: Float32Array, factor: number): void {
  let sum = 0;
  for (let at = 0; at < x.length; at += 3) sum += grey(x, at);
  const mean = sum / (x.length / 3);
  for (let i = 0; i < x.length; i++) x[i] = clip(factor * x[i] + (1 - factor) * mean);
}

/** Away from, or towards, the grey of the same pixel. */
export function adjustSaturation(x: Float32Array, factor: number): void {
  for (let at = 0; at < x.length; at += 3) {
    const base = (1 - factor) * grey(x, at);
    for (let c = at; c < at + 3; c++) x[c] = clip(factor * x[c] + base);
  }
}

/** Turns the hue (of HSV) by `turn`, 1 being a whole turn. */
export function adjustHue(x: Float32Array, turn: number): void {
  for (let at = 0; at < x.length; at += 3) {
    const [r, g, b] = [x[at], x[at + 1], x[at + 2]];
    const value = Math.max(r, g, b);
    const chroma = value - Math.min(r, g, b);
    if (chroma === 0) continue; // grey has no hue
    // In sixths of a turn: red 0, green 2, blue 4.
    const sixth = value === r ? (g - b) / chroma : value === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
    const hue = sixth / 6 + turn;
    const turned = (hue - Math.floor(hue)) * 6;
    // f(n) = V - C max(0, min(k, 4 - k, 1)), k = (n + H) mod 6, for n = 5, 3, 1: red, green, blue.
    for (let c = 0; c < 3; c++) {
      const k = (5 - 2 * c + turned) % 6;
      x[at + c] = clip(value - chroma * Math.max(0, Math.min(k, 4 - k, 1)));
    }
  }
}
