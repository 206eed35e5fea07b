/**
 * From the samples of components to pixels: chroma is brought to full size and colours become RGB, in libjpeg's
 * arithmetic.
 */
import type { Component, Frame } from "./frame.js";

/** What the components are. Inks are stored inverted, as Adobe's programs write them. */
export type ColourSpace = "grey" | "YCbCr" | "RGB" | "CMYK" | "YCCK";

/** Interleaved pixels: 1 channel for grey, 3 otherwise. */
export function toPixels(frame: Frame, space: ColourSpace): Uint8Array {
  const { width, height, components } = frame;
  const rows = components.map((component) => upsampler(component, frame));
  const out = new Uint8Array(width * height * (space === "grey" ? 1 : 3));
  for (let y = 0; y < height; y++) {
    const [a, b, c, d] = rows.map((row) => row(y)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    if (space === "grey") {
      out.set(a.subarray(0, width), y * width);
      continue;
    }
    const line = out.subarray(3 * y * width, 3 * (y + 1) * width);
    if (space === "RGB" || space === "CMYK") {
      for (let x = 0; x < width; x++) {
        line[3 * x] = a[x];
        line[3 * x + 1] = b[x];
        line[3 * x + 2] = c[x];
      }
    } else rgbOf(a, b, c, width, line);
    // Inverted inks are light let through: white 255, no light 0. Black takes its part of the other three's light.
    if (space === "CMYK") for (let i = 0; i < 3 * width; i++) line[i] = dimmed(line[i], d[(i / 3) | 0]);
    if (space === "YCCK") for (let i = 0; i < 3 * width; i++) line[i] = dimmed(255 - line[i], d[(i / 3) | 0]);
  }
  return out;
}

/** Pillow's CMYK to RGB: light - ink · light / 255, rounded, of an ink stored as 255 - ink. */
function dimmed(stored: number, light: number): number {
  const product = (255 - stored) * light + 128;
  return light - (((product >> 8) + product) >> 8);
}

/** Rows of a component at the frame's size; each is valid until the next is asked for. */
function upsampler(component: Component, { width: frameWidth, hMax, vMax }: Frame): (y: number) => Uint8Array {
  const { samples, width, height, h, v } = component;
  const stride = component.blocksWide * 8;
  const row = (y: number): Uint8Array => samples.subarray(y * stride, (y + 1) * stride);
  const [across, down] = [hMax / h, vMax / v];
  if (across === 1 && down === 1) return row;
  const out = new Uint8Array(stride * across);
  // The triangle filter: a sample's centre lies at a quarter between two stored ones, so 3/4 of the nearer, 1/4 of the
  // farther. libjpeg leaves out the narrowest images, and rows of half height without columns of half width stay filtered.
  const smoothAcross = across === 2 && width > 2;
  if (down === 2 && (smoothAcross || across === 1)) {
    const sums = new Int16Array(stride);
    return (y) => {
      const near = y >> 1;
      const far = Math.min(height - 1, Math.max(0, y & 1 ? near + 1 : near - 1));
      const [a, b] = [near * stride, far * stride];
      for (let x = 0; x < width; x++) sums[x] = 3 * samples[a + x] + samples[b + x];
      if (across === 2) widen(sums, width, out, 4);
      else for (let x = 0, bias = y & 1 ? 2 : 1; x < width; x++) out[x] = (sums[x] + bias) >> 2;
      return out;
    };
  }
  if (down === 1 && smoothAcross) {
    return (y) => {
      widen(row(y), width, out, 1);
      return out;
    };
  }
  return (y) => {
    const from = ((y / down) | 0) * stride;
    for (let x = 0; x < frameWidth; x++) out[x] = samples[from + ((x / across) | 0)];
    return out;
  };
}

/**
 * The triangle filter along a row of `width` values that are `scale` (1 or 4) times samples. Halves are rounded down on the
 * left and up on the right of a sample, so that no drift adds up.
 */
function widen(values: Uint8Array | Int16Array, width: number, out: Uint8Array, scale: 1 | 4): void {
  const shift = scale === 1 ? 2 : 4;
  const [left, right] = scale === 1 ? [1, 2] : [8, 7];
  let before = values[0];
  let value = before;
  for (let x = 0; x < width; x++) {
    const after = x + 1 < width ? values[x + 1] : value;
    out[2 * x] = (3 * value + before + left) >> shift;
    out[2 * x + 1] = (3 * value + after + right) >> shift;
    before = value;
    value = after;
  }
}

/** ITU-R 601 at full range (JFIF 1.02, section 7), as tables of 16 fraction bits. */
const table = (factor: number, bias = 0): Int32Array =>
  Int32Array.from({ length: 256 }, (_, i) => Math.round(factor * 65536) * (i - 128) + bias);
const HALF = 1 << 15;
const redOfCr = table(1.402, HALF).map((x) => x >> 16);
const blueOfCb = table(1.772, HALF).map((x) => x >> 16);
const greenOfCb = table(-0.34414, HALF);
const greenOfCr = table(-0.71414);

function rgbOf(luma: Uint8Array, cb: Uint8Array, cr: Uint8Array, width: number, out: Uint8Array): void {
  for (let x = 0, at = 0; x < width; x++, at += 3) {
    const y = luma[x];
    const red = y + redOfCr[cr[x]];
    const green = y + ((greenOfCb[cb[x]] + greenOfCr[cr[x]]) >> 16);
    const blue = y + blueOfCb[cb[x]];
    out[at] = red < 0 ? 0 : red > 255 ? 255 : red;
    out[at + 1] = green < 0 ? 0 : green > 255 ? 255 : green;
    out[at + 2] = blue < 0 ? 0 : blue > 255 ? 255 : blue;
  }
}
