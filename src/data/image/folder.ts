// A folder of images by class, as torchvision's ImageFolder reads it: folder/<class>/<any path>.jpg or .png. Needs a
// file system (Node, Deno, Bun). The decoders are loaded when they are needed.
import { expectOptions, expectSignal } from "../../core/check.js";
import { ArgumentError, DataError, describe, expectation, ResnetWasmError, ShapeError } from "../../core/errors.js";
import {
  flag,
  integer,
  list,
  number,
  type Option,
  optional,
  readOptions,
  type Schema,
  text,
} from "../../core/options.js";
import { formatShape, numel } from "../../core/shape.js";
import { type ClassDataset, checkBuffers } from "../dataset.js";
import { folderPath, openFileSystem } from "../files.js";
import { checkRegular, listPictures } from "./listing.js";
import { MAX_PIXELS } from "./pixels.js";
import { expectTransform, type ImageTransform, transformedShape, transformImage } from "./transform.js";

export interface ImageFolderOptions {
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
  /** Larger images are refused before they are unpacked. Default, and most, 100 million. */
  maxPixels?: number;
  /** Whether pictures are turned upright as their EXIF orientation asks for. Default true. */
  exifOrientation?: boolean;
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
    maxPixels: integer({ min: 1, max: MAX_PIXELS, default: MAX_PIXELS }),
    exifOrientation: flag(true),
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
  const { decodeFile } = await import("./decode.js");
  const paths = await listPictures(where, fs, root);
  if (paths.length === 0)
    throw new DataError(expectation(where, "folder", "images at <class>/<name>.jpg or .png", `none in ${root}`));
  const classNames = given.classNames ?? [...new Set(paths.map(classOf))].sort();
  checkClassNames(classNames, paths);
  const classIndex = new Map(classNames.map((name, index) => [name, index]));

  const size = numel(inputShape);
  const cache = new Map<number, Float32Array>();
  const waiting = new Map<number, Float32Array>(); // prefetched, for the next `get`
  const advice = skipUnreadable ? undefined : "verify() lists all such files, skipUnreadable: true leaves them out";
  const unreadable = (index: number, error: Error): DataError => {
    const expected = expectation(where, paths[index], "a readable file", error.message, { hint: advice });
    return new DataError(expected, { cause: error });
  };
  const decode = (index: number, bytes: Uint8Array): Float32Array => {
    const picture = decodeFile(bytes, { fileName: paths[index], advice, maxPixels, exifOrientation });
    const { data } = transformImage(picture, transform);
    if ((cache.size + 1) * size * 4 <= cacheBytes) cache.set(index, data);
    return data;
  };
  const readNow = (index: number): Uint8Array => {
    const path = `${root}/${paths[index]}`;
    try {
      checkRegular(fs.statSync(path));
      return fs.readFileSync(path);
    } catch (error) {
      throw unreadable(index, error as Error);
    }
  };
  const readSoon = async (index: number): Promise<Uint8Array> => {
    const path = `${root}/${paths[index]}`;
    try {
      checkRegular(await fs.stat(path));
      return await fs.readFile(path);
    } catch (error) {
      throw unreadable(index, error as Error);
    }
  };
  const verify = async (signal?: AbortSignal): Promise<Map<number, string>> => {
    const found = new Map<number, string>();
    for (let index = 0; index < paths.length; index++) {
      signal?.throwIfAborted();
      if (cache.has(index)) continue;
      try {
        decode(index, await readSoon(index));
      } catch (error) {
        if (!(error instanceof ResnetWasmError)) throw error;
        found.set(index, error.message);
      }
    }
    return found;
  };

  const skipped: UnreadableFile[] = [];
  if (skipUnreadable) {
    const bad = await verify();
    for (const [index, reason] of bad) skipped.push({ path: paths[index], reason });
    // Examples move up, and what is cached of them.
    const kept = paths.map((path, index) => ({ path, data: cache.get(index) })).filter((_, index) => !bad.has(index));
    if (kept.length === 0)
      throw new DataError(expectation(where, "folder", "images that can be read", `${bad.size} that cannot`));
    cache.clear();
    paths.splice(0, paths.length, ...kept.map(({ path }) => path));
    for (const [index, { data }] of kept.entries()) if (data) cache.set(index, data);
  }
  const labels = Int32Array.from(paths, (path) => classIndex.get(classOf(path))!);

  const dataset: ImageFolder = {
    length: paths.length,
    inputShape,
    targets: "class",
    classes: classNames.length,
    classNames,
    paths,
    skipped,
    get(indices, x, y) {
      checkBuffers(dataset, indices, x, y);
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i];
        x.set(cache.get(index) ?? waiting.get(index) ?? decode(index, readNow(index)), i * size);
        y[i] = labels[index];
      }
    },
    async prefetch(indices) {
      waiting.clear();
      for (const index of Array.from(indices)) {
        if (cache.has(index) || waiting.has(index) || labels[index] === undefined) continue;
        waiting.set(index, decode(index, await readSoon(index)));
      }
    },
    async verify(options) {
      const { signal } = expectOptions("verify", options, ["signal"]);
      expectSignal("verify", signal);
      return Array.from(await verify(signal), ([index, reason]) => ({ path: paths[index], reason }));
    },
  };
  return dataset;
}

const classOf = (path: string): string => path.slice(0, path.indexOf("/"));

/** Names that are told must be those that are found, in whatever order: labels by place would shift. */
function checkClassNames(classNames: readonly string[], paths: readonly string[]): void {
  const names = new Set(classNames);
  if (names.size === 0 || names.size < classNames.length)
    throw new ArgumentError(expectation(where, "classNames", "names, each once", describe(classNames)));
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
