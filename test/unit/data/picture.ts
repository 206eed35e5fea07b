import type { Image } from "../../../src/faces/data.js";

/** A picture by the formula of test/golden/generate/images.py. */
export function image(width: number, height: number, channels: number): Image {
  const data = new Uint8Array(width * height * channels);
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[i++] = x * x * 7 + y * x * 13 + c * 50 + (((x * 31) ^ (y * 17)) % 64) * 3;
    }
  }
  return { data, width, height };
}
