/** Pictures as input of a standalone module, which applies the model's transform to them. */
import { PARTS, parseFields } from "../abi/records.js";
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { integer, readOptions, type Schema } from "../core/options.js";
import type { Shape } from "../core/shape.js";
import { expectTransform } from "../data/image/transform.js";
import type { Space } from "./layout.js";
import type { Segment } from "./link.js";

/** The largest pictures that a module takes: it keeps room for one of 3 * maxWidth * maxHeight bytes. */
export interface PictureOptions {
  /** In pixels, default 2048. */
  maxWidth?: number;
  /** In pixels, default 2048. */
  maxHeight?: number;
}

const pictureSchema = () =>
  ({
    maxWidth: integer({ min: 1, max: 65535, default: 2048 }),
    maxHeight: integer({ min: 1, max: 65535, default: 2048 }),
  }) satisfies Schema<PictureOptions>;

/** `true` for the defaults, or sizes; undefined for none. */
export function readPicture(where: string, name: string, value: unknown): Required<PictureOptions> | undefined {
  if (value === undefined || value === false) return undefined;
  return readOptions(`${where}: ${name}`, value === true ? {} : value, pictureSchema);
}

const pair = (size: number | readonly [number, number] | undefined): readonly [number, number] =>
  typeof size === "number" ? [size, size] : (size ?? [0, 0]);

/** Where the picture stands, and the record that `transform_image` reads, with its data. */
export interface Picture {
  address: number;
  record: number;
  data: Segment[];
}

/** Lays out what the transform of pictures takes. Throws `ShapeError` where it cannot give the network's input. */
export function layOutPicture(
  { maxWidth, maxHeight }: Required<PictureOptions>,
  model: { transform: unknown; inputShape: Shape; samples: number },
  input: number,
  space: Space,
): Picture {
  const { inputShape, samples } = model;
  if (model.transform === undefined || model.transform === null) {
    const hint = "Set model.transform, as resnet-wasm/data's transformImage takes it";
    throw new ArgumentError(
      expectation("compileModel", "model.transform", "a transform of pictures", "none", { hint }),
    );
  }
  const transform = expectTransform("compileModel: model.transform", model.transform);
  const { resize, crop, mean, std, interpolation = "bilinear" } = transform;
  const [height, width, channels] = inputShape;
  const [cropHeight, cropWidth] = pair(crop);
  const fixed = crop ?? (Array.isArray(resize) ? resize : undefined);
  const [outHeight, outWidth] = fixed === undefined ? [height, width] : pair(fixed);
  if (inputShape.length !== 3 || outHeight !== height || outWidth !== width || mean.length !== channels) {
    const expected = `an input [${outHeight}, ${outWidth}, ${mean.length}] as model.transform gives`;
    throw new ShapeError(expectation("compileModel", "model", expected, `[${inputShape}]`));
  }
  const address = space.take(3 * maxWidth * maxHeight);
  const rows = space.take(width * channels * maxHeight);
  const weights = space.take(8 * Math.max(maxWidth, maxHeight) + 16);
  const norm = space.take(16 * channels);
  const [resizeHeight, resizeWidth] = typeof resize === "number" ? [0, 0] : pair(resize);
  const values: Record<string, number> = {
    ...{ picture: address, rows, weights, norm, input, samples, height, width, channels, maxHeight, maxWidth },
    ...{ shorter: typeof resize === "number" ? resize : 0, resizeHeight, resizeWidth, cropHeight, cropWidth },
    bicubic: interpolation === "bicubic" ? 1 : 0,
  };
  const words = Int32Array.from(Object.keys(parseFields(PARTS.ImageTransform)), (field) => values[field]);
  const record = space.take(words.byteLength);
  const numbers = Float64Array.from(mean.flatMap((each, i) => [each, std[i]]));
  const bytes = ({ buffer }: Int32Array | Float64Array) => new Uint8Array(buffer);
  return {
    address,
    record,
    data: [
      { address: record, bytes: bytes(words) },
      { address: norm, bytes: bytes(numbers) },
    ],
  };
}
