/**
 * A folder of images by class, as torchvision's ImageFolder reads it: folder/<class>/<any path>.jpg or .png. Needs a
 * file system (Node, Deno, Bun). The decoders are loaded when they are needed.
 */

import { ArgumentError, DataError, describe, expectation, ResnetWasmError, ShapeError } from "../../core/errors.js";
import { lookUp } from "../../core/look-up.js";
import { demanded } from "../../core/on-demand.js";
import {
  signal as abortSignal,
  flag,
  list,
  number,
  type Option,
  optional,
  readOptions,
  type Schema,
  text,
} from "../../core/options.js";
import { formatShape, numel } from "../../core/shape.js";
import { folderPath, openFileSystem } from "../../stores/file-system.js";
import { type ClassDataset, checkBuffers, trustLabels } from "../dataset.js";
import { describeDataset } from "../description.js";
import { listPictures } from "./listing.js";
import { type DecodeOptions, decodeSchema } from "./open.js";
import { PictureFiles, Prepared } from "./picture-files.js";
import { describePictures, type PictureCut, type PictureView } from "./pictures.js";
import { cropImage, type Image, withChannels } from "./pixels.js";
import { resizeImage } from "./resize.js";
import { expectTransform, type ImageTransform, transformedShape, transformImage } from "./transform.js";

export interface ImageFolderOptions extends DecodeOptions {
  /** Must lead to one size for all images: `crop`, or `resize: [height, width]`. */
  transform: ImageTransform;
  /** Bytes of transformed images to keep in memory, so that later epochs decode nothing; default 1 GiB. */
  cacheBytes?: number;
  /**
   * The classes in the order of their indices: for validation and test folders those of the training folder, so that each
   * class keeps its index where another has no pictures. Folders of other names are refused. Default: the folders that hold
   * pictures, in order of name.
   */
  classNames?: readonly string[];
  /** Whether files that cannot be decoded are left out. All files are read for that. Default false: they are errors. */
  skipUnreadable?: boolean;
}

/** A file of an image folder that cannot be used. */
export interface UnreadableFile {
  /** Relative to the folder. */
  path: string;
  /** What is wrong with it. */
  reason: string;
}

/** A dataset of the images in a folder, one subfolder for each class. */
export interface ImageFolder extends ClassDataset {
  readonly classNames: readonly string[];
  /** Path of each example, relative to the folder. */
  readonly paths: readonly string[];
  /** How pictures become samples: give it to the model, which then takes pictures itself by `classify`. */
  readonly transform: ImageTransform;
  /** What `skipUnreadable` left out. */
  readonly skipped: readonly UnreadableFile[];
  /** Reads and decodes every file and lists those that training would fail at. `signal` stops it. */
  verify(options?: { signal?: AbortSignal }): Promise<UnreadableFile[]>;
}

const where = "loadImageFolder";

const schema = () =>
  ({
    // A copy, of nothing but numbers and words: later changes of the caller's count for nothing.
    transform: ((at, _, value) => JSON.parse(JSON.stringify(expectTransform(at, value)))) as Option<ImageTransform>,
    cacheBytes: number({ min: 0, default: 2 ** 30 }),
    classNames: optional(list(text, "an array of names")),
    skipUnreadable: flag(false),
    ...decodeSchema(),
  }) satisfies Schema<ImageFolderOptions>;

/**
 * Lists a folder of images; files are read and decoded when a batch asks for them. What systems leave (names with a dot in
 * front, `__MACOSX`, `@eaDir`) is passed over, links are followed. Pictures in formats that are not decoded here, FIFOs and
 * devices are examples too, which cannot be read: `verify` lists them, `skipUnreadable` leaves them out.
 *
 * ```ts
 * const transform = { ...IMAGENET_TRANSFORM, resize: 36, crop: 32 };
 * const train = await loadImageFolder("photos/train", { transform });
 * const validation = await loadImageFolder("photos/val", { transform, classNames: train.classNames });
 * ```
 *
 * @example
 * const photos = await loadImageFolder("photos", { transform: IMAGENET_TRANSFORM }); // photos/<class>/<name>.jpg
 */
export async function loadImageFolder(folder: string | URL, options: ImageFolderOptions): Promise<ImageFolder> {
  const { transform, cacheBytes, skipUnreadable, maxPixels, exifOrientation, ...given } = readOptions(
    where,
    options,
    schema,
  );
  const inputShape = fixedShape(transform);
  const root = await folderPath(where, folder);
  const fs = await openFileSystem(where);
  const { decodeFile } = await demanded(where, import("./decode.js"));
  const found = await listPictures(where, fs, root);
  if (found.length === 0)
    throw new DataError(expectation(where, "folder", "images at <class>/<name>.jpg or .png", `none in ${root}`));
  const classNames = given.classNames ?? [...new Set(found.map(classOf))].sort();
  checkClassNames(classNames, found);
  const classIndex = new Map(classNames.map((name, index) => [name, index]));

  const files = new PictureFiles({ fs, root, decode: decodeFile, maxPixels, exifOrientation, room: cacheBytes }, found);
  const samples = new Prepared(files, (picture) => transformImage(picture, transform));
  const skipped = skipUnreadable ? await unreadableFiles(files, samples) : [];
  if (skipped.length === found.length)
    throw new DataError(expectation(where, "folder", "images that can be read", `${skipped.length} that cannot`));
  leaveOut(skipped, files, samples);
  const { paths } = files;
  const labels = Int32Array.from(paths, (path) => lookUp(classIndex, classOf(path)));

  const size = numel(inputShape);
  const dataset: ImageFolder = {
    length: paths.length,
    inputShape,
    targets: "class",
    classes: classNames.length,
    classNames,
    paths,
    transform,
    skipped,
    get(indices, x, y) {
      checkBuffers(dataset, indices, x, y);
      for (let i = 0; i < indices.length; i++) {
        x.set(samples.now(indices[i]).data, i * size);
        y[i] = labels[indices[i]];
      }
    },
    prefetch: (indices) => samples.prefetch(indices),
    async verify(options) {
      const { signal } = readOptions("verify", options, () => ({ signal: abortSignal }));
      return unreadableFiles(files, samples, signal);
    },
  };
  const made = { transform, cacheBytes, classNames, skipUnreadable, maxPixels, exifOrientation };
  describeDataset(dataset, () => ({ type: "folder", root, options: made, paths }));
  return describePictures(
    trustLabels(dataset, () => labels),
    (cut) => openView({ dataset, files, labels, transform }, cut),
  );
}

/** Reads all files that are not in memory. */
async function unreadableFiles(
  files: PictureFiles,
  samples: Prepared<{ data: Float32Array }>,
  signal?: AbortSignal,
): Promise<UnreadableFile[]> {
  const bad: UnreadableFile[] = [];
  for (const [index, path] of files.paths.entries()) {
    signal?.throwIfAborted();
    try {
      await samples.soon(index, "");
    } catch (error) {
      if (!(error instanceof ResnetWasmError)) throw error;
      bad.push({ path, reason: error.message });
    }
  }
  return bad;
}

function leaveOut(skipped: UnreadableFile[], files: PictureFiles, samples: Prepared<{ data: Float32Array }>): void {
  if (skipped.length === 0) return;
  const bad = new Set(skipped.map(({ path }) => path));
  const kept = [...files.paths.keys()].filter((index) => !bad.has(files.paths[index]));
  samples.renumber(kept);
  files.paths = kept.map((index) => files.paths[index]);
}

interface Opened {
  dataset: ImageFolder;
  files: PictureFiles;
  labels: Int32Array;
  transform: ImageTransform;
}

/** Samples of 0 … 1 for `augment`: the transform's, or parts of whole pictures. */
function openView({ dataset, files, labels, transform }: Opened, cut: PictureCut | undefined): PictureView {
  const { mean, std } = transform;
  const channels = mean.length as 1 | 3;
  const [height, width] = dataset.inputShape as [number, number, number];
  const size = height * width * channels;
  const plain = { mean: mean.map(() => 0), std: std.map(() => 1) };
  const prepared: Prepared<{ data: Image["data"] | Float32Array }> = cut
    ? new Prepared(files, (picture) => reduced(withChannels(where, picture, channels), cut, { height, width }))
    : new Prepared(files, (picture) => transformImage(picture, { ...transform, ...plain }));
  return {
    get(indices, x, y, randoms) {
      checkBuffers(dataset, indices, x, y);
      for (let i = 0; i < indices.length; i++) {
        const made = prepared.now(indices[i]);
        if (cut) {
          const picture = made as Image;
          const box = cut.box({ height: picture.height, width: picture.width, channels }, randoms[i]);
          const part = resizeImage(cropImage(picture, box), width, height, cut.interpolation);
          for (let k = 0; k < size; k++) x[i * size + k] = part.data[k] / 255;
        } else x.set(made.data, i * size);
        y[i] = labels[indices[i]];
      }
    },
    prefetch: (indices) => prepared.prefetch(indices),
    normalise(x) {
      for (let i = 0; i < x.length; i++) x[i] = (x[i] - mean[i % channels]) / std[i % channels];
    },
  };
}

/** The picture as small as may be while its smallest box still has as many pixels as a sample. */
function reduced(picture: Image, cut: PictureCut, target: { height: number; width: number }): Image {
  const least = cut.least({ ...picture, channels: 3 });
  const factor = Math.min(least.height / target.height, least.width / target.width);
  if (factor <= 1) return picture;
  const [width, height] = [picture.width, picture.height].map((side) => Math.ceil(side / factor)) as [number, number];
  return resizeImage(picture, width, height, cut.interpolation);
}

const classOf = (path: string): string => path.slice(0, path.indexOf("/"));

/** Names that are told must be those that are found, in whatever order: labels by place would shift. */
function checkClassNames(classNames: readonly string[], paths: readonly string[]): void {
  const names = new Set(classNames);
  if (names.size === 0 || names.size < classNames.length)
    throw new ArgumentError(expectation(where, "classNames", "unique names", describe(classNames)));
  const other = paths.find((path) => !names.has(classOf(path)));
  if (other === undefined) return;
  const known = describe(classNames);
  const hint = "A folder to validate on may lack classes of the training folder, and not have others";
  throw new DataError(expectation(where, `class of ${other}`, `one of ${known}`, describe(classOf(other)), { hint }));
}

/** The transformed size, where it does not depend on the image. */
function fixedShape(transform: ImageTransform): [number, number, number] {
  const shape = transformedShape(transform, 64, 64);
  const other = transformedShape(transform, 64, 128);
  if (formatShape(shape) !== formatShape(other)) {
    const got = `${describe(transform.resize)} without crop`;
    throw new ShapeError(expectation(where, "transform", "crop, or resize: [height, width]", got));
  }
  return shape;
}
