// A folder of images by class, as torchvision's ImageFolder reads it: folder/<class>/<any path>.jpg or .png. Needs a
// file system (Node, Deno, Bun). The decoders are loaded when they are needed.
import { expectNumber, expectOptions } from "../../core/check.js";
import { DataError, describe, expectation, ShapeError } from "../../core/errors.js";
import { formatShape, numel } from "../../core/shape.js";
import { type ClassDataset, checkBuffers } from "../dataset.js";
import { folderPath, openFileSystem } from "../files.js";
import { expectTransform, type ImageTransform, transformedShape, transformImage } from "./transform.js";

export interface ImageFolderOptions {
  /** Must lead to one size for all images: `crop`, or `resize: [height, width]`. */
  transform: ImageTransform;
  /** Bytes of transformed images to keep in memory, so that later epochs decode nothing; default 1 GiB. */
  cacheBytes?: number;
}

/** A dataset of the images in a folder, one subfolder for each class. */
export interface ImageFolder extends ClassDataset {
  readonly classNames: readonly string[];
  /** Path of each example, relative to the folder. */
  readonly paths: readonly string[];
}

const where = "loadImageFolder";

/** Lists a folder of images; files are read and decoded when a batch asks for them. Classes are in order of name. */
export async function loadImageFolder(folder: string | URL, options: ImageFolderOptions): Promise<ImageFolder> {
  expectOptions(where, options, ["transform", "cacheBytes"]);
  const transform = structuredClone(expectTransform(where, options?.transform));
  const capacity = expectNumber(where, "cacheBytes", options.cacheBytes ?? 2 ** 30, 0);
  const inputShape = fixedShape(transform);
  const root = await folderPath(where, folder);
  const { readdir, readFile, readFileSync } = await openFileSystem(where);
  const { decodeImage } = await import("./decode.js");

  const entries = await readdir(root, { recursive: true }).catch((error: Error) => {
    throw new DataError(expectation(where, "folder", "a readable folder", error.message), { cause: error });
  });
  const found = entries
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /^[^/.][^/]*\/.*\.(jpe?g|png)$/i.test(path));
  const paths = found.sort();
  if (paths.length === 0) {
    throw new DataError(expectation(where, "folder", "images at <class>/<name>.jpg or .png", `none in ${root}`));
  }
  const classOf = (path: string): string => path.slice(0, path.indexOf("/"));
  const classNames = [...new Set(paths.map(classOf))].sort();
  const labels = Int32Array.from(paths, (path) => classNames.indexOf(classOf(path)));

  const size = numel(inputShape);
  const cache = new Map<number, Float32Array>();
  const waiting = new Map<number, Float32Array>(); // prefetched, for the next `get`
  const decode = (index: number, bytes: Uint8Array): Float32Array => {
    const { data } = transformImage(decodeImage(bytes, paths[index]), transform);
    if ((cache.size + 1) * size * 4 <= capacity) cache.set(index, data);
    return data;
  };
  const unreadable = (index: number, error: Error): DataError =>
    new DataError(expectation(where, paths[index]!, "a readable file", error.message), { cause: error });

  const dataset: ImageFolder = {
    length: paths.length,
    inputShape,
    targets: "class",
    classes: classNames.length,
    classNames,
    paths,
    get(indices, x, y) {
      checkBuffers(dataset, indices, x, y);
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i]!;
        x.set(cache.get(index) ?? waiting.get(index) ?? decode(index, readNow(index)), i * size);
        y[i] = labels[index]!;
      }
    },
    async prefetch(indices) {
      waiting.clear();
      for (const index of Array.from(indices)) {
        if (cache.has(index) || waiting.has(index) || labels[index] === undefined) continue;
        const bytes = await readFile(`${root}/${paths[index]}`).catch((error) => {
          throw unreadable(index, error);
        });
        waiting.set(index, decode(index, bytes));
      }
    },
  };
  const readNow = (index: number): Uint8Array => {
    try {
      return readFileSync(`${root}/${paths[index]}`);
    } catch (error) {
      throw unreadable(index, error as Error);
    }
  };
  return dataset;
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
