// From an RGB picture of any size to a network's input, as `transformImage` of resnet-wasm/data does it, bit for bit:
// resized as Pillow resizes (src/libImaging/Resample.c: a filter as wide as the reduction, in fixed point with 22 bits
// of fraction, rows first), cut from the centre, normalised. Only what is cut out is computed.
import { ImageTransform } from "../generated/records";

const FRACTION: i32 = 22;

/** Keys (1981) with a = -1/2, and the triangle. */
function weight(x: f64, bicubic: bool): f64 {
  x = abs(x);
  if (!bicubic) return max(0, 1 - x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/**
 * Writes how many of the `available` inputs output `i` of `size` takes to `weights`, then their weights in fixed point.
 * Returns the first of them.
 */
function taps(available: i32, size: i32, i: i32, bicubic: bool, weights: usize): i32 {
  const scale = <f64>available / size, stretch = max(scale, 1.0), reach = (bicubic ? 2.0 : 1.0) * stretch;
  const centre = (<f64>i + 0.5) * scale;
  const first = max(0, <i32>(centre - reach + 0.5)), count = min(available, <i32>(centre + reach + 0.5)) - first;
  let sum: f64 = 0;
  for (let j = 0; j < count; j++) {
    const w = weight((<f64>(first + j) - centre + 0.5) * (1 / stretch), bicubic);
    store<f64>(weights + (<usize>j << 3), w, 8);
    sum += w;
  }
  for (let j = 0; j < count; j++) {
    let w = load<f64>(weights + (<usize>j << 3), 8);
    if (sum != 0) w /= sum;
    store<i32>(weights + (<usize>j << 2), <i32>(w * <f64>(1 << FRACTION) + (w < 0 ? -0.5 : 0.5)), 4);
  }
  store<i32>(weights, count);
  return first;
}

/** The sum of bytes, `stride` apart, by those weights. */
function filtered(from: usize, stride: usize, weights: usize): u8 {
  const count = load<i32>(weights);
  let sum = 1 << (FRACTION - 1);
  for (let j = 0; j < count; j++) {
    sum += load<i32>(weights + (<usize>j << 2), 4) * <i32>load<u8>(from);
    from += stride;
  }
  return <u8>min(255, max(0, sum >> FRACTION));
}

/** Where a centred window begins: halves to the even neighbour, before 0 where it is larger than the picture. */
function crop_start(size: i32, window: i32): i32 {
  if (window > size) return -((window - size) >> 1);
  const twice = size - window, half = twice >> 1;
  return twice & 1 ? half + (half & 1) : half;
}

/** ITU-R 601 luma in 16-bit fixed point. */
function luma(pixel: usize): u8 {
  const r = <i32>load<u8>(pixel), g = <i32>load<u8>(pixel, 1), b = <i32>load<u8>(pixel, 2);
  return <u8>((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16);
}

/** Fills sample `index` from the picture. Returns 0, or 1 where the transform makes no input of one of that size. */
export function transform_image(t: ImageTransform, index: i32, width: i32, height: i32): i32 {
  if (<u32>index >= <u32>t.samples) return 1;
  if (width < 1 || height < 1 || width > t.maxWidth || height > t.maxHeight) return 1;
  const side = t.shorter, channels = t.channels;
  let newWidth = t.resizeWidth ? t.resizeWidth : width, newHeight = t.resizeHeight ? t.resizeHeight : height;
  if (side) {
    newWidth = width <= height ? side : <i32>(<i64>side * width / height);
    newHeight = width <= height ? <i32>(<i64>side * height / width) : side;
  }
  const outWidth = t.cropWidth ? t.cropWidth : newWidth, outHeight = t.cropHeight ? t.cropHeight : newHeight;
  if (outWidth != t.width || outHeight != t.height) return 1;
  const left = crop_start(newWidth, outWidth), top = crop_start(newHeight, outHeight);
  const bicubic = t.bicubic != 0, weights = t.weights, row = <usize>outWidth * channels;
  const picture = t.picture, rowBytes = <usize>width * channels;
  if (channels == 1) {
    const pixels = <usize>width * height;
    for (let i: usize = 0; i < pixels; i++) store<u8>(picture + i, luma(picture + 3 * i));
  }

  for (let x = max(0, -left); x < outWidth && left + x < newWidth; x++) {
    const first = width == newWidth ? left + x : taps(width, newWidth, left + x, bicubic, weights);
    for (let c = 0; c < channels; c++) {
      let from = picture + <usize>first * channels + c, to = t.rows + <usize>x * channels + c;
      for (let y = 0; y < height; y++) {
        store<u8>(to, width == newWidth ? load<u8>(from) : filtered(from, channels, weights));
        from += rowBytes;
        to += row;
      }
    }
  }
  const out = t.input + <usize>index * outHeight * (row << 2);
  for (let y = 0; y < outHeight; y++) {
    const inside = top + y >= 0 && top + y < newHeight;
    let first = 0;
    if (inside) first = height == newHeight ? top + y : taps(height, newHeight, top + y, bicubic, weights);
    for (let x = 0; x < outWidth; x++) {
      for (let c = 0; c < channels; c++) {
        let byte: u8 = 0;
        if (inside && left + x >= 0 && left + x < newWidth) {
          const from = t.rows + <usize>first * row + <usize>x * channels + c;
          byte = height == newHeight ? load<u8>(from) : filtered(from, row, weights);
        }
        const norm = t.norm + (<usize>c << 4);
        const value = (<f64>byte / 255 - load<f64>(norm)) / load<f64>(norm, 8);
        store<f32>(out + (((<usize>y * outWidth + x) * channels + c) << 2), <f32>value);
      }
    }
  }
  return 0;
}
