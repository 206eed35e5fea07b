/** Samples of a dataset as PNG files (RFC 2083), for pages. */
import { crc32 } from "../../core/crc32.js";
import { numel } from "../../core/shape.js";
import { type Dataset, getBatch } from "../../data/dataset.js";
import { datasetDescription } from "../../data/description.js";

/** Whether samples are pictures: [height, width], or with 1 or 3 channels. */
export const arePictures = ({ inputShape }: Dataset): boolean =>
  inputShape.length === 2 || (inputShape.length === 3 && [1, 3].includes(inputShape[2]));

/** Addresses (`data:`) of samples as PNG. Numbers from 0 to 1 are pixels; what was normalised is undone, or spread where nothing tells how. */
export async function picturesOf(dataset: Dataset, samples: readonly number[]): Promise<string[]> {
  const [height, width, channels = 1] = dataset.inputShape;
  const size = numel(dataset.inputShape);
  const undo = undoNormalise(dataset, channels);
  const x = new Float32Array(size);
  const y =
    dataset.targets === "class" && !dataset.targetShape
      ? new Int32Array(1)
      : new Float32Array(numel(dataset.targetShape ?? [1]));
  const pictures: string[] = [];
  for (const sample of samples) {
    await dataset.prefetch?.([sample]);
    getBatch(dataset, [sample], x, y as Float32Array);
    const values = undo(x);
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (low >= -0.01 && high <= 1.01) [low, high] = [0, 1];
    const pixels = Uint8ClampedArray.from(values, (value) => Math.round(((value - low) / (high - low || 1)) * 255));
    const png = await encodePng(new Uint8Array(pixels.buffer), { width, height, channels });
    pictures.push(`data:image/png;base64,${base64(png)}`);
  }
  return pictures;
}

/** The pixels of before `normalise`, where a description of the dataset tells of it. */
function undoNormalise(dataset: Dataset, channels: number): (values: Float32Array) => Float32Array {
  for (let at: Dataset | undefined = dataset; at; ) {
    const description = datasetDescription(at);
    if (!description || !("dataset" in description)) break;
    if (description.type === "normalise") {
      const { mean, std } = description;
      const of = (list: number[], i: number) => list[list.length === 1 ? 0 : i % channels];
      return (values) => values.map((value, i) => value * of(std, i) + of(mean, i));
    }
    at = description.dataset;
  }
  return (values) => values;
}

interface Size {
  width: number;
  height: number;
  channels: number;
}

/** 8 bits a channel, rows without filters. */
export async function encodePng(pixels: Uint8Array, { width, height, channels }: Size): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 3 ? 2 : 0], 8);
  const row = width * channels;
  const rows = new Uint8Array(height * (row + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const chunks = [chunk("IHDR", header), chunk("IDAT", await deflate(rows)), chunk("IEND", new Uint8Array(0))];
  return concat([Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), ...chunks]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** zlib (RFC 1950), by the runtime. */
async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
